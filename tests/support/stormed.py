"""A switch, an issuer with books and an HSM as processes, and an acquirer in this one: what is killed, and what agrees.

The acquirer's word is what counts: what it has handed out must be what the issuer has booked.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import socket
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from psec import pin
from support import ourbank
from support.databases import Server
from support.switched import RunningSwitch

from hsm.client.process import ServedProcess
from switch.bench.acquirer import withdrawal
from switch.bench.cards import ZMK_UNDER_TEST_LMK, Card, cards, under
from switch.bench.partner import Partner, Unexpected
from switch.codec.codec import codec
from switch.codec.framing import Framer
from switch.codec.message import Message
from switch.ledger.ledger import ledger_balance, trial_balance
from switch.server.links import transmitted_now
from switch.store.opening import database
from switch.store.reading import Reading
from switch.store.rows import FINISHED, Account, Authorisation, Irregular, Owed, Transaction

T1_SECONDS, CALL_SECONDS = 3.0, 0.05
AGAIN_SECONDS, AGAIN_SECONDS_MAX, WAITING_MAX = 1.0, 8.0, 12
"""What is not acknowledged is said again, each time after twice as long; so many terminals wait for an answer at most.
Who asked more of a slow machine however slow it is would have everything too late, for ever."""
START_SECONDS_MAX = 120.0
LINES_SHOWN = 15
CARDS, AMOUNT_MOST = 20, 500
ACKNOWLEDGED = ("00", "21", "25")
KEPT = (2, 3, 4, 11, 12, 13, 32, 37, 41, 42, 49)
ROWS_MAX = 1_000_000
HEAD = """[switch]
name = "{name}"
institution = "{institution}"
bins = "bins.csv"
[log]
file = "switch.log"
[hsm]
timeout = 2
[[hsm.site]]
name = "a"
address = "127.0.0.1:{hsm}"
"""
LINK = """[[link]]
name = "{name}"
spec = "banknet"
role = "{role}"
address = "127.0.0.1:{port}"
[link.seconds]
t0 = 5
t1 = 3
t2 = 2
pause = 0.05
pause-max = 0.2
[link.partner]
institution = "{institution}"
[link.forwarding]
window = 16
pause = 0.5
pause-max = 2
[link.keys]
role = "{side}"
form = "label"
zmk = "{zmk}"
uses-max = 0
"""
BINS = "prefix,name,kind,link,dialect,institution\n970411,issuer,{kind},{link},banknet,970411\n"
ISSUER = (
    '[issuer]\ncurrency = "704"\naccounts = "accounts.csv"\ncards = "cards.csv"\npan-key = "pan.key"\npvk = "{pvk}"\n'
)


class Disagreement(Exception):
    """The books don't agree; the text says how."""


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@dataclass(eq=False)
class Deal:
    """A withdrawal as its acquirer knows it."""

    number: int
    asked: Message
    amount: int
    state: str = "waits"
    kept: int = 0
    answers: int = 0
    over_at: float = 0.0
    timer: asyncio.TimerHandle | None = None


@dataclass
class Acquirer:
    """Asks so many withdrawals *a_second*, and takes back what it can't count on."""

    port: int
    a_second: float
    deals: dict[str, Deal] = field(default_factory=dict)
    open: dict[str, Deal] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    asking: bool = True

    def __post_init__(self) -> None:
        self.codec = codec("banknet")
        self.owners = cards(CARDS)
        self.blocks: tuple[bytes, ...] = ()
        self.writer: asyncio.StreamWriter | None = None
        self.signed_on = False
        self._draw = random.Random(1)  # amounts and cards only

    async def live(self) -> None:
        """Call again and again."""
        while True:
            with contextlib.suppress(OSError, Unexpected, asyncio.IncompleteReadError):
                await self._call()
            self.writer, self.signed_on = None, False
            await asyncio.sleep(CALL_SECONDS)

    async def _call(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.writer = writer
        partner = Partner(self.codec, self.owners, self._installed)
        framer = Framer(self.codec.spec.framing)
        try:
            self._write(partner.sign_on(transmitted_now()))
            while piece := await reader.read(1 << 16):
                framer.feed(piece)
                while (wire := framer.next()) is not None:
                    if wire[1:2] == b"8":
                        said = partner.network(wire)
                        if said is not None:
                            self._write(said)
                        self.signed_on = partner.signed_on
                    elif wire:
                        self._heard(self.codec.decode(wire))
        finally:
            writer.close()

    def _installed(self, terminal: str, key: bytes) -> None:
        self.blocks = under(key, self.owners)

    def _write(self, wire: bytes) -> None:
        if self.writer is not None and not self.writer.is_closing():
            self.writer.write(self.codec.spec.framing.frame(wire))

    async def ask(self) -> None:
        """Ask while ``asking``."""
        while True:
            await asyncio.sleep(1 / self.a_second)
            waiting = sum(deal.state == "waits" for deal in self.open.values())
            if self.asking and self.signed_on and self.blocks and waiting < WAITING_MAX:
                self._ask()

    def _ask(self) -> None:
        number = len(self.deals) + 1
        which = self._draw.randrange(CARDS)
        card: Card = self.owners[which]
        amount = 1000 * self._draw.randint(1, AMOUNT_MOST)
        block = bytes.fromhex(self.blocks[which].decode())
        asked = withdrawal(card, number, transmitted_now(), block).changed(fields={4: amount})
        deal = Deal(number, asked, amount)
        self.deals[str(asked.fields[37])] = self.open[str(asked.fields[37])] = deal
        self._write(self.codec.encode(asked))
        self.counts["asked"] += 1
        deal.timer = asyncio.get_running_loop().call_later(T1_SECONDS, self._take_back, deal)

    def _take_back(self, deal: Deal) -> None:
        deal.state, deal.kept = "gives back", 0
        self.counts["taken back"] += 1
        fields = {number: deal.asked.fields[number] for number in KEPT}
        self._reverse(deal, Message("0420", dict(sorted({**fields, 7: transmitted_now()}.items()))))

    def _reverse(self, deal: Deal, message: Message, pause: float = AGAIN_SECONDS) -> None:
        further = pause
        if self.signed_on:
            self._write(self.codec.encode(message))
            message, further = message.changed(mti="0421"), min(2 * pause, AGAIN_SECONDS_MAX)
        deal.timer = asyncio.get_running_loop().call_later(pause, self._reverse, deal, message, further)

    def _heard(self, message: Message) -> None:
        deal = self.deals.get(str(message.fields.get(37, "")))
        if deal is None:
            return
        response = str(message.fields[39])
        if message.mti == "0210":
            deal.answers += 1
            if deal.answers > 1:
                raise Disagreement(f"withdrawal {deal.number} was answered twice")
            self.counts[f"answered {response}"] += 1
            if deal.state == "waits":
                if response == "00" and deal.number % 50 == 0:
                    self._stop(deal)
                    self._take_back(deal)
                else:
                    self._over(deal, "given" if response == "00" else "declined")
        elif message.mti == "0430" and deal.state == "gives back" and response in ACKNOWLEDGED:
            self._over(deal, "over")

    def _stop(self, deal: Deal) -> None:
        if deal.timer is not None:
            deal.timer.cancel()

    def _over(self, deal: Deal, state: str) -> None:
        self._stop(deal)
        deal.state, deal.kept, deal.over_at = state, deal.amount if state == "given" else 0, time.monotonic()
        self.open.pop(str(deal.asked.fields[37]), None)


class Network:
    """The processes; *server* is the PostgreSQL of the switch, None for SQLite."""

    def __init__(self, folder: Path, server: Server | None = None) -> None:
        self.server = server
        self.hsm_port, self.acquirer_port, self.issuer_port = free_port(), free_port(), free_port()
        self._stack = contextlib.ExitStack()
        self.hsm = self._hsm()
        there = folder / "issuer"
        there.mkdir()
        self._write_books(there)
        here = folder / "centre"
        here.mkdir()
        (here / "bins.csv").write_text(BINS.format(kind="member", link="bank-i"))
        text = HEAD.format(name="centre", institution="970400", hsm=self.hsm_port)
        text += self._link("acquirer", "server", self.acquirer_port, "970405", "switch")
        text += self._link("bank-i", "server", self.issuer_port, "970411", "switch")
        words: tuple[str, ...] = ()
        self.url = f"sqlite:///{here / 'state' / 'switch.db'}"
        if server is not None:
            self.url = server.new_url()
            words = ("--database", self.url)
        self.switch = RunningSwitch(here, text, words, start_seconds_max=START_SECONDS_MAX)
        text = HEAD.format(name="issuer", institution="970411", hsm=self.hsm_port)
        text += self._link("centre", "client", self.issuer_port, "970400", "member")
        text += ISSUER.format(pvk=ourbank.under_lmk(ourbank.PVK, "002"))
        self.issuer = RunningSwitch(there, text, start_seconds_max=START_SECONDS_MAX)
        self.issuer_url = f"sqlite:///{there / 'state' / 'switch.db'}"

    def _hsm(self) -> ServedProcess:
        options = ("--host-port", str(self.hsm_port), "--lmk", "00=test-variant", "--authorise", "all")
        return ServedProcess("hsm.server.main", options, START_SECONDS_MAX).__enter__()

    @staticmethod
    def _link(name: str, role: str, port: int, institution: str, side: str) -> str:
        return LINK.format(
            name=name, role=role, port=port, institution=institution, side=side, zmk=ZMK_UNDER_TEST_LMK
        )  # fmt: skip

    @staticmethod
    def _write_books(there: Path) -> None:
        (there / "bins.csv").write_text(BINS.format(kind="on-us", link="issuer"))
        (there / "pan.key").write_text(ourbank.PAN_KEY.hex() + "\n")
        accounts = [f"a{number},current,,900000000000" for number in range(CARDS)]
        (there / "accounts.csv").write_text("\n".join(["account,kind,credit_limit,opening", *accounts]) + "\n")
        lines = ["pan,expires,service_code,account,savings,pin_check"]
        for number, card in enumerate(cards(CARDS)):
            pvv = pin.generate_visa_pvv(ourbank.PVK, "1", card.pin, card.pan)
            lines.append(f"{card.pan},2912,101,a{number},,{pvv}")
        (there / "cards.csv").write_text("\n".join(lines) + "\n")

    def kill_switch(self) -> None:
        self.switch.process.kill()
        self.switch.process.wait()
        until = time.monotonic() + START_SECONDS_MAX
        while not self._started():
            if time.monotonic() > until:
                raise Disagreement(f"the switch does not start: {self.switch.said()}")

    def _started(self) -> bool:
        """Start it, as a supervisor does again and again while its PostgreSQL still recovers."""
        try:
            self.switch.start()
        except AssertionError:
            self.switch.close()
            return False
        return True

    def kill_hsm(self) -> None:
        os.kill(self.hsm.pid, signal.SIGKILL)
        self.hsm.wait()
        self.hsm.__exit__(None, None, None)
        self.hsm = self._hsm()

    def kill_postgres(self) -> None:
        assert self.server is not None
        self.server.kill()
        self.server.start()

    def told(self) -> str:
        """What the switches said last."""
        logs = [*self.switch.folder.glob("switch.log"), *self.issuer.folder.glob("switch.log")]
        said = [f"{log.parent.name}: " + "\n".join(log.read_text().splitlines()[-LINES_SHOWN:]) for log in logs]
        return "\n".join([*said, self.switch.said()[-2000:], self._sessions()])

    def _sessions(self) -> str:
        if self.server is None:
            return ""
        try:
            self.server.run("SELECT 1")
        except Exception as fault:  # whatever it is, it is to be shown
            return f"PostgreSQL: {fault}"
        return "PostgreSQL answers"

    def close(self) -> None:
        self.switch.close()
        self.issuer.close()
        self.hsm.__exit__(None, None, None)


def reference_of(id: str) -> str:
    return id.split("/")[4]


@dataclass
class Books:
    """What the two stores hold, by DE 37."""

    booked: Counter[str]
    under_way: set[str]
    reversed_: set[str]
    exceptions: list[Irregular]
    wrong_accounts: list[str]
    balance: dict[str, tuple[int, int]]
    settlement: int


@contextlib.contextmanager
def reading(url: str) -> Iterator[Reading]:
    made = Reading(database(url))
    try:
        yield made
    finally:
        made.close()


def books(network: Network) -> Books:
    with reading(network.url) as switch:
        transactions = switch.every(Transaction, ROWS_MAX)
        owed = switch.every(Owed, ROWS_MAX)
        exceptions = switch.irregular()
    with reading(network.issuer_url) as issuer:
        authorised = issuer.every(Authorisation, ROWS_MAX)
        accounts = issuer.every(Account, ROWS_MAX)
        wrong = issuer.books()
        exceptions += issuer.irregular()
    booked: Counter[str] = Counter()
    for each in authorised:
        booked[reference_of(each.id)] += each.amount - each.returned
    under_way = {row.reference for row in transactions if row.stage not in FINISHED}
    under_way |= {reference_of(row.original_id) for row in owed if row.state in ("waiting", "sent")}
    return Books(
        booked, under_way, {reference_of(row.original_id) for row in owed}, exceptions, wrong,
        trial_balance(accounts), sum(ledger_balance(row) for row in accounts if row.id == "settlement:centre"),
    )  # fmt: skip


def compare(network: Network, acquirer: Acquirer, *, all_over: bool) -> int:
    """Compare the three; how many withdrawals were.  Raises Disagreement."""
    over = [deal for deal in list(acquirer.deals.values()) if deal.over_at]
    found = books(network)
    compared = 0
    for deal in over:
        reference = str(deal.asked.fields[37])
        if reference in found.under_way:
            if all_over:
                raise Disagreement(f"withdrawal {deal.number} is still under way")
            continue
        compared += 1
        if found.booked[reference] != deal.kept:
            raise Disagreement(f"withdrawal {deal.number}: {deal.kept} kept, {found.booked[reference]} booked")
        if deal.kept and reference in found.reversed_:
            raise Disagreement(f"withdrawal {deal.number} is kept, and a reversal was invented")
    if found.exceptions:
        raise Disagreement(f"{len(found.exceptions)} exceptions: {found.exceptions[0].kind}")
    if found.wrong_accounts or any(sums != (0, 0) for sums in found.balance.values()):
        raise Disagreement(f"the issuer's books are wrong: {found.wrong_accounts} {found.balance}")
    if all_over and found.settlement != sum(deal.kept for deal in list(acquirer.deals.values())):
        raise Disagreement(f"the issuer owes {found.settlement}")
    return compared
