"""The demonstration on a terminal: what is done, who says what to whom, and whether all was as it must be."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from switch.demo.books import compared
from switch.demo.story import BUREAU_STORY, STORY, Step
from switch.demo.told import lines, money
from switch.server.demo.country import Country
from switch.services import responses

IN_FORCE = "in force"


class Showing:
    """Shows *country* by *say*, a line at a time; *wrong* is what was not as expected."""

    def __init__(self, country: Country, say: Callable[[str], None]) -> None:
        self._country, self._say = country, say
        self._story = (*STORY, *(BUREAU_STORY if country.bureau else ()))
        self._meanings = responses.packaged().meanings
        self._invoices: dict[str, str] = {}
        self.wrong: list[str] = []

    def all(self) -> None:
        """From the first process to the books.  Raises DemoStopped."""
        began = time.monotonic()
        self._found()
        self._sign_on()
        for step in self._story:
            self._step(step)
        self._operator()
        self._books()
        seconds = time.monotonic() - began
        self._say("")
        self._say(f"{len(self._story)} steps in {seconds:.0f} s; {len(self.wrong)} not as expected.")

    def _title(self, text: str) -> None:
        self._say("")
        self._say(text)

    def _found(self) -> None:
        country = self._country
        cast = country.cast
        self._title(f"{len(cast.hsms)} HSMs, each with a master key of its own that nobody knows.")
        country.start_hsms()
        for name, whose in cast.hsms.items():
            self._say(f"    {name:<10}  {whose}, port {country.programs[name].ports['thales']}")
        self._title("Custodians form keys from components: zone master keys at both ends, terminals' at their host's.")
        country.form_keys()
        self._title(
            "Cardholders choose their PINs at a keypad in the branch; the banks' HSMs make PVV and CVV of each card."
        )
        country.issue_cards()
        self._title("The nodes, each a process, and their terminals.")
        country.start_nodes()
        country.start_terminals()
        for node in cast.nodes:
            self._say(f"    {node.name:<10}  {node.title}")
        for group, terminals in cast.terminals.items():
            self._say(f"    {group:<10}  {', '.join(terminals)}")

    def _sign_on(self) -> None:
        self._title("They sign on and exchange working keys.  Both ends of a link show the same check values:")
        for name, count in self._country.cast.zone_keys.items():
            with self._country.console(name) as console:
                self._shown(name, console.until("keys", IN_FORCE, count))
        self._title("ATMs get the PIN keys of the day from their hosts:")
        for name, count in self._country.cast.keyed.items():
            with self._country.console(name) as console:
                self._shown(name, console.until("terminals", IN_FORCE, count))

    def _shown(self, name: str, table: list[str]) -> None:
        for line in table:
            self._say(f"    {name:<10}  {line}")

    def _step(self, step: Step) -> None:
        order = dict(step.order)
        if step.of:
            order["invoice"] = self._invoices[step.of]
        told = self._country.order(step.at, order)
        self._country.settled()
        if step.named:
            self._invoices[step.named] = str(told.get("invoice", ""))
        self._title(f"{step.title}.")
        self._messages()
        self._say(f"    {step.order['terminal']}: {self._outcome(told)}")
        self._expect(step.title, {name: (told.get(name), value) for name, value in step.expected.items()})

    def _messages(self) -> None:
        for line in lines(self._country.heard(), self._meanings):
            self._say(f"    {line}")

    def _outcome(self, told: Mapping[str, object]) -> str:
        words = [str(told.get("outcome", told.get("error", "")))]
        if "dispensed" in told:
            words.append(f"{money(int(str(told['dispensed'])))} dispensed")
        found = told.get("balances")
        for each in found if isinstance(found, list) else []:
            words.append(f"{each['kind']} {money(each['minor'], each['currency'])}")
        if "chip" in told:
            words.append(f"the chip {told['chip']}")
        if told.get("reversal"):
            words.append("a reversal is under way")
        return ", ".join(words)

    def _operator(self) -> None:
        """Network management: an echo, and new keys while everything runs."""
        self._title("The switch's operator asks bank B for an echo, and gives bank A new working keys.")
        with self._country.console("switch") as console:
            console.ask("link bank-b echo")
            console.until("link bank-b", "HEARD")
            console.ask("key change bank-a")
            self._shown("switch", console.until("keys bank-a", " 2  ", 2))
        self._step(STORY[3])

    def _books(self) -> None:
        self._title("Everybody's books:")
        for agreed in compared(self._country.books(), self._country.cast.members):
            said = ", ".join(f"{who} {money(amount)}" for who, amount in agreed.theirs.items())
            self._say(f"    {agreed.about:<24}  {said}")
            self._expect(agreed.about, {"": (agreed.right, True)})

    def _expect(self, about: str, found: Mapping[str, tuple[object, object]]) -> None:
        for name, (value, expected) in found.items():
            if value != expected:
                self.wrong.append(f"{about}: {name} {value!r}, not {expected!r}".replace(":  ", ": "))
                self._say(f"    NOT AS EXPECTED: {self.wrong[-1]}")
