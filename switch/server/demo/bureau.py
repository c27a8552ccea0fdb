"""Cards that a bureau has made come to their issuer: its keys for them to its HSM, what it keeps of each to its host.

The folder is that of ``switch perso demo``.  Who reads it here stands outside the bureau: the issuer, which has drawn the
PINs and has them printed for nobody but their holders, and the holders, who have their cards.
"""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hsm.client import eracom as e
from hsm.client.blocking import BlockingClient
from hsm.client.eracomcodec import EracomWire
from switch.demo.nodes import BUREAU_HOLDERS
from switch.perso.cardbox import BoxError, CardBox
from switch.perso.cardkeys import KeyFileError, Transport, read_transport
from switch.perso.handout import stripe_of, write_for_issuer
from switch.perso.issuing import IssuerKeys, clear_pin
from switch.perso.machine import Finished
from switch.perso.orderfile import OrderReader
from switch.perso.terms import Attribute, Refused
from switch.perso.tracks import TrackError
from switch.server.demo.processes import DemoStopped
from switch.server.perso.cardhsm import ECB, USUAL
from switch.server.perso.demo.layout import ISSUER, Layout
from switch.server.perso.demo.steps import ORDER

KEY_VERSION = "01"
ROLES = {"09": ("cvk", "402"), "08": ("pvk", "002"), "30": ("imk_ac", "109")}
"""By the key type that they travel as: what an issuer's host calls its keys, and a Thales appliance their types."""
OPENING = 10_000_000
BOXES: Mapping[str, str] = {"atms": "atms.box", "pos": "pos.box"}
SHOPPERS = frozenset({"hoa"})
"""Whose cards are used at POS terminals; those of the others at ATMs."""
FORGER = "forger"
"""Who has copied the first holder's stripe, and guessed its CVV."""
ADVICE = "01"
"""Of A6: a key that has not odd parity was imported, and has now."""


@dataclass(frozen=True)
class Held:
    """The card of *name*, with the *pin* that its holder was sent, at the host *node*."""

    name: str
    node: str
    card: Finished
    pin: str = field(repr=False)


class Bureau:
    """What has come of the order in *folder*.  Raises DemoStopped when it is not there or not finished."""

    def __init__(self, folder: Path) -> None:
        self._layout = Layout(folder)
        try:
            self.zmk = bytes.fromhex(self._layout.zmk())
            self.keys: Transport = read_transport(folder / "issuer" / "card-keys.json")
            self.held = self._hand_out()
        except (OSError, ValueError, BoxError, KeyFileError, TrackError, Refused) as fault:
            raise DemoStopped(f"{folder}: no finished order of switch perso demo: {fault}") from None

    def _hand_out(self) -> tuple[Held, ...]:
        folder = self._layout.folder
        keys = IssuerKeys.drawn(bytes.fromhex((folder / "issuer" / "secret").read_text()), ISSUER, KEY_VERSION)
        box = CardBox(folder / "machine" / "cards.box", self.box_key, os.urandom)
        cards = {int(card.order.rpartition("/")[2]): card for card in box}
        box.close()
        order = folder / "issuer" / f"{ISSUER}-{ORDER}.order"
        found = []
        with order.open("rb") as source:
            for (name, node), values in zip(BUREAU_HOLDERS.items(), OrderReader(source, order.name), strict=False):
                card = cards[values.sequence]
                pin = clear_pin(values.values[Attribute.PIN], keys, stripe_of(card).pan)
                found.append(Held(name, node, card, pin))
        if len(found) < len(BUREAU_HOLDERS):
            raise DemoStopped(f"{folder}: an order of at least {len(BUREAU_HOLDERS)} cards is expected")
        return tuple(found)

    @property
    def box_key(self) -> bytes:
        """What the box of cards is sealed under."""
        return bytes.fromhex((self._layout.folder / "machine" / "box.key").read_text())

    def fill(self, folder: Path) -> None:
        """Put the holders' cards into boxes of their own in *folder*, where they count on: one for each group of terminals.

        Each holder goes to one of them only, for a card is in one process's hands.
        """
        key = folder / "box.key"
        key.touch(mode=0o600)
        key.write_text(self.box_key.hex() + "\n")
        for group, box in BOXES.items():
            filled = CardBox(folder / box, self.box_key, os.urandom)
            for each in self.held:
                if (each.name in SHOPPERS) == (group == "pos"):
                    filled.put(each.card)
            filled.close()

    def forged(self) -> str:
        """The forger's card, as a line of the terminals' ``cards.csv``."""
        track = stripe_of(self.held[0].card)
        cvv = track.discretionary[-3:]
        wrong = track.discretionary[:-3] + f"{(int(cvv) + 1) % 1000:03}"
        return f"{FORGER},{track.pan},{track.expiry},{track.service_code},{wrong},\n"

    def books(self, node: str) -> tuple[str, str]:
        """``accounts.csv`` and ``cards.csv`` of the host *node*."""
        cards = [each.card for each in self.held if each.node == node]
        accounts = [f"30{number:08}" for number in range(1, len(cards) + 1)]
        out = io.StringIO()
        write_for_issuer(out, cards, accounts)
        rows = "".join(f"{account},current,{OPENING}\n" for account in accounts)
        return f"account,kind,opening\n{rows}", out.getvalue()


def received_by_eracom(bureau: Bureau, port: int, zmk: str) -> Mapping[str, str]:
    """The same, in the Eracom appliance on *port*, from under the KIR *zmk* there: under its Domain Master Key."""
    found = {}
    with BlockingClient("127.0.0.1", port, EracomWire()) as client:
        for key in bureau.keys.keys:
            if key.key_type in ROLES:
                request = e.ImportKey(
                    modifier=USUAL, transport_key=bytes.fromhex(zmk).decode("latin-1"), key_type=key.key_type, mode=ECB,
                    cryptogram=key.cryptogram,
                )  # fmt: skip
                came = client.call("EE0200", request).answer
                if not isinstance(came, e.KeyImported) or came.check_value.hex().upper() != key.check_value:
                    raise DemoStopped(f"the appliance does not take {key.name}")
                found[ROLES[key.key_type][0]] = came.key.encode("latin-1").hex().upper()
    return found


def received(bureau: Bureau, port: int, zmk: str) -> Mapping[str, str]:
    """The issuer's keys in the Thales appliance on *port*, from under *zmk* there: by name, under its LMK."""
    found = {}
    with BlockingClient("127.0.0.1", port) as client:
        for key in bureau.keys.keys:
            if key.key_type in ROLES:
                name, key_type = ROLES[key.key_type]
                reply = client.command(f"A6{key_type}{zmk}X{key.cryptogram.hex().upper()}U")
                if reply[2:4] not in ("00", ADVICE) or reply[37:43] != key.check_value:
                    raise DemoStopped(f"the appliance does not take {key.name}: {reply[2:4]}")
                found[name] = reply[4:37]
    return found
