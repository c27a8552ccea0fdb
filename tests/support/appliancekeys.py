"""Keys in the clear as appliances with published master keys keep them, in either dialect: by psec, not by the product."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType

from psec import des
from support.opened import opened, pair_of
from support.partner import part_by_part

from hsm.client.codec import HostWire, Wire
from hsm.client.eracomcodec import EracomWire
from hsm.client.process import ApplianceProcess

THALES_TYPES = MappingProxyType(
    {
        "TPK": "002", "ZPK": "001", "PVK": "002", "PVV": "002", "CVK": "402", "ZAK": "008", "TAK": "003", "TMK": "002",
        "IMK-AC": "109", "ZMK": "000",
    }
)  # fmt: skip
"""What keys are for, and their type codes under the published variant LMK."""
ERACOM_VARIANTS = MappingProxyType(
    {
        "TPK": 0x28, "ZPK": 0x28, "PVK": 0x18, "PVV": 0x3C, "CVK": 0x42, "ZAK": 0x24, "TAK": 0x24, "TMK": 0x22,
        "IMK-AC": 0x48, "KIS": 0x30, "KIR": 0x36,
    }
)  # fmt: skip
"""The same, and the variants of the KM that they lie under."""
AMPLE = "timeout = 60\nattempt-timeout = 60\n"
"""A switch waits for its appliance, however busy the machine is."""
KM = bytes.fromhex("22222222222222226666666666666666")
"""The published KM ``test-2266``."""
TABLE = "0123456789012345"
"""The decimalisation table that lies with each Eracom PVK here."""


@dataclass(frozen=True)
class Thales:
    """Keys under the published variant LMK."""

    name: str = "thales"
    options: tuple[str, ...] = ("--lmk", "00=test-variant", "--lmk", "01=test-3des-block", "--authorise", "all")
    wire: HostWire = field(default_factory=Wire)
    table: str = TABLE
    """What a question says of the decimalisation table."""

    def port(self, appliance: ApplianceProcess) -> int:
        return appliance.port

    def kept(self, key: bytes, use: str) -> str:
        return part_by_part(key, pair_of(THALES_TYPES[use]), "U" if len(key) == 16 else "Z")

    def zmk(self, key: bytes) -> str:
        return self.kept(key, "ZMK")

    def opened(self, text: str, use: str) -> bytes:
        return opened(text, pair_of(THALES_TYPES[use]))

    def configured(self, appliance: ApplianceProcess) -> str:
        """What a switch is told of its HSM."""
        return f'[hsm]\n{AMPLE}[[hsm.site]]\nname = "a"\naddress = "127.0.0.1:{self.port(appliance)}"\n'


@dataclass(frozen=True)
class Eracom:
    """Keys under the published KM, as key specifiers of formats 11 and 12."""

    name: str = "eracom"
    options: tuple[str, ...] = ("--eracom-port", "0", "--km", "test-2266")
    wire: HostWire = field(default_factory=EracomWire)
    table: str = ""

    def port(self, appliance: ApplianceProcess) -> int:
        return appliance.ports["eracom"]

    def kept(self, key: bytes, use: str) -> str:
        content = key + bytes.fromhex(TABLE) if use == "PVK" else key
        form = {16: "1111", 24: "1912"}[len(content)]
        return form + des.encrypt_tdes_ecb(self._wrapping(use), content).hex().upper()

    def zmk(self, key: bytes) -> str:
        return f"{self.kept(key, 'KIS')} {self.kept(key, 'KIR')}"

    def opened(self, text: str, use: str) -> bytes:
        assert text.startswith("1111")
        return bytes(des.decrypt_tdes_ecb(self._wrapping(use), bytes.fromhex(text[4:])))

    def configured(self, appliance: ApplianceProcess) -> str:
        """What a switch is told of its HSM."""
        return f'[hsm]\ndialect = "eracom"\n{AMPLE}[[hsm.site]]\nname = "a"\naddress = "127.0.0.1:{self.port(appliance)}"\n'

    def _wrapping(self, use: str) -> bytes:
        return bytes(byte ^ ERACOM_VARIANTS[use] for byte in KM)


Keys = Thales | Eracom
DIALECTS: tuple[Keys, ...] = (Thales(), Eracom())
NAMES = tuple(each.name for each in DIALECTS)
