"""A bureau in the process: an appliance that speaks Eracom behind the port that personalisation asks, and keys in it.

Clear keys stand here so that other implementations can compute what the HSM must answer.
"""

from __future__ import annotations

import hashlib
from types import MappingProxyType
from typing import TypeVar, cast

from twisted.internet.defer import Deferred, fail, succeed

from hsm.client.answers import Refused, answer_of, command_for
from hsm.client.eracomcodec import EracomWire
from hsm.client.pool import HsmPool
from hsm.testing import eracom_dispatcher
from hsm.wire.message import Message
from switch.perso.authority import PublicKey, Subject, TestAuthority
from switch.perso.cardkeys import BureauKey, SigningKey
from switch.perso.preparing import Keys
from switch.perso.profile import Profile, read_profile
from switch.server.perso.cardhsm import CardHsm

A = TypeVar("A")
M = TypeVar("M", bound=Message)

SETTINGS = MappingProxyType(
    {
        "translate-data-extension": "yes",
        "translate-to-card-keys": "yes",
        "issuer-signing-extension": "yes",
        "pin-mailing": "yes",
    }
)
CLEAR = MappingProxyType(
    {
        "cvk": "0123456789ABCDEFFEDCBA9876543210",
        "pvv-key": "233220CCDDCC322315C44C2A51A2DFFD",
        "pvk": "0123456789ABCDEFFEDCBA9876543210" + "0123456789012345",
        "imk-ac": "9E15204313F7318ACB79B90BD986AD29",
        "imk-smi": "4664942FE615FB02E5D57F292AA2B3B6",
        "imk-smc": "CE293B8CC12A97379EF256D76109492A",
        "pin": "1111111111111111ABABABABABABABAB",
        "ktk": "2315208C9110AD4089ABCDEF01234567",
        "ptk": "2525252525252525ABABABABABABABAB",
        "mtk": "7676767676767676ABABABABABABABAB",
        "data": "8989898989898989ABABABABABABABAB",
        "kmc": "404142434445464748494A4B4C4D4E4F",
        "ktm": "6D4A2C8E1F3B5D798A9CBED0E2F40617",
    }
)
TYPES = MappingProxyType(
    {
        "cvk": "09", "pvv-key": "08", "pvk": "07", "imk-ac": "30", "imk-smi": "31", "imk-smc": "32", "pin": "01",
        "ktk": "35", "ptk": "36", "mtk": "02", "data": "00", "kmc": "37", "ktm": "05",
    }
)  # fmt: skip
PROFILE = """
name = "VSDC-DEBIT"
aid = "A0000000031010"
label = "VISA DEBIT"
profile = "5C00"
cvm_list = "000000000000000042010103"
usage_control = "FF00"
country = "704"
effective = "260101"
authentication_code = "DAC0"
issuer_key_index = "01"
option = "A"
pin_method = "pvv"
pin_digits = 4
pin_tries = 3
pvk_index = 1
mailers = true
lines = ["MEMBER SINCE 26"]

[keys]
cvk = "ISSUER-CVK"
pvv-key = "ISSUER-PVV"
pvk = "ISSUER-PVK"
imk-ac = "ISSUER-AC"
imk-smi = "ISSUER-SMI"
imk-smc = "ISSUER-SMC"
pin = "PIN"
ktk = "KTK"
ptk = "PTK"
mtk = "MTK"
data = "DATA"
"""


def stored(role: str) -> BureauKey:
    """The key of *role*, stored under index 1 of its type."""
    return BureauKey(role.upper(), TYPES[role], "000000", bytes.fromhex("03030001"))


class LoopbackHsm(CardHsm):
    """The port before an appliance in this process; ``asked`` counts functions."""

    def __init__(self, settings: dict[str, str] | None = None) -> None:
        self.dispatcher = eracom_dispatcher(
            settings={**SETTINGS, **(settings or {})},
            stored_keys={f"{TYPES[role]}:1": key for role, key in CLEAR.items()},
        )
        self.wire = EracomWire()
        self.asked: dict[str, int] = {}
        super().__init__(cast(HsmPool, self))

    def ask(self, request: Message, answers: type[M], code: str | None = None) -> Deferred[M]:
        command = command_for("eracom", type(request), answers, code)
        self.asked[command.code] = self.asked.get(command.code, 0) + 1
        sent = self.wire.ask(command.code, request)
        reply = self.wire.read_answer(command.code, self.dispatcher.execute(sent.decode("latin-1")).encode("latin-1"))
        try:
            return succeed(answer_of(command, "eracom", reply, answers))
        except Refused as e:
            return fail(e)


class SeededBytes:
    """Bytes that are always the same ones."""

    def __init__(self, seed: str) -> None:
        self._seed, self._count = seed, 0

    def __call__(self, size: int) -> bytes:
        drawn = b""
        while len(drawn) < size:
            drawn += hashlib.sha256(f"{self._seed} {self._count}".encode()).digest()
            self._count += 1
        return drawn[:size]


def now(awaited: Deferred[A]) -> A:
    """The result of a Deferred that has fired, or its failure raised."""
    found: list[A] = []
    failed: list[BaseException] = []
    awaited.addCallbacks(found.append, lambda failure: failed.append(failure.value))
    if failed:
        raise failed[0]
    return found[0]


def profile(**changed: str) -> Profile:
    """The profile of these tests; *changed* are fields and their TOML texts."""
    lines = [line for line in PROFILE.splitlines() if line.partition(" = ")[0] not in changed]
    told = [f"{name} = {text}" for name, text in changed.items()]
    return read_profile("\n".join(told + lines), "test")


async def issuer_keys(hsm: CardHsm, authority: TestAuthority) -> Keys:
    """The keys of these tests, and an issuer's RSA key made in the HSM and certified."""
    from switch.server.perso.cardink import new_signing_key

    made: SigningKey = await new_signing_key(hsm, "ISSUER-RSA", 1152, 3)
    certificate = authority.certify(PublicKey(made.modulus, made.exponent), Subject("476173", "1230", b"\0\0\1"))
    return Keys(MappingProxyType({role: stored(role) for role in TYPES}), made, certificate)
