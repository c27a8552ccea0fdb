"""Commands and status words of cards (ISO/IEC 7816-4 section 5, EMV 4.3 Book 3, GlobalPlatform Card 2.3.1 section 11)."""

from __future__ import annotations

from dataclasses import dataclass, field

DONE = bytes.fromhex("9000")
NOT_AUTHENTICATED = bytes.fromhex("6300")
"""The host's cryptogram, or an ARPC, is wrong."""
WRONG_LENGTH = bytes.fromhex("6700")
SECURITY_NOT_SATISFIED = bytes.fromhex("6982")
BLOCKED = bytes.fromhex("6983")
WRONG_ORDER = bytes.fromhex("6985")
WRONG_DATA = bytes.fromhex("6A80")
RECORD_NOT_FOUND = bytes.fromhex("6A83")
FILE_NOT_FOUND = bytes.fromhex("6A82")
WRONG_PARAMETERS = bytes.fromhex("6A86")
NO_SUCH_DATA = bytes.fromhex("6A88")
UNKNOWN_INSTRUCTION = bytes.fromhex("6D00")

INITIALIZE_UPDATE, EXTERNAL_AUTHENTICATE, STORE_DATA = "8050", "8482", "84E2"
SELECT, READ_RECORD, VERIFY, EMV_AUTHENTICATE = "00A4", "00B2", "0020", "0082"
GET_PROCESSING_OPTIONS, GENERATE_AC, GET_DATA = "80A8", "80AE", "80CA"

COMMAND_BYTES_MAX = 5 + 255


class CardRefusal(Exception):
    """The card's answer is the status word alone."""

    def __init__(self, word: bytes) -> None:
        super().__init__(word.hex().upper())
        self.word = word


def must(right: object, word: bytes) -> None:
    """Nothing, if *right*; else raises CardRefusal with the status *word*."""
    if not right:
        raise CardRefusal(word)


@dataclass(frozen=True)
class Command:
    """A command taken apart: class and instruction (4 hexadecimal digits), parameters, data; *raw* without Le."""

    kind: str
    p1: int
    p2: int
    data: bytes = field(repr=False)
    raw: bytes = field(repr=False)


def command_of(raw: bytes) -> Command:
    """*raw*, short form: header, then Lc and as many data, then perhaps Le.  Raises CardRefusal."""
    must(4 <= len(raw) <= COMMAND_BYTES_MAX + 1, WRONG_LENGTH)
    count = raw[4] if len(raw) > 5 else 0
    must(len(raw) in (4, 5) or len(raw) in (5 + count, 6 + count), WRONG_LENGTH)
    return Command(raw[:2].hex().upper(), raw[2], raw[3], raw[5 : 5 + count], raw[: 5 + count])


def command(kind: str, p1: int = 0, p2: int = 0, data: bytes = b"") -> bytes:
    """A command with *data*, at most 255 bytes."""
    return bytes.fromhex(kind) + bytes((p1, p2, len(data))) + data
