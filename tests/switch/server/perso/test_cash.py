"""Cards from an order to cash: made by the bureau's processes, then used at an ATM of their issuer, each of it a process.

The bureau's HSMs speak the Eracom dialect, the issuer's either; it gets the issuer's keys under a zone master key.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from psec import des
from support.appliancekeys import DIALECTS, NAMES, Keys
from support.cardroom import CLEAR, TYPES, SeededBytes
from support.cardsite import BOX_KEY, DIGITS, OPTIONS, CardSite
from support.hostedatm import HOSTS_LINK, Atm, hosts_terminal
from support.linked import loop
from support.partner import ZONES
from support.perso import SECRET, ZMK
from support.persosite import Site
from support.switched import RunningSwitch

from hsm.client import eracom
from hsm.client.blocking import BlockingClient
from hsm.client.process import ApplianceProcess
from switch.codec.message import Message, Parts, Value
from switch.codec.nested import BerTlv
from switch.perso.card import tlv, words
from switch.perso.card.reader import InReader, Purchase
from switch.perso.cardbox import CardBox
from switch.perso.issuing import Draw
from switch.perso.machine import Finished
from switch.perso.tracks import off_stripe

pytestmark = pytest.mark.xdist_group("cash")
CARDS = 3
AID = bytes.fromhex("A0000000031010")
AMOUNT = 500_000
ISSUERS_KEYS = {"imk-ac": "109", "cvk": "402", "pvv-key": "002"}
"""What the bureau calls a key, and its type at the issuer's HSM, if that is a Thales one."""
CONFIG = """[switch]
name = "bank"
institution = "970499"
bins = "bins.csv"
[console]
address = "127.0.0.1:0"
{hsm}{terminals}[issuer]
currency = "704"
accounts = "accounts.csv"
cards = "cards.csv"
pan-key = "pan.key"
pvk = "{pvk}"
cvk = "{cvk}"
[issuer.chip]
imk-ac = "{imk}"
stripe = true
"""


@dataclass
class Made:
    """Cards of an order, from the box; the file *issuers* is what their issuer keeps of them."""

    cards: list[Finished]
    issuers: Path


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    """Made once, for an issuer of either dialect: what a chip has counted it doesn't count again."""
    tmp_path = tmp_path_factory.mktemp("bureau")
    with ApplianceProcess(OPTIONS) as bureau, ApplianceProcess(OPTIONS) as hall:
        site = Site(tmp_path)
        site.hsm_port = bureau.ports["eracom"]
        site.prepare_pmp(site.hsm_user("pmp", site.hsm_port))
        cards = CardSite(site, hall.ports["eracom"])
        site.say("pmp", "--config", tmp_path / "pmp.toml", "import", site.order("0001", CARDS))
        told, prepared = cards.ready(), tmp_path / "0001.prepared"
        cards.certify()
        xof = tmp_path / "pmp" / "xof" / f"{DIGITS}-0001.xof"
        cards.cardink("prepare", "VSDC-DEBIT", xof, prepared, *told)
        cards.produce("order", prepared)
        issuers = tmp_path / "cards.csv"
        site.say("handout", tmp_path / "cards.box", "--box-key", tmp_path / "box.key", "--issuer", issuers)
    box = CardBox(tmp_path / "cards.box", BOX_KEY, SeededBytes("box"))
    yield Made(sorted(box, key=lambda card: int(card.order.rpartition("/")[2])), issuers)
    box.close()


def received(appliance: ApplianceProcess, dialect: Keys) -> dict[str, str]:
    """The issuer's keys as its HSM keeps them, from under the zone master key."""
    with BlockingClient(appliance.host, dialect.port(appliance), dialect.wire) as hsm:
        return by_ee0200(hsm) if dialect.name == "eracom" else by_a6(hsm)


def by_ee0200(hsm: BlockingClient) -> dict[str, str]:
    keys = {}
    for role in ISSUERS_KEYS:
        sent = bytes(des.encrypt_tdes_ecb(ZMK, bytes.fromhex(CLEAR[role])))
        asked = eracom.ImportKey(
            modifier="00", transport_key="\x02\x00\x01", key_type=TYPES[role], mode="00", cryptogram=sent
        )
        answer = hsm.call("EE0200", asked).answer
        assert isinstance(answer, eracom.KeyImported)
        keys[role] = answer.key.encode("latin-1").hex().upper()
    return keys


def by_a6(hsm: BlockingClient) -> dict[str, str]:
    zone, keys = ZONES[0], {}
    for role, key_type in ISSUERS_KEYS.items():
        sent = des.encrypt_tdes_ecb(zone.zmk, bytes.fromhex(CLEAR[role])).hex().upper()
        reply = hsm.command(f"A6{key_type}{zone.token}X{sent}U")
        # 01 is an advice: not all of these keys have odd parity.
        assert reply[:4] in ("A700", "A701")
        keys[role] = reply[4:37]
    return keys


@pytest.fixture(params=DIALECTS, ids=NAMES)
def bank(tmp_path: Path, made: Made, request: pytest.FixtureRequest) -> Iterator[RunningSwitch]:
    dialect: Keys = request.param
    folder = tmp_path / "bank"
    folder.mkdir()
    shutil.copy(made.issuers, folder / "cards.csv")
    accounts = "".join(f"{number:013d},current,10000000\n" for number in range(1, CARDS + 1))
    (folder / "accounts.csv").write_text("account,kind,opening\n" + accounts)
    (folder / "bins.csv").write_text(f"prefix,name,kind,link,dialect\n{DIGITS},Issuer,on-us,issuer,napas\n")
    (folder / "pan.key").write_text("00112233445566778899AABBCCDDEEFF\n")
    stored = ("--stored-key", f"04:1={ZMK.hex()}") if dialect.name == "eracom" else ()
    with ApplianceProcess((*dialect.options, *stored)) as hsm:
        keys = received(hsm, dialect)
        content = CONFIG.format(
            hsm=dialect.configured(hsm), terminals=HOSTS_LINK + hosts_terminal(dialect),
            pvk=keys["pvv-key"], cvk=keys["cvk"], imk=keys["imk-ac"],
        )  # fmt: skip
        running = RunningSwitch(folder, content)
        yield running
        running.close()


def pins() -> list[str]:
    """What the issuer's tool drew."""
    draw, drawn = Draw(SECRET, f"{DIGITS}/0001"), []
    for _ in range(CARDS):
        draw.bytes(8)
        drawn.append(draw.digits(4))
        draw.bytes(8)
    return drawn


class Holder:
    """A cardholder at the ATM."""

    def __init__(self, atm: Atm, card: Finished, pin: str) -> None:
        self._atm, self.chip, self.pin = atm, card.chip, pin
        self.stripe = off_stripe(2, card.stripe[1]).strip(";?")
        self.pan = self.stripe.partition("=")[0]

    def objects(self, amount: int = AMOUNT) -> dict[str, bytes]:
        """What the chip says of a withdrawal, by tag."""
        purchase = Purchase(amount, "704", "704", "261122", b"\x01\x23\x45\x67")
        parts = BerTlv().read(InReader(self.chip, AID, purchase).asks().content)
        return {tag: value for tag, value in parts.items() if isinstance(value, bytes)}

    @property
    def chips_track(self) -> str:
        """Track 2 as the chip has it (tag 57)."""
        application = self.chip.application
        assert application is not None
        found = next(o["57"] for o in map(tlv.parsed, application.content.records.values()) if "57" in o)
        return found.hex().upper().rstrip("F").replace("D", "=")

    def dips(self, chip: dict[str, bytes], pin: str = "", track: str = "") -> Message:
        fields: dict[int, Value] = {22: "051", 35: track or self.chips_track, 55: Parts(chip)}
        return self._atm.withdraw(self.pan, pin or self.pin, AMOUNT, fields)

    def swipes(self, track: str = "") -> Message:
        return self._atm.withdraw(self.pan, self.pin, AMOUNT, {22: "021", 35: track or self.stripe})


def other(digits: str) -> str:
    """*digits* with another last one."""
    return digits[:-1] + str((int(digits[-1]) + 1) % 10)


def test_cards_of_the_bureau_draw_cash(made: Made, bank: RunningSwitch) -> None:
    with loop() as run:
        atm = Atm(run, bank.ports["atms"])
        atm.sign_on()
        for card, pin in zip(made.cards, pins(), strict=True):
            draws_cash(Holder(atm, card, pin))
        falsified(Holder(atm, made.cards[0], pins()[0]), Holder(atm, made.cards[1], pins()[1]))
    assert bank.stop() == 0


def draws_cash(holder: Holder) -> None:
    answer = holder.dips(holder.objects())
    assert answer.fields[39] == "00"
    said = answer.fields[55]
    assert isinstance(said, Parts)
    authentication = said["91"]
    assert isinstance(authentication, bytes)
    assert holder.chip.transmit(words.command(words.EMV_AUTHENTICATE, data=authentication)) == words.DONE
    assert holder.swipes().fields[39] == "00"


def falsified(holder: Holder, another: Holder) -> None:
    """PIN, CVV and cryptogram, each wrong by itself; and what was right for something else."""
    assert holder.dips(holder.objects(), pin=other(holder.pin)).fields[39] == "55"
    assert holder.dips(holder.objects(), track=other(holder.chips_track)).fields[39] == "63"
    assert holder.dips(holder.objects(), track=holder.stripe).fields[39] == "63", "the stripe's CVV is not the chip's"
    assert holder.swipes(other(holder.stripe)).fields[39] == "63"
    assert holder.swipes(holder.chips_track).fields[39] == "63"
    assert holder.dips(holder.objects() | {"9F26": bytes(8)}).fields[39] == "63"
    assert holder.dips(holder.objects() | {"9F37": bytes(4)}).fields[39] == "63"
    assert holder.dips(holder.objects(1_000)).fields[39] == "63"
    assert holder.dips(another.objects()).fields[39] == "63"
    once = holder.objects()
    refused = holder.dips(once, pin=other(holder.pin))
    assert (refused.fields[39], 55 in refused.fields) == ("55", False)
    assert holder.dips(once).fields[39] == "63", "a cryptogram is good once"
    assert holder.dips(holder.objects()).fields[39] == "00"
