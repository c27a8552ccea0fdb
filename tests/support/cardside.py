"""A card's host with keys in its hand: personalises by the card's own cryptography, to see what cards take and refuse."""

from __future__ import annotations

from collections.abc import Sequence

from Crypto.Cipher import DES
from support.cardroom import SeededBytes

from switch.perso.card import cryptograms, groups, scp02, tlv, words
from switch.perso.card.card import Card, made_by
from switch.perso.card.groups import DataGroup

KMC = bytes.fromhex("404142434445464748494A4B4C4D4E4F")
DIVERSIFICATION = bytes.fromhex("00004761730000000001")
CARD_KEYS = [bytes.fromhex(text * 8) for text in ("1357", "2468", "ABCD")]
CARD_KEYS = [key[:8] + bytes(byte ^ 0xFF for byte in key[8:]) for key in CARD_KEYS]
PIN_BLOCK = bytes.fromhex("241234FFFFFFFFFF")
AID = bytes.fromhex("A0000000031010")
CDOL_1 = bytes.fromhex("9F02069F03069F1A0295055F2A029A039C019F3704")
CDOL_2 = bytes.fromhex("8A02") + CDOL_1


def blank() -> Card:
    return Card(made_by(KMC, DIVERSIFICATION), SeededBytes("card"))


def good_groups() -> list[DataGroup]:
    """What a card needs; enciphered groups are clear here."""
    record = tlv.data_objects({"5A": bytes.fromhex("4761739001010010"), "8C": CDOL_1, "8D": CDOL_2})
    return [
        DataGroup("0101", tlv.data_object("70", tlv.data_object("57", bytes.fromhex("4761739001010010D2812201")))),
        DataGroup("0201", tlv.data_object("70", record)),
        DataGroup("9102", tlv.data_objects({"84": AID, "A5": tlv.data_object("50", b"VISA")})),
        DataGroup("9104", tlv.data_objects({"82": b"\x5c\0", "94": bytes.fromhex("0801010010010101")})),
        DataGroup("9200", bytes.fromhex("06011203000000")),
        DataGroup("9010", b"\3\3"),
        DataGroup("9000", b"".join(cryptograms.check_value(key) for key in CARD_KEYS)),
        DataGroup("8000", b"".join(CARD_KEYS)),
        DataGroup("8010", PIN_BLOCK),
    ]


class Host:
    """A host of one session."""

    def __init__(self, card: Card, kmc: bytes = KMC) -> None:
        self.card = card
        self.kmc = kmc
        self.last = b""

    def initialize(self) -> bytes:
        self.challenge, self.last = bytes(range(8)), b""
        answer = self.card.transmit(words.command(words.INITIALIZE_UPDATE, data=self.challenge))
        if answer[-2:] == words.DONE:
            diversification, self.counter, self.card_challenge = answer[:10], answer[12:14], answer[14:20]
            keys = [scp02.card_key(self.kmc, diversification, number) for number in (1, 2, 3)]
            constants = (scp02.ENC, scp02.MAC, scp02.DEK)
            self.enc, self.mac, self.dek = (
                scp02.session_key(key, constant, self.counter) for key, constant in zip(keys, constants, strict=True)
            )
        return answer

    def send(self, kind: str, p1: int, p2: int, data: bytes) -> bytes:
        command = scp02.maced(bytes.fromhex(kind) + bytes((p1, p2)), data)
        icv = bytes(8)
        if self.last:
            icv = bytes(DES.new(self.mac[:8], DES.MODE_ECB).encrypt(self.last))
        self.last = scp02.retail_mac(self.mac, command, icv)
        return self.card.transmit(command + self.last)

    def authenticate(self, level: int = 1) -> bytes:
        text = scp02.host_text(self.challenge, self.counter, self.card_challenge)
        return self.send(words.EXTERNAL_AUTHENTICATE, level, 0, scp02.cryptogram(self.enc, text))

    def open(self) -> None:
        self.initialize()
        assert self.authenticate() == words.DONE

    def store(self, given: Sequence[DataGroup]) -> bytes:
        """The last answer."""
        answer = b""
        sealed = [DataGroup(g.dgi, scp02.encipher(self.dek, g.data)) if g.enciphered else g for g in given]
        for number, (p1, data) in enumerate(groups.blocks_of(sealed)):
            answer = self.send(words.STORE_DATA, p1, number, data)
            if answer != words.DONE:
                break
        return answer


def issued() -> Card:
    """A personalised card."""
    card = blank()
    host = Host(card)
    host.open()
    assert host.store(good_groups()) == words.DONE
    return card
