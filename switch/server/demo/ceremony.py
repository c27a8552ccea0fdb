"""How the custodians of an appliance that speaks the Eracom dialect bring it its keys: at the console, with cards."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from switch.server.demo.keying import PROMPT, QUESTION, Custodians, Formed
from switch.server.demo.processes import DemoStopped

KIS, KIR = "03", "04"
"""Key types of a zone master key: to send keys under, and to receive them."""
PIN_DIGITS = 6
OFFICERS, CUSTODIANS = ("OLGA", "OTTO"), ("KAREN", "KONRAD")


@dataclass(frozen=True)
class _Card:
    number: str
    pin: str = field(repr=False)


class EracomCustodians(Custodians):
    """The same, at an appliance whose Domain Master Key they load first, each with a card of their own."""

    def __init__(self, state_dir: Path) -> None:
        super().__init__(state_dir)
        self._index = 0
        self._asked("SECURE")
        self._officers = [self._card("O", name) for name in OFFICERS]
        self._custodians = [self._card("C", name) for name in CUSTODIANS]

    def load_master_key(self, parts: Sequence[bytes]) -> str:
        """The Domain Master Key of the components *parts* (console command LKM): its check value.  Raises DemoStopped."""
        self._asked("LKM", "")
        return self._of_components(parts)

    def form(self, key_type: str, parts: Sequence[bytes]) -> Formed:
        """A zone master key at the next index, to send under and to receive under (LSK).  Raises DemoStopped.

        It is of the dialects' common kind: keys lie under it as they are, without variants.
        """
        self._index += 1
        for stored_as in (KIS, KIR):
            self._asked("LSK", stored_as, str(self._index), "C")
            value = self._of_components(parts, "N")
        return Formed(f"0303{self._index:04X}", value)

    def leave(self) -> None:
        """They put the appliance to work again, and go."""
        self._asked("ONLINE")
        super().leave()

    def _card(self, kind: str, holder: str) -> _Card:
        pin = "".join(secrets.choice("0123456789") for _ in range(PIN_DIGITS))
        by_officer = self._shown(self._officers[:1]) if kind == "C" else []
        told = self._asked("FC", "I", kind, *by_officer, holder, pin, pin)
        issued = re.search(rb"Card ([0-9]+) is", told)
        if issued is None:
            raise DemoStopped("an appliance issued no card")
        return _Card(issued[1].decode(), pin)

    def _shown(self, cards: Sequence[_Card]) -> list[str]:
        return [word for card in cards for word in (card.number, card.pin)]

    def _of_components(self, parts: Sequence[bytes], *more: str) -> str:
        self._asked("2", str(len(parts)), "K")
        for card, part in zip(self._custodians, parts, strict=True):
            told = self._asked(*self._shown([card]), part.hex().upper(), "Y")
        told = self._asked(*more) if more else told
        value = re.search(rb"[Cc]heck value: ([0-9A-F]{6})", told)
        if value is None or not self._asked("Y").endswith(PROMPT):
            raise DemoStopped("an appliance took no key of its custodians")
        return value[1].decode()

    def _asked(self, *words: str) -> bytes:
        """What is said to the last of *words*."""
        told = b""
        for word in words:
            told = self._answered(word, (QUESTION, PROMPT))
        return told
