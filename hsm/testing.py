"""For tests: Hypothesis strategies for every message, and an appliance without a process.

``strategy(MessageClass)``, ``requests()`` and ``values(kind)`` draw messages; ``dispatcher()`` and
``eracom_dispatcher()`` answer them.

For tests of programs that speak to an HSM as well as for our own.  Needs Hypothesis: ``pip install zonekey[testing]``.

A strategy follows the declaration and nothing else: what it draws is well-formed on the wire, and says nothing about
whether a key decrypts or a PIN verifies.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import singledispatch
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from hsm.wire.codec import codec_of
from hsm.wire.counts import counted
from hsm.wire.kinds import (
    Binary,
    CardValue,
    Choice,
    Code,
    Digits,
    Either,
    Hex,
    HexDigits,
    HexOf,
    Kind,
    Number,
    Padded,
    Pattern,
    Plain,
    Text,
    Widths,
    width_of,
)
from hsm.wire.message import Message
from hsm.wire.packed import Packed, PackedChoice, PackedPadded, Whole
from hsm.wire.shapes import (
    Ahead,
    BlockUnder,
    Cases,
    Group,
    IfMore,
    Key,
    KeySpec,
    Maybe,
    MaybeCounted,
    Prefixed,
    Repeated,
    Rest,
    ToEnd,
    Until,
    Variable,
    When,
)

if TYPE_CHECKING:
    from hsm.dialects.eracom.dispatch import Dispatcher as EracomDispatcher
    from hsm.dialects.thales.dispatch import Dispatcher
    from hsm.keys.domain import Domain
    from hsm.policy.settings import Settings

M = TypeVar("M", bound=Message)

BYTES_MAX = 64
"""Fields of open length are drawn no longer than this: examples stay small and the shape is the same."""

_LETTERS = {
    "N": "0123456789",
    "H": "0123456789ABCDEF",
    "A": "".join(map(chr, range(0x20, 0x7F))),
    "L": "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
}


def strategy(cls: type[M], widths: Widths | None = None) -> SearchStrategy[M]:
    """Messages of class *cls*, well-formed under *widths* (those that settings decide)."""

    @st.composite
    def draw_message(draw: DrawFn) -> M:
        seen: dict[str, Any] = {}
        ended = False
        for name, kind in cls.FIELDS.items():
            seen[name] = None if ended else draw(values(kind, widths or {}, seen))
            # An IfMore that is absent means that the message ends: nothing may follow but what other leads introduce.
            ended = ended or (isinstance(kind, IfMore) and seen[name] is None)
            if ended and not isinstance(kind, IfMore | Maybe):
                raise TypeError(f"{cls.__name__}.{name} follows an optional field and is not optional")
        return cls(**seen)

    return draw_message()


def requests(widths: Widths | None = None, dialect: str = "thales") -> SearchStrategy[tuple[str, Message]]:
    """A command code and a well-formed request for it, any declared command of *dialect*."""
    # Here and not above: strategies for messages alone need no dialect.
    from hsm.client.codec import dialect_named

    commands = dialect_named(dialect).commands

    def of(code: str) -> SearchStrategy[tuple[str, Message]]:
        return st.tuples(st.just(code), strategy(commands[code].asks, widths))

    return st.sampled_from(sorted(commands)).flatmap(of)


def request_bytes(widths: Widths | None = None, dialect: str = "thales") -> SearchStrategy[bytes]:
    """A request of any declared command of *dialect* as it stands in a frame: code and fields, without header."""
    from hsm.client.codec import dialect_named

    wire = dialect_named(dialect).spelling.wire

    def written(drawn: tuple[str, Message]) -> bytes:
        code, message = drawn
        return wire(code).encode("latin-1") + codec_of(type(message), widths).build(message)

    return requests(widths, dialect).map(written)


@singledispatch
def values(kind: Kind, widths: Widths, seen: Mapping[str, Any]) -> SearchStrategy[Any]:
    """Values of *kind* in a message whose earlier fields are *seen*; None where the field must be absent."""
    raise TypeError(f"no strategy for {type(kind).__name__}")


@values.register
def _(kind: Plain, widths: Widths, seen: Mapping[str, Any]) -> SearchStrategy[Any]:
    """Any plain kind that says nothing better of itself."""
    return st.from_regex(kind.pattern(widths), fullmatch=True).map(kind.decode)


@values.register
def _(kind: Digits, widths: Widths, seen: Mapping[str, Any]) -> SearchStrategy[str]:
    width = width_of(kind.width, widths)
    return st.text(_LETTERS["N"], min_size=width, max_size=width)


@values.register
def _(kind: CardValue, widths: Widths, seen: Mapping[str, Any]) -> SearchStrategy[str]:
    digits = st.text(_LETTERS["N"], min_size=kind.width, max_size=kind.width)
    return digits | st.just("F" * kind.width) if kind.may_be_absent else digits


@values.register
def _(kind: Number | Whole, widths: Widths, seen: Mapping[str, Any]) -> SearchStrategy[int]:
    # A number that counts later fields would make huge messages; its small values show the same shape.
    return st.integers(kind.least, min(kind.most, kind.least + BYTES_MAX))


@values.register
def _(kind: Hex | Binary, widths: Widths, seen: Mapping[str, Any]) -> SearchStrategy[bytes]:
    return st.binary(min_size=kind.size, max_size=kind.size)


@values.register
def _(kind: HexOf, widths: Widths, seen: Mapping[str, Any]) -> SearchStrategy[bytes]:
    return st.sampled_from(kind.sizes).flatmap(lambda size: st.binary(min_size=size, max_size=size))


@values.register
def _(kind: HexDigits, widths: Widths, seen: Mapping[str, Any]) -> SearchStrategy[str]:
    width = width_of(kind.width, widths)
    return st.text(_LETTERS["H"], min_size=width, max_size=width)


@values.register
def _(kind: Either, widths: Widths, seen: Mapping[str, Any]) -> SearchStrategy[str]:
    return st.one_of([values(option, widths, seen) for option in kind.options])


@values.register
def _(kind: Text, widths: Widths, seen: Mapping[str, Any]) -> SearchStrategy[str]:
    letters = [letter for letter in _LETTERS[kind.alphabet] if letter not in kind.without]
    return st.text(letters, min_size=kind.least, max_size=kind.most)


@values.register
def _(kind: Padded, widths: Widths, seen: Mapping[str, Any]) -> SearchStrategy[str]:
    return st.text(_LETTERS["N"], min_size=kind.least, max_size=width_of(kind.width, widths))


@values.register
def _(kind: Choice, widths: Widths, seen: Mapping[str, Any]) -> SearchStrategy[str]:
    return st.sampled_from(kind.texts)


@values.register
def _(kind: Code, widths: Widths, seen: Mapping[str, Any]) -> SearchStrategy[Any]:
    return st.sampled_from(list(kind.of))


@values.register
def _(kind: Pattern, widths: Widths, seen: Mapping[str, Any]) -> SearchStrategy[str]:
    return st.from_regex(kind.expression, fullmatch=True)


@values.register
def _(kind: Maybe, widths: Widths, seen: Mapping[str, Any]) -> SearchStrategy[Any]:
    return st.none() | values(kind.inner, widths, seen)


@values.register
def _(kind: IfMore, widths: Widths, seen: Mapping[str, Any]) -> SearchStrategy[Any]:
    """What begins like an LMK identifier or a trailer would be read as one."""

    def begins_well(value: object) -> bool:
        return not isinstance(kind.inner, Plain) or kind.inner.encode(value, widths)[:1] not in ("", "%", "\x19")

    return st.none() | values(kind.inner, widths, seen).filter(begins_well)


@values.register
def _(kind: When, widths: Widths, seen: Mapping[str, Any]) -> SearchStrategy[Any]:
    return values(kind.inner, widths, seen) if seen[kind.name] in kind.values else st.none()


@values.register
def _(kind: Cases, widths: Widths, seen: Mapping[str, Any]) -> SearchStrategy[Any]:
    return values(kind.chosen(seen), widths, seen)


@values.register
def _(kind: BlockUnder, widths: Widths, seen: Mapping[str, Any]) -> SearchStrategy[bytes]:
    size = kind.digits(seen[kind.key]) // 2
    return st.binary(min_size=size, max_size=size)


@values.register
def _(kind: Until, widths: Widths, seen: Mapping[str, Any]) -> SearchStrategy[Any]:
    return values(kind.inner, widths, seen)


@values.register
def _(kind: Repeated, widths: Widths, seen: Mapping[str, Any]) -> SearchStrategy[tuple[Any, ...]]:
    times = kind.count if isinstance(kind.count, int) else int(seen[kind.count])
    return st.tuples(*[values(kind.inner, widths, seen)] * times)


@values.register
def _(kind: Group, widths: Widths, seen: Mapping[str, Any]) -> SearchStrategy[Message]:
    return strategy(kind.of, widths)


@values.register
def _(kind: Prefixed, widths: Widths, seen: Mapping[str, Any]) -> SearchStrategy[bytes]:
    unit, base = width_of(kind.unit, widths), width_of(kind.base, widths)
    fits = min(kind.most, base ** width_of(kind.width, widths) - 1 - kind.included, BYTES_MAX)
    if unit > 1:
        return st.lists(st.binary(min_size=unit, max_size=unit), max_size=fits // unit).map(b"".join)
    if kind.doubled is not None and seen[kind.doubled[0]] == kind.doubled[1]:
        return st.binary(max_size=fits // 2).map(lambda raw: raw.hex().upper().encode())
    return st.binary(max_size=fits)


@values.register
def _(kind: Ahead, widths: Widths, seen: Mapping[str, Any]) -> SearchStrategy[bytes | None]:
    """A first byte that no short count begins with, so that the block is not taken for the count itself."""
    return st.none() | st.sampled_from(kind.sizes).flatmap(
        lambda size: st.binary(min_size=size - 1, max_size=size - 1).map(lambda rest: b"\xff" + rest)
    )


@values.register
def _(kind: Rest, widths: Widths, seen: Mapping[str, Any]) -> SearchStrategy[bytes]:
    return st.binary(max_size=min(kind.most, BYTES_MAX))


@values.register
def _(kind: Key, widths: Widths, seen: Mapping[str, Any]) -> SearchStrategy[str]:
    def digits(count: int) -> SearchStrategy[str]:
        return st.text(_LETTERS["H"], min_size=count, max_size=count)

    def block(body: str) -> str:
        return f"S1{len(body) + 5:04d}{body}"

    tagged = st.builds(str.__add__, st.sampled_from("UX"), digits(32)) | st.builds(
        str.__add__, st.sampled_from("TY"), digits(48)
    )
    stored = st.builds(str.__add__, st.sampled_from(["K", "UK"]), digits(3))
    blocks = st.text(_LETTERS["L"], min_size=44, max_size=91).map(block)
    return digits(width_of(kind.untagged, widths)) | tagged | blocks | stored


@values.register
def _(kind: Packed, widths: Widths, seen: Mapping[str, Any]) -> SearchStrategy[str]:
    return st.text(_LETTERS[kind.alphabet], min_size=kind.digits, max_size=kind.digits)


@values.register
def _(kind: PackedPadded, widths: Widths, seen: Mapping[str, Any]) -> SearchStrategy[str]:
    return st.text(_LETTERS["N"], min_size=kind.least, max_size=kind.digits)


@values.register
def _(kind: PackedChoice, widths: Widths, seen: Mapping[str, Any]) -> SearchStrategy[str]:
    return st.sampled_from(kind.texts)


@values.register
def _(kind: Variable, widths: Widths, seen: Mapping[str, Any]) -> SearchStrategy[bytes]:
    return st.binary(max_size=min(kind.most, 3 * BYTES_MAX))


@values.register
def _(kind: MaybeCounted, widths: Widths, seen: Mapping[str, Any]) -> SearchStrategy[bytes]:
    size = (seen[kind.length] + 1) // 2
    return st.binary(min_size=size, max_size=size).map(lambda digits: bytes((size,)) + digits)


@values.register
def _(kind: KeySpec, widths: Widths, seen: Mapping[str, Any]) -> SearchStrategy[str]:
    """Stored keys by index, keys under the KM, and as many bytes of any format as need a count of two."""

    def of(form: str, size: int) -> SearchStrategy[str]:
        return st.binary(min_size=size, max_size=size).map(lambda raw: counted(form + raw.decode("latin-1")))

    index = st.integers(0, 99).map(lambda number: counted(f"\x00{chr(16 * (number // 10) + number % 10)}"))
    under_km = [of("\x10", 8), of("\x11", 16), of("\x12", 24), of("\x13", 16), of("\x14", 24)]
    return st.one_of(index, of("\x01", 1), of("\x03", 2), *under_km, of("\x17", 140))


@values.register
def _(kind: ToEnd, widths: Widths, seen: Mapping[str, Any]) -> SearchStrategy[tuple[Any, ...]]:
    return st.lists(values(kind.inner, widths, seen), max_size=4).map(tuple)


def dispatcher(
    lmks: Mapping[str, str] = MappingProxyType({"00": "test-variant"}),
    *,
    old_lmks: Mapping[str, str] = MappingProxyType({}),
    settings: Mapping[str, str] = MappingProxyType({}),
    authorised: Sequence[str] = (),
    seed: int = 0,
    km: str | None = None,
    stored_keys: Mapping[str, str] = MappingProxyType({}),
) -> Dispatcher:
    """An appliance in this process, behind its dispatcher: ``dispatcher().execute("NC")`` answers like a port.

    *lmks* and *old_lmks* give identifiers the names of published test LMKs, *km* is that of a published Domain Master
    Key and *stored_keys* are clear keys under it, ``TYPE:INDEX`` → hexadecimal; *settings* are names and texts as
    ``hsm serve --set`` takes them; *authorised* are activities, or ``all``.  Equal seeds make equal keys.
    Raises SettingError, ActivityError, ConfigError, or ValueError for an LMK that is not published.
    """
    from hsm.appliance import Appliance
    from hsm.audit.record import Audit, MemoryAuditor
    from hsm.dialects.thales.dispatch import Dispatcher
    from hsm.keys.masters import published_lmk
    from hsm.policy.authority import Authority, parse_activities
    from hsm.policy.fraud import FraudCounters
    from hsm.policy.settings import Settings
    from hsm.ports import SeededRandom, SystemClock
    from hsm.state import State
    from hsm.storage.slots import MemorySlots

    chosen = Settings()
    for name, text in settings.items():
        chosen = chosen.changed(name, text)
    authority, clock = Authority(), SystemClock()
    for lmk_id in lmks:
        for text in authorised:
            authority = authority.granting(parse_activities(text), lmk_id, clock.monotonic(), limited=False)
    appliance = Appliance(
        state=State(
            settings=chosen,
            lmks={lmk_id: published_lmk(name, lmk_id) for lmk_id, name in lmks.items()},
            old_lmks={lmk_id: published_lmk(name, lmk_id) for lmk_id, name in old_lmks.items()},
            authority=authority,
            domain=_domain(km, stored_keys, chosen),
        ),
        slots=MemorySlots(),
        fraud=FraudCounters(),
        audit=Audit(MemoryAuditor(), clock),
        clock=clock,
        random=SeededRandom(seed, "testing"),
    )
    return Dispatcher(appliance)


def _domain(km: str | None, stored_keys: Mapping[str, str], settings: Settings) -> Domain | None:
    from hsm.server.domain_founding import published_domain

    return None if km is None else published_domain(km, stored_keys, settings)


def eracom_dispatcher(km: str = "test-2266", **more: Any) -> EracomDispatcher:
    """As ``dispatcher``, which takes *more*, behind Eracom's: ``eracom_dispatcher().execute("\\x01")`` is a status."""
    from hsm.dialects.eracom.dispatch import Dispatcher as Eracom

    return Eracom(dispatcher(km=km, **more).appliance)
