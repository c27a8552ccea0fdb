"""Orders produced: cards that work, counts that reconcile, nothing twice, and a trail of what went wrong."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from psec import des
from pyemv import ac, kd
from support.cardorders import HELD, card, holder, sealed_pin, write_xof
from support.cardroom import CLEAR, LoopbackHsm, SeededBytes, issuer_keys, now, profile, stored
from twisted.internet.defer import Deferred

from hsm.client import eracom as e
from hsm.client.pool import NotSent, OutcomeUnknown
from switch.perso.authority import TestAuthority
from switch.perso.card import tlv, words
from switch.perso.cardbox import CardBox
from switch.perso.journal import Journal, JournalError, Mailer, State
from switch.perso.machine import HopperEmpty, SimulatedMachine
from switch.perso.preparedfile import PreparedReader
from switch.perso.preparing import Keys
from switch.perso.returnfile import write_return
from switch.perso.terms import Refused
from switch.perso.tracks import off_stripe, read_track_2
from switch.server.perso.preparing import OrderPreparation
from switch.server.perso.producing import Counted, PrinterFull, Production

AUTHORITY = TestAuthority.founded(0x92, SeededBytes("authority"))
CARDS = 40
BOX_KEY = bytes(range(32))
KMC_ID = bytes.fromhex("476173000000")
OFFICERS = ("Anna", "Binh")
OWN = b"B4761730000000024^OWN/TRACKS^281220100000\n4761730000000024=281220100000"
"""Tracks that the issuer of card 2 made."""


@cache
def order(*, mailers: bool = True) -> bytes:
    """A prepared file."""
    import tempfile

    hsm = LoopbackHsm()
    keys: Keys = now(Deferred.fromCoroutine(issuer_keys(hsm, AUTHORITY)))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        xof = write_xof(
            folder / "a.xof",
            [card(n, pin="82461" if n == 1 else "", tracks=OWN if n == 2 else b"") for n in range(1, CARDS + 1)],
        )
        preparation = OrderPreparation(hsm, profile(mailers=str(mailers).lower()), keys, HELD.get, SeededBytes("ivs"))
        now(Deferred.fromCoroutine(preparation.prepare_file(xof, folder / "a.prepared")))
        return (folder / "a.prepared").read_bytes()


class Bureau:
    """A production hall: what stays when its processes end is in *folder*."""

    def __init__(self, folder: Path, hsm: LoopbackHsm | None = None, *, blanks_max: int = 1_000) -> None:
        self.folder = folder
        self.hsm = hsm or LoopbackHsm()
        self.path = folder / "a.prepared"
        if not self.path.exists():
            self.path.write_bytes(order())
        self.box = CardBox(folder / "cards.box", BOX_KEY, SeededBytes(f"box {len(list(folder.iterdir()))}"))
        self.journal = Journal(folder / "journal.db", "BANK", "ORDER-1")
        kmc = bytes.fromhex(CLEAR["kmc"])
        self.machine = SimulatedMachine(
            kmc, KMC_ID, SeededBytes("machine"), self.box, blanks_max, bytes.fromhex(CLEAR["ktm"])
        )
        keys = {role: stored(role) for role in ("ktk", "ptk", "mtk", "data", "kmc", "ktm")}
        clock = "2026-11-22T14:00:00Z"
        self.production = Production(self.hsm, keys, self.machine, SeededBytes("host"), lambda: clock)

    def produce(self) -> Counted:
        return now(Deferred.fromCoroutine(self.production.produce_file(self.path, self.journal)))

    def pages(self) -> list[str]:
        printer = self.hsm.dispatcher.appliance.printer
        return [printer.release(page.number) for page in printer.pages()]

    def returned(self) -> list[dict[str, object]]:
        with self.path.open("rb") as source:
            head = PreparedReader(source, "a").head
        out = io.StringIO()
        write_return(out, head, self.journal, "0" * 64, "2026-11-22T15:00:00Z")
        return [json.loads(line) for line in out.getvalue().splitlines()]


def test_an_order_is_produced(tmp_path: Path) -> None:
    bureau = Bureau(tmp_path)
    counted = bureau.produce()
    assert counted.cards[State.MADE] == CARDS
    assert counted.mailers[Mailer.PRINTED] == CARDS
    assert counted.open_points == []
    assert len(bureau.box) == CARDS
    pages = bureau.pages()
    assert len(pages) == CARDS
    assert "PIN 82461" in pages[0]
    assert pages[0].splitlines()[:2] == ["ORDER ORDER-1 CARD 1", holder(1).name]
    assert all(holder(n).pan not in page for n, page in enumerate(pages, 1))
    lines = bureau.returned()
    assert lines[-1]["total"] == {"made": CARDS, "rejected": 0, "mailers": CARDS}
    assert [line["card"] for line in lines[1:-1]] == list(range(1, CARDS + 1))


def test_a_card_pays_and_its_issuers_hsm_agrees(tmp_path: Path) -> None:
    """PIN on the chip, ARQC by the issuer's HSM (EE2018) and by pyemv, track 2 with its PVV and CVV."""
    bureau = Bureau(tmp_path)
    bureau.produce()
    finished = bureau.box.card(1)
    chip, who = finished.chip, holder(1)
    terminal = bytes.fromhex("000000010000 000000000000 0704 0000048000 0704 261122 01 52BF4585")
    assert chip.transmit(words.command(words.SELECT, 4, 0, bytes.fromhex("A0000000031010")))[-2:] == words.DONE
    assert chip.transmit(words.command(words.GET_PROCESSING_OPTIONS, data=bytes.fromhex("8300")))[-2:] == words.DONE
    assert chip.transmit(words.command(words.VERIFY, 0, 0x80, bytes.fromhex("2582461FFFFFFFFF"))) == words.DONE
    answer = tlv.parsed(chip.transmit(words.command(words.GENERATE_AC, 0x80, 0, terminal))[:-2])["80"]
    data = terminal + b"\x5c\0" + answer[1:3] + answer[11:]
    master = kd.derive_icc_mk_a(bytes.fromhex(CLEAR["imk-ac"]), who.pan, who.sequence)
    assert answer[3:11] == ac.generate_ac(kd.derive_common_sk(master, answer[1:3] + bytes(6)), data, ac.PaddingType.EMV)
    arpc = now(bureau.hsm.ask(asked_of_the_issuer(who.pan + who.sequence, answer, data), e.CryptogramChecked)).response[
        0
    ]
    assert chip.transmit(words.command(words.EMV_AUTHENTICATE, data=arpc + b"00")) == words.DONE
    final = chip.transmit(words.command(words.GENERATE_AC, 0x40, 0, b"00" + terminal))
    assert tlv.parsed(final[:-2])["80"][0] == 0x40
    second = read_track_2(off_stripe(2, finished.stripe[1]))
    assert second.pan == who.pan
    block = sealed_pin("82461", who.pan)
    assert second.discretionary[1:5] == now(bureau.hsm.pvv(block, stored("pin"), stored("pvv-key"), who.account, 1))
    cvv = now(bureau.hsm.cvv(stored("cvk"), who.pan, who.expiry, who.service_code))
    assert second.discretionary[5:] == cvv


def test_an_issuers_own_tracks_come_to_the_stripe_alone(tmp_path: Path) -> None:
    bureau = Bureau(tmp_path)
    bureau.produce()
    first, second = OWN.decode().split("\n")
    assert [off_stripe(n, read) for n, read in enumerate(bureau.box.card(2).stripe, 1)] == [f"%{first}?", f";{second}?"]
    chip = bureau.box.card(2).chip.application
    assert chip is not None
    assert b"\x28\x12\x20\x10\x00" not in b"".join(chip.content.records.values())
    with bureau.path.open("rb") as source:
        sealed = list(PreparedReader(source, "a"))
    assert [bool(each.tracks) for each in sealed[:3]] == [False, True, False]
    assert OWN[8:] not in sealed[1].tracks


def test_tracks_that_are_none_reject_their_card(tmp_path: Path) -> None:
    bureau = Bureau(tmp_path)
    bureau.machine._ktm = bytes(range(16))  # of another machine
    assert bureau.produce().cards[State.REJECTED] == 1
    assert bureau.journal.card(2).why == "the tracks are not under the encoder's key"


def asked_of_the_issuer(card_digits: str, answer: bytes, data: bytes) -> e.CheckCryptogram:
    padded = data + b"\x80" + bytes(-(len(data) + 1) % 8)
    session = answer[1:3] + bytes(4)
    return e.CheckCryptogram(
        modifier="00", action="03", key="\x03\x03\x00\x01", card_key_method="00",
        card=bytes.fromhex(card_digits[-16:]), key_method="01", key_data=session, method="02", data=padded,
        cryptogram=answer[3:11], response_key_method="01", response_key_data=session, response_method="02",
        response_data=b"00",
    )  # fmt: skip


def test_an_order_is_produced_once(tmp_path: Path) -> None:
    bureau = Bureau(tmp_path)
    bureau.produce()
    asked = dict(bureau.hsm.asked)
    bureau.produce()
    assert len(bureau.box) == CARDS
    assert len(bureau.pages()) == CARDS
    assert bureau.hsm.asked["EEF001"] == asked["EEF001"]
    bureau.journal.end("2026-11-22T15:00:00Z")
    with pytest.raises(JournalError, match="closed"):
        bureau.produce()


class Killed(BaseException):
    """A kill: nothing after it runs."""


def test_a_kill_at_any_call_resumes_to_the_same_totals(tmp_path: Path) -> None:
    """Killed again and again, before or after the HSM did a call; officers look at the printed pages when in doubt."""
    hsm = LoopbackHsm()
    sizes = [17, 60, 131, 3, 250, 91, 33, 34, 35, 36]
    pages: list[str] = []
    kills = doubts = 0
    counted: Counted | None = None
    while counted is None or counted.open_points:
        mortal = Mortal(
            hsm, sizes[kills % len(sizes)] + 9 * kills, done=kills % 2 == 0, code="EE0E05" if kills % 3 else None
        )
        bureau = Bureau(tmp_path, mortal)
        before = len(bureau.box)
        try:
            counted = bureau.produce()
        except Killed:
            kills += 1
        assert len(bureau.box) >= before
        pages += bureau.pages()
        printed = [int(page.splitlines()[0].rpartition(" ")[2]) for page in pages]
        for found in [each for each in bureau.journal.cards() if each.mailer is Mailer.DOUBTFUL]:
            doubts += 1
            again = found.sequence not in printed
            bureau.journal.decide_mailer(found.sequence, OFFICERS, "the tray was looked at", "now", again=again)
        assert len(printed) == len(set(printed)), "no mailer twice"
        assert kills < 100
        if counted is None or counted.open_points:
            bureau.journal.close_file()
            bureau.box.close()
    assert kills > 3
    assert doubts > 0
    assert counted.cards[State.MADE] == CARDS
    assert sorted(int(each.order.rpartition("/")[2]) for each in bureau.box) == list(range(1, CARDS + 1))
    assert sorted(printed) == list(range(1, CARDS + 1))
    assert bureau.returned()[-1]["total"] == {"made": CARDS, "rejected": 0, "mailers": CARDS}


class Mortal(LoopbackHsm):
    """The appliance of another, until a kill comes in the middle of a call, before or after it is *done*; of a *code*."""

    def __init__(self, whole: LoopbackHsm, calls: int, *, done: bool, code: str | None) -> None:
        super().__init__()
        self.code = code
        self.dispatcher = whole.dispatcher
        self.left = calls
        self.done = done
        self.dead = False

    def ask(self, request, answers, code=None):  # type: ignore[no-untyped-def]  # as it comes
        self.left -= 1
        if self.left > 0 or (not self.dead and self.code not in (None, code)):
            return super().ask(request, answers, code)
        if not self.dead and self.done:
            super().ask(request, answers, code)
        self.dead = True
        raise Killed


def test_a_full_printer_stops_production_and_releasing_pages_lets_it_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hsm.storage import printer

    monkeypatch.setattr(printer, "PAGES_MAX", 25)
    bureau = Bureau(tmp_path)
    with pytest.raises(PrinterFull):
        bureau.produce()
    first = bureau.pages()
    assert len(first) == 25
    counted = bureau.produce()
    assert counted.mailers[Mailer.PRINTED] == CARDS
    assert len(first) + len(bureau.pages()) == CARDS
    assert len(bureau.box) == CARDS


@pytest.mark.parametrize(("fault", "mailer"), [(NotSent("x"), Mailer.DUE), (OutcomeUnknown("x"), Mailer.DOUBTFUL)])
def test_an_hsm_that_does_not_answer_a_mailer(tmp_path: Path, fault: Exception, mailer: Mailer) -> None:
    class Deaf(LoopbackHsm):
        def ask(self, request, answers, code=None):  # type: ignore[no-untyped-def]  # as it comes
            if code == "EE0E05" and self.asked.get("EE0E05", 0) == 5:
                self.asked["EE0E05"] += 1
                failed: Deferred[e.Empty] = Deferred()
                failed.errback(fault)
                return failed
            return super().ask(request, answers, code)

    bureau = Bureau(tmp_path, Deaf())
    if mailer is Mailer.DUE:
        with pytest.raises(NotSent):
            bureau.produce()
        assert bureau.journal.card(6).mailer is Mailer.DUE
        assert bureau.produce().open_points == []
        return
    counted = bureau.produce()
    assert counted.open_points == ["1 mailers are in doubt"]
    with pytest.raises(JournalError, match="in doubt"):
        bureau.journal.end("now")
    assert bureau.produce().mailers[Mailer.PRINTED] == CARDS - 1, "it is not printed again by itself"
    with pytest.raises(JournalError, match="two officers"):
        bureau.journal.decide_mailer(6, ("Anna", "Anna"), "not there", "now", again=True)
    bureau.journal.decide_mailer(6, OFFICERS, "not there", "now", again=True)
    assert bureau.produce().open_points == []
    trail = [line for line in bureau.returned() if "event" in line]
    assert [(line["event"], line["card"], line["who"]) for line in trail] == [
        ("mailer doubtful", 6, ""),
        ("mailer again", 6, "Anna, Binh"),
    ]


class Spoiling(LoopbackHsm):
    """Moves what goes to cards wrongly while *spoils* says so."""

    def __init__(self, spoils: Callable[[int], bool]) -> None:
        super().__init__()
        self.spoils = spoils
        self.moves = 0

    def for_card(self, source, dek, data):  # type: ignore[no-untyped-def]  # as it comes
        self.moves += 1
        wrong = self.spoils(self.moves)
        return super().for_card(source, dek, bytes(len(data)) if wrong else data)


def test_a_chip_that_fails_is_replaced(tmp_path: Path) -> None:
    bureau = Bureau(tmp_path, Spoiling(lambda move: move == 7))
    assert bureau.produce().cards[State.MADE] == CARDS
    spoiled = [event for event in bureau.journal.events() if event.what == "spoiled"]
    assert len(spoiled) == 1
    assert spoiled[0].why == "84E2, block 5: 6A80"
    assert max(each.chip for each in bureau.journal.cards()) == CARDS + 1


def test_a_card_that_fails_three_times_is_rejected_and_made_when_officers_say_so(tmp_path: Path) -> None:
    spoiling = Spoiling(lambda move: True)
    bureau = Bureau(tmp_path, spoiling)
    counted = bureau.produce()
    assert counted.cards[State.REJECTED] == CARDS
    assert len(bureau.box) == 0
    assert bureau.pages() == [], "no mailer for a card that is none"
    total = bureau.returned()[-1]["total"]
    assert total == {"made": 0, "rejected": CARDS, "mailers": 0}
    spoiling.spoils = lambda move: False
    bureau.journal.again(5, OFFICERS, "the module was dirty", "now")
    counted = bureau.produce()
    assert (counted.cards[State.MADE], len(bureau.box), len(bureau.pages())) == (1, 1, 1)
    assert [event.what for event in bureau.journal.events() if event.sequence == 5] == [
        "spoiled", "spoiled", "rejected", "made again", "made", "mailer printed",
    ]  # fmt: skip


def test_an_empty_hopper(tmp_path: Path) -> None:
    bureau = Bureau(tmp_path, blanks_max=10)
    with pytest.raises(HopperEmpty):
        bureau.produce()
    assert len(bureau.box) == 10
    more = Bureau(tmp_path, bureau.hsm)
    assert more.produce().cards[State.MADE] == CARDS
    assert len(more.box) == CARDS


def test_without_mailers(tmp_path: Path) -> None:
    (tmp_path / "a.prepared").write_bytes(order(mailers=False))
    bureau = Bureau(tmp_path)
    assert bureau.produce().open_points == []
    assert bureau.pages() == []


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda text: text.replace('"keys":"', '"keys":"00', 1), "record 1, field keys: 48 bytes"),
        (lambda text: text[: text.rindex("{") - 60], "record 39: the file is cut off"),
        (lambda text: "".join(text.splitlines(True)[:3] + text.splitlines(True)[4:]), "field card: expected card 3"),
        (lambda text: text.replace('"total":40', '"total":41'), "field total"),
        (lambda text: text.replace('"ORDER-1"', '"ORDER-2"'), "field mac: is not the MAC under MTK"),
        (lambda text: text.replace('"ktk":"000000"', '"ktk":"000001"'), "head, field kcv: ktk has check value 000000"),
        (lambda text: text.replace('{"prepared":1', '{"prepared":2'), "head: a head of format 1"),
        (lambda text: text + "{}\n", "nothing stands behind the end"),
    ],
)
def test_wrong_files_are_refused_before_the_first_card(tmp_path: Path, change: Callable[[str], str], why: str) -> None:
    (tmp_path / "a.prepared").write_text(change(order().decode()))
    bureau = Bureau(tmp_path)
    with pytest.raises(Refused, match=why):
        bureau.produce()
    assert len(bureau.box) == 0
    assert "EEF001" not in bureau.hsm.asked


def test_another_file_under_the_same_order_is_refused(tmp_path: Path) -> None:
    bureau = Bureau(tmp_path)
    bureau.journal.begin("another", CARDS, "now", lambda serial: False)
    with pytest.raises(JournalError, match="another file"):
        bureau.produce()


def test_the_pin_is_on_no_disk_of_production(tmp_path: Path) -> None:
    bureau = Bureau(tmp_path)
    bureau.produce()
    block = des.decrypt_tdes_ecb(bytes.fromhex(CLEAR["pin"]), sealed_pin("82461", holder(1).pan))
    for path in tmp_path.iterdir():
        raw = path.read_bytes()
        assert bytes.fromhex("2582461FFFFFFFFF") not in raw
        assert b"82461FFFF" not in raw.upper()
        assert block not in raw
        assert holder(1).pan.encode() not in raw
