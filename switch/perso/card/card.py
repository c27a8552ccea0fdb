"""A card from its maker to its holder: personalised once over a secure channel, and an application from then on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from hmac import compare_digest

from switch.perso.card import cryptograms, groups, scp02, tlv, words
from switch.perso.card.application import Application, Content
from switch.perso.card.cryptograms import CardKeys
from switch.perso.card.groups import groups_of, is_record
from switch.perso.card.words import CardRefusal, Command, command_of, must

AUTHENTICATIONS_MAX = 10
"""Wrong host cryptograms in a row after which a card lets nobody personalise it any more."""
C_MAC_LEVEL = 0x01
COUNTER_MAX = 0xFFFF
KEY_BYTES = 16


class Stage(Enum):
    """How far a card is."""

    BLANK = auto()
    CHALLENGED = auto()
    """INITIALIZE UPDATE was answered."""
    OPEN = auto()
    """The host has authenticated itself."""
    ISSUED = auto()
    DEAD = auto()
    """Too many tried."""


@dataclass(frozen=True)
class Blank:
    """What a card's maker put on it.

    *diversification* is 10 bytes of which its keys are derived (the last 6 are the end of the KMC identifier and the
    chip's serial number), *key_version* 1 to 127, the keys 16 bytes each.
    """

    diversification: bytes
    key_version: int
    enc: bytes = field(repr=False)
    mac: bytes = field(repr=False)
    dek: bytes = field(repr=False)


def made_by(kmc: bytes, diversification: bytes, key_version: int = 1) -> Blank:
    """A blank card with keys derived from the maker's KMC, 16 bytes."""
    keys = (scp02.card_key(kmc, diversification, number) for number in (1, 2, 3))
    return Blank(diversification, key_version, *keys)


class Card:
    """A card as its reader sees it: commands in, data and status words out."""

    def __init__(self, blank: Blank, random: Callable[[int], bytes]) -> None:
        self._blank = blank
        self._random = random
        self.stage = Stage.BLANK
        self._counter = 0
        self._wrong = 0
        self._challenge = b""
        self._keys: tuple[bytes, scp02.Session] | None = None
        self._host_challenge = b""
        self._next_block = 0
        self._stored: dict[str, bytes] = {}
        self.application: Application | None = None

    def transmit(self, raw: bytes) -> bytes:
        """The answer to a command: data, and two bytes of status."""
        try:
            return self._perform(command_of(raw)) + words.DONE
        except CardRefusal as e:
            return e.word

    def _perform(self, command: Command) -> bytes:
        if self.application is not None:
            return self.application.perform(command)
        must(self.stage is not Stage.DEAD, words.BLOCKED)
        if command.kind == words.INITIALIZE_UPDATE:
            return self._initialize(command)
        if command.kind == words.EXTERNAL_AUTHENTICATE:
            return self._authenticate(command)
        if command.kind == words.STORE_DATA:
            return self._store(command)
        # STORE DATA without a C-MAC is known, and never allowed.
        must(command.kind != "80E2", words.SECURITY_NOT_SATISFIED)
        raise CardRefusal(words.UNKNOWN_INSTRUCTION)

    def _initialize(self, command: Command) -> bytes:
        blank = self._blank
        must(command.p1 in (0, blank.key_version) and command.p2 == 0, words.NO_SUCH_DATA)
        must(len(command.data) == 8, words.WRONG_LENGTH)
        must(self._counter < COUNTER_MAX, words.WRONG_ORDER)
        # A session that was open is over, and what it stored is forgotten: a card is personalised in one session.
        self._stored, self._next_block = {}, 0
        counter = self._counter.to_bytes(2, "big")
        self._host_challenge, self._challenge = command.data, self._random(6)
        enc = scp02.session_key(blank.enc, scp02.ENC, counter)
        mac = scp02.session_key(blank.mac, scp02.MAC, counter)
        self._keys = enc, scp02.Session(mac, scp02.session_key(blank.dek, scp02.DEK, counter))
        made = scp02.cryptogram(enc, scp02.card_text(command.data, counter, self._challenge))
        self.stage = Stage.CHALLENGED
        return blank.diversification + bytes((blank.key_version, 2)) + counter + self._challenge + made

    def _authenticate(self, command: Command) -> bytes:
        must(self.stage is Stage.CHALLENGED and self._keys is not None, words.WRONG_ORDER)
        must((command.p1, command.p2) == (C_MAC_LEVEL, 0), words.WRONG_PARAMETERS)
        must(len(command.data) == 16, words.WRONG_LENGTH)
        assert self._keys is not None
        enc, session = self._keys
        counter = self._counter.to_bytes(2, "big")
        made = scp02.cryptogram(enc, scp02.host_text(self._host_challenge, counter, self._challenge))
        self.stage = Stage.BLANK
        if session.verified(command.raw) is None or not compare_digest(made, command.data[:8]):
            self._wrong += 1
            self.stage = Stage.DEAD if self._wrong >= AUTHENTICATIONS_MAX else Stage.BLANK
            raise CardRefusal(words.NOT_AUTHENTICATED)
        self._wrong = 0
        self._counter += 1
        self.stage = Stage.OPEN
        return b""

    def _store(self, command: Command) -> bytes:
        must(self.stage is Stage.OPEN and self._keys is not None, words.SECURITY_NOT_SATISFIED)
        assert self._keys is not None
        session = self._keys[1]
        data = session.verified(command.raw) if len(command.data) > scp02.BLOCK_BYTES else None
        try:
            must(data is not None, words.SECURITY_NOT_SATISFIED)
            must(command.p2 == self._next_block, words.WRONG_PARAMETERS)
            self._take(command.p1, data or b"", session)
            if command.p1 & groups.LAST_BLOCK:
                self.application = Application(_content(self._stored))
                self.stage, self._stored, self._keys = Stage.ISSUED, {}, None
        except (CardRefusal, ValueError) as e:
            # After anything wrong the channel is closed (GlobalPlatform E.1.2), and personalisation begins again.
            self.stage, self._keys, self._stored = Stage.BLANK, None, {}
            raise e if isinstance(e, CardRefusal) else CardRefusal(words.WRONG_DATA) from None
        self._next_block += 1
        return b""

    def _take(self, p1: int, data: bytes, session: scp02.Session) -> None:
        for group in groups_of(data):
            must(group.enciphered == bool(p1 & groups.ALL_ENCIPHERED), words.WRONG_DATA)
            must(group.dgi not in self._stored and _known(group.dgi), words.WRONG_DATA)
            must(not group.enciphered or len(group.data) % scp02.BLOCK_BYTES == 0, words.WRONG_DATA)
            self._stored[group.dgi] = session.deciphered(group.data) if group.enciphered else group.data


_FIXED = frozenset(
    {groups.KEYS, groups.KEY_CHECKS, groups.PIN, groups.PIN_COUNTERS}
    | {groups.SELECT_ANSWER, groups.OPTIONS_ANSWER, groups.ISSUER_DATA}
)


def _known(dgi: str) -> bool:
    return dgi in _FIXED or is_record(dgi)


def _content(stored: dict[str, bytes]) -> Content:
    """What the groups come to.  Raises CardRefusal when one is missing or wrong, ValueError for what is no TLV or key."""
    must(stored.keys() >= _FIXED, words.NO_SUCH_DATA)
    sizes = {
        groups.KEYS: 3 * KEY_BYTES,
        groups.KEY_CHECKS: 9,
        groups.PIN: 8,
        groups.PIN_COUNTERS: 2,
        groups.ISSUER_DATA: 7,
    }
    must(all(len(stored[dgi]) == size for dgi, size in sizes.items()), words.WRONG_DATA)
    keys = [stored[groups.KEYS][at : at + KEY_BYTES] for at in range(0, 3 * KEY_BYTES, KEY_BYTES)]
    checks = b"".join(cryptograms.check_value(key) for key in keys)
    must(compare_digest(checks, stored[groups.KEY_CHECKS]), words.WRONG_DATA)
    must(_is_pin_block(stored[groups.PIN]), words.WRONG_DATA)
    options = tlv.parsed(stored[groups.OPTIONS_ANSWER])
    selection = tlv.parsed(stored[groups.SELECT_ANSWER])
    must({"82", "94"} <= options.keys() and "84" in selection, words.WRONG_DATA)
    records = {dgi: tlv.parsed(data).get("70", b"") for dgi, data in stored.items() if is_record(dgi)}
    must(records and all(records.values()), words.WRONG_DATA)
    tries, most = stored[groups.PIN_COUNTERS]
    must(1 <= tries <= most <= 15, words.WRONG_DATA)
    return Content(
        selection=stored[groups.SELECT_ANSWER],
        profile=options["82"],
        files=options["94"],
        records=records,
        issuer_data=stored[groups.ISSUER_DATA],
        keys=CardKeys(*keys),
        pin_block=stored[groups.PIN],
        tries=most,
    )


def _is_pin_block(block: bytes) -> bool:
    """Is it an ISO 9564-1 format 2 block?"""
    text = block.hex()
    digits = int(text[1], 16)
    pin, fill = text[2 : 2 + digits], text[2 + digits :]
    return text[0] == "2" and 4 <= digits <= 12 and pin.isdecimal() and not fill.strip("f")
