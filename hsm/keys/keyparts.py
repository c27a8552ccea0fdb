"""Components of keys as custodians have them: written on paper, typed, or on a card; and keys split into them.

A component is as long as its key, and the key is the exclusive or of them all, so that whoever lacks one knows nothing
(PCI PIN Security requirement 6).  Halves and thirds are what older procedures have instead: each is a piece of the key
itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hmac import compare_digest

from hsm.crypto.blockcipher import Algorithm
from hsm.crypto.parity import combine, is_odd, with_odd
from hsm.keys.generate import ALGORITHMS, COMPONENTS_MAX, COMPONENTS_MIN, random_key
from hsm.keys.secret import ClearKey
from hsm.refusal import ComponentCountInvalid, InputInvalid, KeyUnsound

PART_BYTES = 8
_GROUP_DIGITS = 4
_WHAT = "key component"


@dataclass(frozen=True, slots=True)
class Typed:
    """A component as it was typed; *parity_was_odd* is False when a DES component's parity had to be made odd."""

    component: ClearKey
    parity_was_odd: bool


@dataclass(frozen=True, slots=True, eq=False)
class Share:
    """Component *number* of *count* on a card; *series* (hex) is one for all cards of a key.

    *purpose* is the key type code or key usage that the key was split for: a component of one sort of key forms no other.
    """

    series: str
    number: int
    count: int
    purpose: str
    component: ClearKey


def typed(text: str, algorithm: Algorithm) -> Typed:
    """The component in *text*, hexadecimal digits.

    Raises InputInvalid for what is no component of *algorithm*, and KeyUnsound for one that is all zero, parity apart:
    it would leave the key to the other custodians.
    """
    try:
        given = bytes.fromhex(text)
    except ValueError:
        raise InputInvalid from None
    return Typed(_component(_sound(given, algorithm), algorithm), algorithm is Algorithm.AES or is_odd(given))


def _sound(given: bytes, algorithm: Algorithm) -> bytes:
    """*given* with odd parity, if *algorithm* has parity.  Raises KeyUnsound when nothing else is in it."""
    nothing = bytes(len(given))
    if algorithm is not Algorithm.AES:
        given, nothing = with_odd(given), with_odd(nothing)
    if compare_digest(given, nothing):
        raise KeyUnsound
    return given


def _component(content: bytes, algorithm: Algorithm) -> ClearKey:
    """A component of one of the lengths that *algorithm* has; else raises InputInvalid."""
    if (algorithm, len(content)) not in ALGORITHMS.values():
        raise InputInvalid
    return ClearKey(content, algorithm)


def on_paper(component: ClearKey) -> str:
    """The digits of *component* in groups of four, for its custodian to write down.

    >>> on_paper(ClearKey(bytes.fromhex("0123456789ABCDEF")))
    '0123 4567 89AB CDEF'
    """
    digits = component.reveal().hex().upper()
    return " ".join(digits[at : at + _GROUP_DIGITS] for at in range(0, len(digits), _GROUP_DIGITS))


def joined(parts: Sequence[ClearKey]) -> ClearKey:
    """The DES key that two halves or three thirds of 8 bytes make, one after the other.  Raises ComponentCountInvalid."""
    if len(parts) not in (2, 3) or any(part.key_bytes != PART_BYTES for part in parts):
        raise ComponentCountInvalid
    return ClearKey(b"".join(part.reveal() for part in parts))


def split(key: ClearKey, count: int, random: Callable[[int], bytes]) -> tuple[ClearKey, ...]:
    """*key* in *count* components, 2 to 9: all but the last are drawn at random.  Raises ComponentCountInvalid.

    Those of a DES key have odd parity, so that their exclusive or has the key's bits, but for its parity bits.
    """
    if not COMPONENTS_MIN <= count <= COMPONENTS_MAX:
        raise ComponentCountInvalid
    drawn = [random_key(key.algorithm, key.key_bytes, random) for _ in range(count - 1)]
    last = combine([key.reveal(), *(component.reveal() for component in drawn)])
    return (*drawn, ClearKey(last if key.algorithm is Algorithm.AES else with_odd(last), key.algorithm))


def to_card(share: Share) -> bytes:
    """What a custodian's card holds of *share*: JSON, which the card seals."""
    algorithm = share.component.algorithm
    content: dict[str, str | int] = {
        "what": _WHAT,
        "series": share.series,
        "number": share.number,
        "count": share.count,
        "purpose": share.purpose,
        "algorithm": "" if algorithm is None else algorithm.value,
        "component": share.component.reveal().hex(),
    }
    return json.dumps(content).encode("ascii")


def from_card(content: bytes) -> Share:
    """The share that a card's *content* is.  Raises InputInvalid when it is none: an LMK component, or nothing."""
    try:
        found = json.loads(content)
        if not isinstance(found, dict) or found.get("what") != _WHAT:
            raise ValueError
        number, count = found["number"], found["count"]
        if not (isinstance(number, int) and isinstance(count, int) and 1 <= number <= count <= COMPONENTS_MAX):
            raise ValueError
        component = _component(bytes.fromhex(found["component"]), Algorithm(found["algorithm"]))
        return Share(str(found["series"]), number, count, str(found["purpose"]), component)
    except (ValueError, TypeError, KeyError, RecursionError):
        raise InputInvalid from None
