"""Everything that ``switch demo`` starts, in the order in which each is needed."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from switch.demo.books import Books
from switch.demo.nodes import CARDHOLDERS, COUNTRY, WITH_BUREAU, Known, Node
from switch.demo.story import BINHS_NEW, KIMS_NEW, NEW, Order
from switch.demo.told import Heard
from switch.server.demo.bureau import BOXES, Bureau, received, received_by_eracom
from switch.server.demo.ceremony import EracomCustodians
from switch.server.demo.consoles import NodeConsole
from switch.server.demo.keying import (
    TMK,
    ZMK,
    Custodians,
    Formed,
    Issued,
    Issuing,
    bank_cards,
    components,
    components_of,
    make_lmk,
    new_key_digits,
    new_pin,
    stripes,
)
from switch.server.demo.processes import DemoStopped, Program
from switch.store.opening import database
from switch.store.reading import Reading
from switch.store.rows import Account, Noted, Transaction

PIN_DIGITS = 6
ORDER_SECONDS_MAX, SETTLED_SECONDS_MAX, LOOK_SECONDS = 60.0, 60.0, 0.02
Reach = Callable[[str, int], int]
"""Name of a server's port (``node port``) and its number → by which number its clients reach it."""


def directly(name: str, port: int) -> int:
    """Clients reach the port itself."""
    return port


class Country:
    """All processes, with their files in *folder*; *tell* says what happens.  Raises DemoStopped in all methods.

    With a *bureau* there is a bank besides whose cards it has made.
    """

    def __init__(
        self, folder: Path, tell: Callable[[str], None], reach: Reach = directly, pin_digits: int = PIN_DIGITS,
        bureau: Bureau | None = None,
    ) -> None:  # fmt: skip
        self.folder, self._tell, self._reach = folder, tell, reach
        self.bureau, self.cast = bureau, WITH_BUREAU if bureau else COUNTRY
        self._pin_digits = pin_digits
        self.pins = {
            name: new_pin(pin_digits) for name in (*(each.name for each in CARDHOLDERS), NEW, BINHS_NEW, KIMS_NEW)
        }
        self.secrets: list[bytes] = []
        """Every key in the clear that people have typed: what must be found nowhere."""
        self.known = Known(self.cast)
        self._cards: dict[str, str] = {}
        """By the name that the story has for it, what a card of the bureau is called in its box."""
        self.programs: dict[str, Program] = {}
        self._keypads: dict[str, tuple[tuple[bytes, bytes], Formed]] = {}
        self._readings: dict[str, Reading] = {}
        self._seen: dict[str, str] = {}
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Country:
        return self

    def __exit__(self, *_: object) -> None:
        # Terminals go first, HSMs last; those that call before whom they call, so that they can sign off.
        for program in reversed(self.programs.values()):
            program.end()
        self._stack.close()

    # -- HSMs, keys and cards

    def start_hsms(self) -> None:
        """An appliance for the switch and for each bank, each with an LMK of its own."""
        names = self.cast.hsms
        with ThreadPoolExecutor(len(names)) as side_by_side:
            made = side_by_side.map(lambda name: make_lmk(self.folder, name, self._pin_digits), names)
            options = dict(zip(names, made, strict=True))
        for name, words in options.items():
            more = ("--eracom-port", "0") if name in self.cast.eracom else ()
            self._start(name, "hsm.server.main", "serve", *words, *more)
        for name in names:
            port = self.programs[name].await_ready()["eracom" if name in self.cast.eracom else "thales"]
            self.known.learn(**{name.replace("-", "_"): self._reach(name, port)})

    def form_keys(self) -> None:
        """Custodians type components at the consoles: zone keys at both ends, terminals' at their host's."""
        with contextlib.ExitStack() as seated, ThreadPoolExecutor(len(self.cast.hsms)) as side_by_side:
            thales = [name for name in self.cast.hsms if name not in self.cast.eracom]
            seats = side_by_side.map(Custodians, [self.folder / name for name in thales])
            at: dict[str, Custodians] = dict(zip(thales, seats, strict=True))
            for each in at.values():
                seated.callback(each.leave)
            for name in self.cast.eracom:
                at[name] = self._master_key(name)
                seated.callback(at[name].leave)
            for zone in self.cast.zones:
                parts = self._secret(components())
                formed = [at[name].form(ZMK, parts) for name in zone.at]
                self._learn_zone(zone.name, zone.at, formed)
            for group, terminals in self.cast.terminals.items():
                letters = [self._terminal_key(at[name], id) for id, name in terminals.items()]
                self._private(f"{group}.keys", "".join(letters))
            if self.bureau is not None:
                self._bureaus_zone(self.bureau, at)
            for name in thales:
                parts = self._secret(components())
                self._keypads[name] = parts, at[name].form(TMK, parts)

    def _master_key(self, name: str) -> EracomCustodians:
        """The custodians of the appliance *name*, after they have brought it its Domain Master Key."""
        custodians = EracomCustodians(self.folder / name)
        value = custodians.load_master_key(self._secret(components()))
        self._tell(f"Domain Master Key of {name}: 2 components by custodians with cards, check value {value}")
        return custodians

    def _bureaus_zone(self, bureau: Bureau, at: Mapping[str, Custodians]) -> None:
        """The zone key between the issuer and its bureau at the issuer's own appliances."""
        parts = self._secret(components_of(bureau.zmk))
        for name in ("hsm-c1", "hsm-c2"):
            formed = at[name].form(ZMK, parts)
            if formed.check_value != bureau.keys.zmk_check_value:
                raise DemoStopped(f"{name} has another zone key than the bureau")
            self.known.learn(**{f"zmk_bureau_{name}".replace("-", "_"): formed.cryptogram})

    def _secret(self, parts: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
        one, two = parts
        self.secrets += [one, two, bytes(a ^ b for a, b in zip(one, two, strict=True))]
        return parts

    def _learn_zone(self, name: str, at: tuple[str, ...], formed: list[Formed]) -> None:
        if len({each.check_value for each in formed}) != 1:
            raise DemoStopped(f"{name}: the two ends have different keys")
        self.known.learn(**{f"{name}_kcv": formed[0].check_value})
        where = dict(zip(("at_switch", "at_bank"), formed, strict=False)) if len(at) > 1 else {"": formed[0]}
        for place, key in where.items():
            self.known.learn(**{f"{name}_{place}".rstrip("_"): key.cryptogram})
        self._tell(f"{name}: {len(at) * 2} components typed at {' and '.join(at)}, check value {formed[0].check_value}")

    def _terminal_key(self, custodians: Custodians, id: str) -> str:
        """Form the master key of the terminal *id*; the technician's letter."""
        parts = self._secret(components())
        formed = custodians.form(TMK, parts)
        self.known.learn(**{f"tmk_{id}": formed.cryptogram})
        self._tell(f"master key of {id}: check value {formed.check_value}")
        return f"{id} {parts[0].hex().upper()} {parts[1].hex().upper()} {formed.check_value}\n"

    def issue_cards(self) -> None:
        """Cardholders choose PINs, banks issue cards."""
        everybody: list[Issued] = []
        for letter, node, hsm in (
            ("a", "bank-a", "hsm-a"),
            ("b", "bank-b", "hsm-b"),
            ("c", "cardpro", "hsm-a"),
            ("s", "scheme", "hsm-switch"),
        ):
            issuing = Issuing(int(self.known.values[hsm.replace("-", "_")]), *self._keypads[hsm])
            self.known.learn(**{f"pvk_{letter}": issuing.pvk, f"cvk_{letter}": issuing.cvk})
            with contextlib.closing(issuing):
                issued = [issuing.issue(card, self.pins[card.name]) for card in CARDHOLDERS if card.issuer == node]
            self._write(f"{node}.cards.csv", bank_cards(issued))
            self._private(f"{node}.pan.key", new_key_digits())
            everybody += issued
        self._write("cards.csv", stripes(everybody) + self._from_bureau())

    def _from_bureau(self) -> str:
        """Cards of the bureau get to their holders, and the keys and PVVs to their hosts; what else is on stripes."""
        for group, box in BOXES.items():
            lines = f'box = "{box}"\nbox-key = "box.key"' if self.bureau is not None else ""
            self.known.learn(**{f"{group}_box": lines})
        if self.bureau is None:
            return ""
        self.bureau.fill(self.folder)
        self.pins |= {each.name: each.pin for each in self.bureau.held}
        self._cards = {each.name: each.card.order for each in self.bureau.held}
        self._learn_issuer(self.bureau, "bank-c1", "hsm-c1")
        self._learn_issuer(self.bureau, "bank-c2", "hsm-c2")
        return self.bureau.forged()

    def _learn_issuer(self, bureau: Bureau, node: str, hsm: str) -> None:
        take = received_by_eracom if hsm in self.cast.eracom else received
        name = hsm.replace("-", "_")
        keys = take(bureau, int(self.known.values[name]), self.known.values[f"zmk_bureau_{name}"])
        self.known.learn(**{f"{name}_{node.removeprefix('bank-')}": key for name, key in keys.items()})
        for name, text in zip(("accounts", "cards"), bureau.books(node), strict=True):
            self._write(f"{node}.{name}.csv", text)
        self._private(f"{node}.pan.key", new_key_digits())

    # -- switches and terminals

    def start_nodes(self) -> None:
        """The switches, who is called before who calls; those that need nothing of each other side by side."""
        for node in self.cast.nodes:
            for called in node.calls:
                self._await(called)
            self._write_node(node)
            config = str(self.folder / f"{node.name}.toml")
            self._start(node.name, "switch.main", "serve", "--config", config)
        for node in self.cast.nodes:
            self._await(node.name)

    def _write_node(self, node: Node) -> None:
        self._write(f"{node.name}.toml", self.known.filled(f"{node.name}.toml"))
        self._write(f"{node.name}.bins.csv", self.known.filled(f"{node.name}.bins.csv"))
        accounts = f"{node.name}.accounts.csv"
        if node.issues and not (self.folder / accounts).exists():
            self._write(accounts, self.known.filled(accounts))

    def _await(self, name: str) -> None:
        if not self.programs[name].ports:
            ports = self.programs[name].await_ready()
            shown = {port: self._reach(f"{name} {port}", number) for port, number in ports.items()}
            self.known.ports(name, shown)

    def start_terminals(self) -> None:
        """ATMs and POS terminals; the technicians' letters are destroyed when the keys are typed in."""
        for group in self.cast.terminals:
            self._write(f"{group}.toml", self.known.filled(f"{group}.toml"))
            words = ("simulate", "--config", str(self.folder / f"{group}.toml"))
            self._start(group, "switch.main", *words, typed_at=True)
        for group in self.cast.terminals:
            self.programs[group].await_ready()
            (self.folder / f"{group}.keys").unlink()

    def order(self, at: str, order: Order) -> Mapping[str, object]:
        """Have *order* done by one of the terminals of *at*; what comes of it.  PINs are named in *order*."""
        program = self.programs[at]
        typed = {name: self.pins[str(value)] if name in ("pin", "new-pin") else value for name, value in order.items()}
        if "card" in typed:
            typed["card"] = self._cards.get(str(typed["card"]), typed["card"])
        program.keyboard.write(json.dumps(typed | {"id": 1}).encode() + b"\n")
        program.keyboard.flush()
        # A terminal that says nothing any more must not keep everybody waiting: what it writes ends with it.
        patience = threading.Timer(ORDER_SECONDS_MAX, program.ask_to_end)
        patience.daemon = True
        patience.start()
        try:
            return self._reply(program, str(order["terminal"]))
        finally:
            patience.cancel()

    def _reply(self, program: Program, terminal: str) -> Mapping[str, object]:
        reply: Mapping[str, object] | None = None
        reversed_ = False
        for line in program.screen:
            told: Mapping[str, object] = json.loads(line)
            reversed_ |= told.get("event") == "reversal" and told.get("terminal") == terminal
            reply = told if told.get("id") == 1 or "error" in told else reply
            # A reversal that is under way is seen through: the next step finds everybody's books in order.
            if reply is not None and (reversed_ or not reply.get("reversal")):
                return reply
        raise DemoStopped(f"{program.name} has gone")

    # -- what is known of it

    def console(self, node: str) -> NodeConsole:
        """The console of *node*."""
        return NodeConsole(node, self.programs[node].ports["console"])

    def heard(self) -> Iterator[Heard]:
        """What is in the nodes' journals since this was asked before."""
        for node in self.cast.nodes:
            since = self._seen.get(node.name, "")
            for noted in self._reading(node.name).every(Noted):
                if noted.id > since:
                    self._seen[node.name] = noted.id
                    yield Heard(node.name, noted)

    def settled(self) -> None:
        """Wait until nobody is owed anything that store-and-forward must still deliver."""
        until = time.monotonic() + SETTLED_SECONDS_MAX
        while any(self._reading(node.name).queues() for node in self.cast.nodes):
            if time.monotonic() > until:
                raise DemoStopped("store-and-forward does not deliver")
            time.sleep(LOOK_SECONDS)

    def books(self) -> dict[str, Books]:
        """Everybody's."""
        found = {}
        for node in self.cast.nodes:
            reading = self._reading(node.name)
            if reading.books():
                raise DemoStopped(f"{node.name}: sums of accounts are not those of their postings")
            found[node.name] = Books(reading.every(Account), reading.every(Transaction))
        return found

    def _reading(self, node: str) -> Reading:
        if node not in self._readings:
            self._readings[node] = Reading(database(f"sqlite:///{self.folder / node / 'switch.db'}"))
            self._stack.callback(self._readings[node].close)
        return self._readings[node]

    def _start(self, name: str, module: str, *words: str, typed_at: bool = False) -> None:
        self.programs[name] = Program(self.folder, name, module, words, typed_at)

    def _write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text, encoding="utf-8")

    def _private(self, name: str, text: str) -> None:
        path = self.folder / name
        path.touch(mode=0o600)
        self._write(name, text)
