"""The kinds that hold others, or whose extent depends on the message around them.

They are read by the walk: ``read(text, at, seen, inner)`` returns the value and where it ended, *seen* being the fields
read so far.  ``inner`` readers are compiled once a message.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from hsm.refusal import KeySpecLengthInvalid, Refusal
from hsm.wire.kinds import Kind, Width, width_text

if TYPE_CHECKING:
    from hsm.wire.message import Message


@dataclass(frozen=True)
class Maybe(Kind):
    """*inner*, present only if the text *lead* comes next.  The lead is consumed."""

    lead: str
    inner: Kind

    @property
    def notation(self) -> str:
        return f"[ '{self.lead}' {self.inner.notation} ]"


@dataclass(frozen=True)
class IfMore(Kind):
    """*inner*, present only if the message goes on with something that is no ``%`` and no end delimiter."""

    inner: Kind

    @property
    def notation(self) -> str:
        return f"[ {self.inner.notation} ]"


@dataclass(frozen=True)
class When(Kind):
    """*inner*, present only if an earlier field holds one of *values*; otherwise None."""

    name: str
    values: tuple[object, ...]
    inner: Kind

    @property
    def notation(self) -> str:
        shown = " or ".join(str(getattr(v, "value", v)) for v in self.values)
        return f"{self.inner.notation}, if {self.name.replace('_', ' ')} is {shown}"


@dataclass(frozen=True)
class Cases(Kind):
    """One of several kinds: the first of *cases* (value, kind) whose value any of the fields *names* holds.

    When none does it is *otherwise*.
    """

    names: tuple[str, ...]
    cases: tuple[tuple[object, Kind], ...]
    otherwise: Kind

    def chosen(self, seen: Mapping[str, Any]) -> Kind:
        """The kind that goes with the fields *seen*."""
        held = [seen[name] for name in self.names]
        return next((kind for value, kind in self.cases if value in held), self.otherwise)

    @property
    def notation(self) -> str:
        which = " or ".join(name.replace("_", " ") for name in self.names)
        rules = "; ".join(f"{kind.notation} if {which} is {value}" for value, kind in self.cases)
        return f"{self.otherwise.notation}; {rules}"


@dataclass(frozen=True)
class BlockUnder(Kind):
    """One cipher block in hexadecimal: 32 digits when the earlier field *key* is a key block of an AES key, else 16."""

    key: str

    def digits(self, token: str) -> int:
        """How many digits go with the key *token*; the 9th character of a tagged key block is its algorithm."""
        return 32 if token[:1] in ("S", "R") and token[8:9] == "A" else 16

    @property
    def notation(self) -> str:
        return f"16 H, or 32 H if {self.key.replace('_', ' ')} is an AES key"


@dataclass(frozen=True)
class Until(Kind):
    """*inner* and then *delimiter*, which is consumed."""

    delimiter: str
    inner: Kind

    @property
    def notation(self) -> str:
        return f"{self.inner.notation} {self.delimiter!r}"


@dataclass(frozen=True)
class Repeated(Kind):
    """*inner* as many times as *count* says: a number, or the name of an earlier number field."""

    count: int | str
    inner: Kind

    @property
    def notation(self) -> str:
        times = self.count if isinstance(self.count, int) else self.count.replace("_", " ")
        return f"{times} x ({self.inner.notation})"


@dataclass(frozen=True)
class Group(Kind):
    """The fields of another message, in its place."""

    of: type[Message]

    @property
    def notation(self) -> str:
        return ", ".join(f"{n.replace('_', ' ')} {k.notation}" for n, k in self.of.FIELDS.items())


@dataclass(frozen=True)
class Prefixed(Kind):
    """Bytes led by their count, *width* digits in *base*.

    The count is of characters on the wire, or of blocks of *unit* characters each; with *doubled* = (field, value) it
    is of bytes that take two characters each whenever that field holds that value.  *included* characters before the
    data are in the count as well.  *binary* says whether the bytes are no text (a host of another character set must
    leave them alone): a bool, or (field, values) that mean binary.
    """

    width: int | Width
    base: int | Width = 10
    most: int = 32_000
    doubled: tuple[str, object] | None = None
    binary: bool | tuple[str, tuple[object, ...]] = True
    unit: int | Width = field(default=1, kw_only=True)
    included: int = field(default=0, kw_only=True)
    hidden: bool = field(default=False, kw_only=True)

    @property
    def notation(self) -> str:
        letter = {10: "N", 16: "H"}[self.base] if isinstance(self.base, int) else f"in base {width_text(self.base)}"
        what = "bytes" if self.unit == 1 else f"blocks of {width_text(self.unit)} characters"
        more = f" less {self.included}" if self.included else ""
        return f"{width_text(self.width)} {letter} count, then as many {what}{more} (at most {self.most})"


@dataclass(frozen=True)
class Rest(Kind):
    """All bytes to the end of the message, at most *most*."""

    most: int = 32_000
    binary: bool = True
    hidden: bool = field(default=False, kw_only=True)

    @property
    def notation(self) -> str:
        return f"the rest, at most {self.most} bytes"


@dataclass(frozen=True)
class Key(Kind):
    """An enciphered key as its holder wrote it.

    Untagged hexadecimal of *untagged* digits; or a scheme letter (U X: 32 H; T Y: 48 H); or S or R and a key block,
    whose own length field says how long it is; or K and 3 H, an index into user storage.  The value stays the validated
    text: a key seen before is then found by it, and costs no decoding at all.
    In an answer an untagged key may be of any length; *followed* then gives the numbers of hexadecimal digits that may
    stand between it and the end of the message, which tell.
    *usage* says what the key is for, in words.
    """

    usage: str
    untagged: int | Width = 16
    followed: tuple[int, ...] = ()
    sensitive: ClassVar[bool] = False

    @property
    def notation(self) -> str:
        return f"key ({self.usage}): {width_text(self.untagged)} H, U/X+32 H, T/Y+48 H, S/R+block, K+3 H"


@dataclass(frozen=True)
class Ahead(Kind):
    """Hexadecimal of 8 or 16 bytes, or nothing, ahead of a field led by its count that ends the message.

    Nothing in the message says which: the count is right for one of them.  *width* and *base* are those of the count.
    """

    width: int
    base: int = 10
    sizes: tuple[int, ...] = (8, 16)

    @property
    def notation(self) -> str:
        return "[ " + " or ".join(f"{2 * size} H" for size in self.sizes) + " ]"


@dataclass(frozen=True)
class Variable(Kind):
    """At most *most* bytes led by their count, itself of one to four bytes (``hsm.wire.counts``)."""

    most: int = 65_535
    hidden: bool = field(default=False, kw_only=True)

    @property
    def notation(self) -> str:
        return f"variable-length count, then as many bytes (at most {self.most})"


@dataclass(frozen=True)
class MaybeCounted(Kind):
    """Packed digits, as many as the earlier field *length* says, led by the count of their bytes or not.

    *behind* bytes stand between them and a key specifier that ends the message: where that fits only one of the two
    readings, it is that one; where it fits both, or neither, there is a count.  The value is the field as it stands on
    the wire, count included.
    """

    length: str
    behind: int
    hidden: bool = field(default=False, kw_only=True)

    @property
    def notation(self) -> str:
        return f"variable-length count, which some hosts leave out, then {self.length.replace('_', ' ')} packed digits"


@dataclass(frozen=True)
class KeySpec(Kind):
    """A key specifier: a variable-length count, a format byte, and what that format says of a key.

    The value is the specifier as it stands on the wire, count included: a key seen before is found by it.  *usage* says
    what the key is for, in words; *types* are the codes of the key types that it may be, the one that it is unless it
    says otherwise first.
    """

    usage: str
    types: tuple[str, ...] = ()
    wrong: type[Refusal] | None = field(default=KeySpecLengthInvalid, kw_only=True)

    @property
    def notation(self) -> str:
        return f"key specifier ({self.usage})"


@dataclass(frozen=True)
class ToEnd(Kind):
    """*inner*, again and again, *most* times at most, to the end of the message."""

    inner: Kind
    most: int = 64

    @property
    def notation(self) -> str:
        return f"({self.inner.notation}), up to {self.most} times, to the end"
