"""Key blocks: a key bound to what it is for.  This module has the header and the errors; ``blockprotector`` wraps.

Two families share one shape, ``header + optional blocks + ciphertext + authenticator``, all printable ASCII: ANSI
X9.143 (TR-31) versions A to E, and Thales key blocks versions 0 and 1.  The text here is without the scheme letter
(``R`` or ``S``) that Thales hosts put in front of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

BLOCK_CHARACTERS_MAX = 9999
OPTIONAL_BLOCKS_MAX = 99
HEADER_CHARACTERS = 16
_PADDING_ID = "PB"


class KeyBlockError(ValueError):
    """The text is not a key block that can be opened here.  No message holds anything of the block."""


class HeaderInvalid(KeyBlockError):
    """The 16 characters of the header are malformed, or its version is unknown or not expected here."""


class LengthInvalid(KeyBlockError):
    """The block, its length field or the key in it is of the wrong length, or the ciphertext is not upper-case hex."""


class AuthenticationFailed(KeyBlockError):
    """The authenticator is wrong: the block was changed, or is under another key."""


class OptionalBlockInvalid(KeyBlockError):
    """An optional block, or their number, is wrong."""


class ProtectionKeyUnsuitable(KeyBlockError):
    """The key block protection key is not of a length that the block's version allows."""


@dataclass(frozen=True, slots=True)
class OptionalBlock:
    """An optional block: *identifier*, 2 characters, and *content*, printable ASCII."""

    identifier: str
    content: str

    def __str__(self) -> str:
        """The block as it stands in the header; long ones with X9.143's extended length (``00``, ``02``, 4 hex)."""
        if len(self.content) + 4 <= 0xFF:
            return f"{self.identifier}{len(self.content) + 4:02X}{self.content}"
        return f"{self.identifier}0002{len(self.content) + 10:04X}{self.content}"


_HEADER = re.compile(
    r"(?P<version>[0-9A-Z])(?P<length>[0-9]{4})(?P<usage>[0-9A-Z]{2})(?P<algorithm>[0-9A-Z])(?P<mode>[0-9A-Z])"
    r"(?P<key_version>[0-9A-Za-z]{2})(?P<exportability>[0-9A-Z])(?P<optional>[0-9]{2})(?P<last>[0-9A-Z]{2})"
)
_OPTIONAL_START = re.compile(r"([0-9A-Z]{2})(?:00(02)([0-9A-F]{4})|([0-9A-F]{2}))")
_PRINTABLE = re.compile(r"[ -~]*")


@dataclass(frozen=True, slots=True)
class Header:
    """What a key block says in clear (ANSI X9.143-2021, 6.2; Thales key blocks have the same places).

    *version* 1 character, *usage* 2, *algorithm* 1, *mode* of use 1, *key_version* 2, *exportability* 1, *last* 2: the
    LMK identifier in Thales blocks (``FF`` under a ZMK), reserved ``00`` in X9.143.  *optional* leaves out the padding
    block, which is made as needed.  The length is not here: it follows from the key.
    """

    version: str
    usage: str
    algorithm: str
    mode: str
    key_version: str = "00"
    exportability: str = "N"
    optional: tuple[OptionalBlock, ...] = ()
    last: str = "00"

    def build(self, optional_multiple: int, rest_characters: int) -> str:
        """The header text with its optional blocks, before *rest_characters* of ciphertext and authenticator.

        The optional blocks are filled up to a multiple of *optional_multiple* characters by a padding block.  Raises
        HeaderInvalid, OptionalBlockInvalid, and LengthInvalid when the whole exceeds 9999 characters.
        """
        blocks = list(self.optional)
        for block in blocks:
            if block.identifier == _PADDING_ID or not _is_sound(block):
                raise OptionalBlockInvalid
        tail = "".join(map(str, blocks))
        if len(tail) % optional_multiple:
            missing = -(len(tail) + 4) % optional_multiple
            padding = OptionalBlock(_PADDING_ID, "0" * missing)
            blocks.append(padding)
            tail += str(padding)
        if len(blocks) > OPTIONAL_BLOCKS_MAX:
            raise OptionalBlockInvalid
        length = HEADER_CHARACTERS + len(tail) + rest_characters
        if length > BLOCK_CHARACTERS_MAX:
            raise LengthInvalid
        fixed = (
            f"{self.version}{length:04}{self.usage}{self.algorithm}{self.mode}{self.key_version}{self.exportability}"
            f"{len(blocks):02}{self.last}"
        )
        if not _HEADER.fullmatch(fixed):
            raise HeaderInvalid
        return fixed + tail


def _is_sound(block: OptionalBlock) -> bool:
    return bool(
        re.fullmatch("[0-9A-Z]{2}", block.identifier)
        and _PRINTABLE.fullmatch(block.content)
        and len(block.content) < BLOCK_CHARACTERS_MAX
    )


@dataclass(frozen=True, slots=True)
class Parsed:
    """A key block taken apart, nothing of it verified: *header_text* is what the authenticator covers in clear."""

    header: Header
    header_text: str
    rest: str


def parse(block: str) -> Parsed:
    """The parts of the key *block*.

    Raises HeaderInvalid, LengthInvalid (the length field is not the block's length) and OptionalBlockInvalid.
    """
    match = _HEADER.match(block)
    if not match:
        raise HeaderInvalid
    if int(match["length"]) != len(block):
        raise LengthInvalid
    optional, end = _parse_optional(block, int(match["optional"]))
    header = Header(
        match["version"],
        match["usage"],
        match["algorithm"],
        match["mode"],
        match["key_version"],
        match["exportability"],
        optional,
        match["last"],
    )
    return Parsed(header, block[:end], block[end:])


def _parse_optional(block: str, count: int) -> tuple[tuple[OptionalBlock, ...], int]:
    blocks: list[OptionalBlock] = []
    at = HEADER_CHARACTERS
    for _ in range(count):
        start = _OPTIONAL_START.match(block, at)
        if not start:
            raise OptionalBlockInvalid
        end = at + int(start[3] or start[4], 16)
        content = block[start.end() : end]
        if end < start.end() or end > len(block) or not _PRINTABLE.fullmatch(content):
            raise OptionalBlockInvalid
        if start[1] != _PADDING_ID:
            blocks.append(OptionalBlock(start[1], content))
        at = end
    return tuple(blocks), at
