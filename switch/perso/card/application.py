"""A personalised payment application: what a card does when it is used (EMV 4.3 Book 3).

The card is for online use: a request for a transaction certificate at the first GENERATE AC is answered by a request
cryptogram (ARQC).  Cryptograms are those of Visa CVN 18: common session keys, and a MAC over the CDOL's data, the
application interchange profile, the counter and the issuer application data.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hmac import compare_digest
from types import MappingProxyType

from switch.perso.card import cryptograms, tlv, words
from switch.perso.card.cryptograms import CardKeys
from switch.perso.card.words import Command, must

AID, CDOL_1, CDOL_2, PROFILE, FILES = "84", "8C", "8D", "82", "94"
ARQC, TC, AAC = 0x80, 0x40, 0x00
ATC_MAX = 0xFFFF
PIN_BLOCK_BYTES = 8
_COUNTER, _TRIES = 0x9F36, 0x9F17
_VERIFIED, _FAILED = 0x04, 0x02


@dataclass(frozen=True)
class Content:
    """What personalisation left on a card.

    *selection* is the answer to SELECT (the value of tag 6F), *options* the values of tags 82 and 94, *records* by DGI
    (the value of tag 70), *issuer_data* tag 9F10 as it is before a transaction (7 bytes: 06, key index, version of the
    cryptogram, card verification results), *pin_block* an ISO 9564-1 format 2 block, *tries* how often a PIN may be wrong.
    """

    selection: bytes
    profile: bytes
    files: bytes
    records: Mapping[str, bytes] = field(repr=False)
    issuer_data: bytes
    keys: CardKeys
    pin_block: bytes = field(repr=False)
    tries: int


@dataclass
class _Transaction:
    """Where a transaction stands."""

    selected: bool = False
    atc: int | None = None
    pin_verified: bool = False
    pin_failed: bool = False
    key: bytes = field(default=b"", repr=False)
    request: bytes = b""
    issuer_right: bool | None = None
    ended: bool = False


class Application:
    """The application of an issued card: commands change its counters and the transaction under way."""

    def __init__(self, content: Content) -> None:
        self._content = content
        self._atc = 0
        self._tries = content.tries
        self._now = _Transaction()
        objects: dict[str, bytes] = {}
        for record in content.records.values():
            objects.update(tlv.parsed(record))
        self._lists = {tag: tlv.listed(objects.get(tag, b"")) for tag in (CDOL_1, CDOL_2)}

    @property
    def content(self) -> Content:
        """What the card was personalised with, for whoever keeps simulated cards."""
        return self._content

    def resume(self, counter: int, tries: int) -> None:
        """Go on with a counter and PIN tries as a kept card had them."""
        self._atc, self._tries = counter, tries

    @property
    def tries(self) -> int:
        """How often a PIN may still be wrong."""
        return self._tries

    @property
    def counter(self) -> int:
        """The application transaction counter."""
        return self._atc

    def perform(self, command: Command) -> bytes:
        """The data that answer *command*.  Raises CardRefusal."""
        done = _COMMANDS.get(command.kind)
        must(done is not None, words.UNKNOWN_INSTRUCTION)
        assert done is not None
        return done(self, command)

    def _select(self, command: Command) -> bytes:
        must((command.p1, command.p2) == (4, 0), words.WRONG_PARAMETERS)
        name = tlv.parsed(self._content.selection)[AID]
        must(command.data and name.startswith(command.data), words.FILE_NOT_FOUND)
        self._now = _Transaction(selected=True)
        return tlv.data_object("6F", self._content.selection)

    def _options(self, command: Command) -> bytes:
        must(self._now.selected and self._now.atc is None, words.WRONG_ORDER)
        must(command.data == bytes.fromhex("8300"), words.WRONG_DATA)
        must(self._atc < ATC_MAX, words.WRONG_ORDER)
        self._atc += 1
        self._now.atc = self._atc
        self._now.key = cryptograms.session_key(self._content.keys.ac, self._atc)
        return tlv.data_object("80", self._content.profile + self._content.files)

    def _read_record(self, command: Command) -> bytes:
        must(command.p2 & 7 == 4, words.WRONG_PARAMETERS)
        record = self._content.records.get(f"{command.p2 >> 3:02X}{command.p1:02X}")
        must(record is not None, words.RECORD_NOT_FOUND)
        return tlv.data_object("70", record or b"")

    def _get_data(self, command: Command) -> bytes:
        tag = command.p1 << 8 | command.p2
        found = {_COUNTER: self._atc.to_bytes(2, "big"), _TRIES: bytes((self._tries,))}.get(tag)
        must(found is not None, words.NO_SUCH_DATA)
        return tlv.data_object(f"{tag:04X}", found or b"")

    def _verify(self, command: Command) -> bytes:
        """VERIFY with a clear block (Book 3 section 6.5.12): what an offline PIN pad inside the terminal does."""
        must(self._now.atc is not None and not self._now.request, words.WRONG_ORDER)
        must((command.p1, command.p2) == (0, 0x80), words.WRONG_PARAMETERS)
        must(len(command.data) == PIN_BLOCK_BYTES, words.WRONG_LENGTH)
        must(self._tries > 0, words.BLOCKED)
        # Counted before it is compared: power that fails in between must not give a try back.
        self._tries -= 1
        self._now.pin_verified = compare_digest(command.data, self._content.pin_block)
        self._now.pin_failed = not self._now.pin_verified
        must(self._now.pin_verified, bytes((0x63, 0xC0 | min(self._tries, 15))))
        self._tries = self._content.tries
        return b""

    def _authenticate(self, command: Command) -> bytes:
        """EXTERNAL AUTHENTICATE (Book 3 section 6.5.4): the issuer's ARPC and response code, once a transaction."""
        now = self._now
        must(now.request and now.issuer_right is None and not now.ended, words.WRONG_ORDER)
        must(len(command.data) == 10, words.WRONG_LENGTH)
        made = cryptograms.response_cryptogram(now.key, now.request, command.data[8:])
        now.issuer_right = compare_digest(made, command.data[:8])
        must(now.issuer_right, words.NOT_AUTHENTICATED)
        return b""

    def _generate(self, command: Command) -> bytes:
        now = self._now
        must(now.atc is not None and not now.ended, words.WRONG_ORDER)
        asked, first = command.p1 & 0xC0, not now.request
        must(asked in (ARQC, TC, AAC) and (first or asked != ARQC), words.WRONG_PARAMETERS)
        wanted = sum(count for _, count in self._lists[CDOL_1 if first else CDOL_2])
        must(wanted and len(command.data) == wanted, words.WRONG_LENGTH)
        # Nothing is approved without the issuer: offline, or after an ARPC that was wrong or never came.
        given = (ARQC if asked else AAC) if first else (asked if now.issuer_right else AAC)
        issuer_data = self._issuer_data(first, given)
        assert now.atc is not None
        text = command.data + self._content.profile + now.atc.to_bytes(2, "big") + issuer_data
        made = cryptograms.application_cryptogram(now.key, text)
        now.ended = not first or given != ARQC
        now.request = made
        return tlv.data_object("80", bytes((given,)) + now.atc.to_bytes(2, "big") + made + issuer_data)

    def _issuer_data(self, first: bool, given: int) -> bytes:
        """Tag 9F10 with the card verification results of now (VIS 1.5 annex A): 03 and three bytes."""
        kind = given >> 6
        results = (0x80 | kind << 4) if first else (kind << 6 | 0x20)
        results |= 0x08 if self._now.issuer_right is False else 0
        results |= _VERIFIED if self._now.pin_verified or self._now.pin_failed else 0
        results |= _FAILED if self._now.pin_failed else 0
        blocked = 0x40 if not self._tries else 0
        return self._content.issuer_data[:3] + bytes((3, results, blocked, 0))


_COMMANDS: Mapping[str, Callable[[Application, Command], bytes]] = MappingProxyType(
    {
        words.SELECT: Application._select,
        words.GET_PROCESSING_OPTIONS: Application._options,
        words.READ_RECORD: Application._read_record,
        words.GET_DATA: Application._get_data,
        words.VERIFY: Application._verify,
        words.EMV_AUTHENTICATE: Application._authenticate,
        words.GENERATE_AC: Application._generate,
    }
)
