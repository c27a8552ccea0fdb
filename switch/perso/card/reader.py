"""A terminal's reader with a chip card in it (EMV 4.3 Book 3): what the chip is asked before its issuer, and told after.

The terminal is an online one: it asks the chip for a request cryptogram, and takes no offline PIN.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from switch.perso.card import tlv, words
from switch.perso.card.application import AAC, ARQC, CDOL_1, CDOL_2, PROFILE, TC
from switch.perso.card.card import Card

TRACK_2, SEQUENCE_NUMBER, RESPONSE_CODE = "57", "5F34", "8A"
_PLAIN, _RECORD = "80", "70"
_KIND, _COUNTER, _CRYPTOGRAM, _ISSUER_DATA = "9F27", "9F36", "9F26", "9F10"
DATA_BYTES_MAX = 255
"""Of a command."""
_ENTRY_BYTES = 4
"""Of tag 94 (Book 3 section 10.2): file, first record, last record, how many are signed."""


class CardRefused(Exception):
    """The chip answered a terminal with something else than it should; says with what status word."""


@dataclass(frozen=True)
class Purchase:
    """What a terminal tells a chip: *amount* in minor units, *currency* and *country* 3 digits, *date* YYMMDD.

    *number* is the unpredictable number, 4 bytes; *kind* the first two digits of DE 3.
    """

    amount: int
    currency: str
    country: str
    date: str
    number: bytes
    kind: str = "01"

    @property
    def objects(self) -> dict[str, bytes]:
        """The data objects that a terminal has for a CDOL."""
        return {
            "9F02": bytes.fromhex(f"{self.amount:012d}"),
            "9F03": bytes(6),
            "9F1A": bytes.fromhex(f"0{self.country}"),
            "95": bytes(5),
            "5F2A": bytes.fromhex(f"0{self.currency}"),
            "9A": bytes.fromhex(self.date),
            "9C": bytes.fromhex(self.kind),
            "9F37": self.number,
        }


@dataclass(frozen=True)
class ChipAsks:
    """*content* is DE 55 of the request, *track_2* the chip's own copy of it as DE 35 has it."""

    content: bytes = field(repr=False)
    track_2: str = field(repr=False)


class InReader:
    """*chip* from its selection by *aid* to the end of one transaction, which is *purchase*.

    Raises CardRefused, TlvError or KeyError for a chip that is no payment application of ours.
    """

    def __init__(self, chip: Card, aid: bytes, purchase: Purchase) -> None:
        self._chip, self._purchase = chip, purchase
        self._told(words.command(words.SELECT, 4, 0, aid))
        options = tlv.parsed(self._told(words.command(words.GET_PROCESSING_OPTIONS, data=bytes.fromhex("8300"))))[
            _PLAIN
        ]
        self._profile, files = options[:2], options[2:]
        self._read = dict(self._records(files))

    def asks(self) -> ChipAsks:
        """The chip's request to its issuer, with a cryptogram of this transaction."""
        made = self._generated(ARQC, CDOL_1, self._purchase.objects)
        told = {
            _KIND: made[:1], _COUNTER: made[1:3], _CRYPTOGRAM: made[3:11], _ISSUER_DATA: made[11:], PROFILE: self._profile,
        }  # fmt: skip
        number = {tag: self._read[tag] for tag in (SEQUENCE_NUMBER,) if tag in self._read}
        content = tlv.data_objects(told | self._purchase.objects | number)
        return ChipAsks(content, self._read[TRACK_2].hex().upper().rstrip("F").replace("D", "="))

    def approves(self, response_code: str, authentication: bytes) -> bool:
        """Does the chip end the transaction with a certificate (TC)?

        *response_code* is DE 39, *authentication* tag 91 of the answer: an ARPC of 8 bytes and the code that it is of;
        empty where the issuer sent none.
        """
        if authentication:
            # A wrong ARPC is answered with a status word; what counts is what the chip makes of it below.
            self._chip.transmit(words.command(words.EMV_AUTHENTICATE, data=authentication[:DATA_BYTES_MAX]))
        # What is no code at all, the chip is told as it came: it finds that it has another length, or is none.
        code = response_code.encode("ascii", "replace")
        wanted = TC if response_code == "00" else AAC
        made = self._generated(wanted, CDOL_2, self._purchase.objects | {RESPONSE_CODE: code})
        return made[0] == TC

    def _records(self, files: bytes) -> Iterable[tuple[str, bytes]]:
        for at in range(0, len(files), _ENTRY_BYTES):
            file, first, last, _ = files[at : at + _ENTRY_BYTES]
            for number in range(first, last + 1):
                record = self._told(bytes.fromhex(words.READ_RECORD) + bytes((number, file | 4, 0)))
                yield from tlv.parsed(tlv.parsed(record)[_RECORD]).items()

    def _generated(self, kind: int, of: str, known: Mapping[str, bytes]) -> bytes:
        asked = b"".join(known[tag] for tag, _ in tlv.listed(self._read[of]))
        return tlv.parsed(self._told(words.command(words.GENERATE_AC, kind, 0, asked)))[_PLAIN]

    def _told(self, command: bytes) -> bytes:
        answer = self._chip.transmit(command)
        if answer[-2:] != words.DONE:
            raise CardRefused(f"{command[:2].hex().upper()} was answered {answer[-2:].hex().upper()}")
        return answer[:-2]
