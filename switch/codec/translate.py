"""A message of one dialect said in another: the same elements, fitted to the other's types.

What fits loses nothing: fixed digits gain or lose zeros in front, fixed text blanks behind, and sub-fields are written out
and read as the other dialect has them.  What doesn't fit is refused; elements that the other dialect lacks are left out
only where the configuration names them.  Between editions of the standard the same number means different things, so there
is no translation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from switch.codec.message import Message, MessageError, Value
from switch.codec.nested import Misfit
from switch.codec.spec import Element, Spec
from switch.codec.specfile import SpecError

Fit = Callable[[Value, str], Value]
"""A value and its message's MTI → the value in the other dialect."""


class Translator:
    """From *source* to *target*, of one edition (else SpecError); elements *left_out* never pass.

    >>> from switch.codec.specfile import load
    >>> said = Message("0200", {41: "A1247005        ", 11: "000001"}, b"ISO026000070")
    >>> Translator(load("base24"), load("banknet"))(said)
    Message(0200, {11: '000001', 41: 'A1247005'})
    """

    def __init__(self, source: Spec, target: Spec, left_out: Iterable[int] = ()) -> None:
        if source.edition != target.edition:
            raise SpecError(f"{source.name} and {target.name} number their elements by different editions")
        self._target = target
        self._left_out = frozenset(left_out)
        common = source.elements.keys() & target.elements.keys() - self._left_out
        fits = {number: _fit(source.elements[number], target.elements[number]) for number in common}
        self._fits = {number: fit for number, fit in fits.items() if fit}
        self._common = frozenset(common)

    def __call__(self, message: Message) -> Message:
        """*message* as the target's codec encodes it, under the target's default header.  Raises MessageError."""
        fields = {n: value for n, value in message.fields.items() if n not in self._left_out}
        if not fields.keys() <= self._common:
            missing = min(fields.keys() - self._common)
            raise MessageError(f"DE {missing}", None, f"none: {self._target.name} has no such element")
        for number in self._fits.keys() & fields.keys():
            fields[number] = self._fits[number](fields[number], message.mti)
        return Message(message.mti, dict(sorted(fields.items())))


def _fit(source: Element, target: Element) -> Fit | None:
    """How a value passes, or None when it passes as it is."""
    if source.amount != target.amount:
        return _refusing(target)
    like = ("cls", "size", "digits", "amount", "choices")
    if all(getattr(source, each) == getattr(target, each) for each in like):
        return None

    def fit(value: Value, mti: str) -> Value:
        try:
            return _read(target, _fitted(_written(source, value, mti), target), mti)
        except Misfit as misfit:
            raise MessageError(f"DE {target.number} {misfit.name}".rstrip(), None, misfit.expected) from None

    return fit


def _refusing(target: Element) -> Fit:
    """An amount of one dialect that is none in the other."""

    def fit(value: Value, mti: str) -> Value:
        raise MessageError(f"DE {target.number}", None, "the same notion of an amount in both dialects")

    return fit


def _written(element: Element, value: Value, mti: str) -> str | bytes:
    """*value* without structure: its text or bytes."""
    choice = element.choice(mti)
    flat = choice.write(value) if choice else value
    if isinstance(flat, int):
        return f"{flat:0{element.size}d}"
    if not isinstance(flat, str | bytes):
        raise Misfit("", 0, element.notation)
    return flat


def _read(element: Element, flat: str | bytes, mti: str) -> Value:
    """The value of *element* that *flat* is."""
    if element.amount and isinstance(flat, str):
        return int(flat)
    choice = element.choice(mti)
    return choice.read(flat) if choice else flat


def _fitted(flat: str | bytes, target: Element) -> str | bytes:
    """*flat* as long as *target* wants it; zeros and blanks alone are put or taken."""
    if isinstance(flat, bytes) != (target.cls == "b"):
        raise Misfit("", 0, target.notation)
    if target.cls == "z" and isinstance(flat, str):
        # Nibbles have one separator for both: ISO/IEC 7813 writes it =, and D is how terminals write the nibble.
        flat = flat.replace("D", "=")
    if isinstance(flat, bytes) or (len(flat) <= target.size and target.digits):
        return flat
    if target.cls == "n" and not target.digits:
        spare, kept = flat[: -target.size], flat[-target.size :].rjust(target.size, "0")
        filler = "0"
    else:
        spare, kept = flat[target.size :], flat[: target.size]
        kept = kept if target.digits or target.cls not in ("a", "an", "as", "ans") else kept.ljust(target.size)
        filler = " "
    if spare.strip(filler):
        raise Misfit("", 0, target.notation)
    return kept
