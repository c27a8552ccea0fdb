"""An issuer, and a bureau whose HSM is an appliance in memory."""

from __future__ import annotations

from collections.abc import Coroutine
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any, TypeVar, cast

from support.eracom import EracomSpeaker, make_eracom
from twisted.internet.defer import Deferred, ensureDeferred, execute

from hsm.client.answers import answer_of, command_for
from hsm.client.eracomcodec import EracomWire
from hsm.client.pool import HsmPool
from hsm.wire.message import Message
from switch.perso.books import Books
from switch.perso.issuing import IssuerKeys, Wish, write_order
from switch.perso.terms import Attribute, Content
from switch.server.perso.hsm import PersoHsm
from switch.server.perso.importing import OrderImport

A = TypeVar("A", bound=Message)
T = TypeVar("T")
ISSUER, ORDER, PRODUCT = "970499", "2026-0001", "DEBIT"
SECRET = bytes(range(32))
ZMK = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
CREATED = "2026-01-31T12:00:00Z"
EXTENSION = {"translate-data-extension": "yes"}
PROFILE = """
name = "DEBIT"
issuer = "970499"
applications = ["VSDC"]
attributes = ["holder", "application"]
optional = ["pin", "tracks", "icc-keys"]
mac = "DKEP-MAC"
[dkep]
holder = "DKEP-HOLDER"
pin = "DKEP-PIN"
tracks = "DKEP-TRACKS"
application = "DKEP-APPLICATION"
icc-keys = "DKEP-ICC-KEYS"
"""
DKEPS = {f"DKEP-{each.label.upper()}": each.content for each in Attribute} | {"DKEP-MAC": Content.MACS}
KEYS = IssuerKeys.drawn(SECRET, ISSUER, "01")


def now() -> datetime:
    return datetime(2026, 1, 31, 12, 30, tzinfo=UTC)


class LocalPool:
    """Asks an appliance in memory, by way of the bytes that would go over the wire."""

    def __init__(self, speaker: EracomSpeaker) -> None:
        self.wire = EracomWire()
        self.speaker = speaker
        self.asked: list[str] = []
        self.traffic: list[bytes] = []
        """Every request and reply, as on the wire."""

    def ask(self, request: Message, answers: type[A], *, code: str | None = None) -> Deferred[A]:
        command = command_for(self.wire.dialect, type(request), answers, code)
        self.asked.append(command.code)

        def answered() -> A:
            sent = self.wire.ask(command.code, request)
            said = self.speaker.dispatcher.execute(sent.decode("latin-1"), "127.0.0.1:1")
            self.traffic += [sent, said.encode("latin-1")]
            return answer_of(command, "eracom", self.wire.read_answer(command.code, said.encode("latin-1")), answers)

        return cast("Deferred[A]", execute(answered))


def result(work: Coroutine[Deferred[Any], Any, T]) -> T:
    """What *work*, which waits for nothing, comes to."""
    found: list[T] = []
    failed: list[BaseException] = []
    ensureDeferred(work).addCallbacks(found.append, lambda failure: failed.append(failure.value))
    if failed:
        raise failed[0]
    return found[0]


class Bureau:
    """A PMP in the folder *folder*; its HSM has the ZMK as KIR 1."""

    def __init__(self, folder: Path) -> None:
        self.pool = LocalPool(make_eracom(EXTENSION, {"04:1": ZMK.hex()}))
        self.hsm = PersoHsm(cast("HsmPool", self.pool))
        self.books = Books(folder / "books.db")
        self.folder = folder
        self.importing = OrderImport(self.hsm, self.books, folder, now)

    def prepare(self) -> Bureau:
        """Take in TKissuer, make the DKeps, and put the product."""
        keys = [
            result(
                self.hsm.received_key(
                    KEYS.named(content).name, content, 1, KEYS.under(ZMK, content), KEYS.named(content).check_value
                )
            )
            for content in Content
        ]
        keys += [result(self.hsm.new_key(name, content)) for name, content in DKEPS.items()]
        self.books.add_keys(keys, ("ANNA", "BERT"))
        self.books.put_product(ISSUER, PRODUCT, PROFILE, "CARL")
        return self


def wish(cards: int = 5, **changed: Any) -> Wish:
    made: dict[str, Any] = {
        "order": ORDER, "product": PRODUCT, "prefix": "970499", "cards": cards, "expiry": "2912", "service_code": "201",
    }  # fmt: skip
    return Wish(**(made | changed))


def order(cards: int = 5, keys: IssuerKeys = KEYS, **changed: Any) -> bytes:
    """An order file."""
    out = BytesIO()
    write_order(out, keys, SECRET, wish(cards, **changed), CREATED)
    return out.getvalue()
