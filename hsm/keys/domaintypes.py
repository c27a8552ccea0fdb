"""Key types of a Domain Master Key (KM): what each is called, and the variant of the KM that enciphers it.

Under the KM, and under transport keys of the Eracom variant scheme, a key lies under the wrapping key xor a byte that
says its type, repeated over all bytes.  Six of these bytes follow from device traces whose KM, or whose transport key,
is known: DPK 00, PPK 28, MPK 24, KTM 22, PVK 18, KI 9C.  The others are not public.  Each has a default here, of even
weight as the known ones have (so that a wrapping key keeps its parity) and different from all others; the setting
``km-variants`` changes them.

Codes are two decimal digits, names those of the client sources.  Source: traces and clients named in
protocol-spec/eracom/vectors.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from hsm.refusal import KeyTypeInvalid


@dataclass(frozen=True, eq=False, slots=True)
class DomainKeyType:
    """A row of the table.  Each exists once, so that rows are compared as objects.

    *code* is 2 digits; *variant* a byte, *proven* if a trace shows it; *block_usage* and *mode* what a TR-31 block says
    (ANSI X9.143 clauses 6.3 and 6.5); *atalla* the number of the Atalla variant.
    """

    code: str
    name: str
    variant: int
    block_usage: str
    mode: str = "N"
    proven: bool = False
    atalla: int | None = None


DPK = DomainKeyType("00", "DPK", 0x00, "D0", "B", True, 2)
PPK = DomainKeyType("01", "PPK", 0x28, "P0", "B", True, 1)
MPK = DomainKeyType("02", "MPK", 0x24, "M3", "C", True, 3)
KIS = DomainKeyType("03", "KIS", 0x30, "K0", atalla=0)
KIR = DomainKeyType("04", "KIR", 0x36, "K0", atalla=0)
KTM = DomainKeyType("05", "KTM", 0x22, "K0", "B", True, 0)
CSCK = DomainKeyType("06", "CSCK", 0x3A, "C0", "C", atalla=3)
PVK = DomainKeyType("07", "PVK", 0x18, "V1", "C", True, 4)
"""The IBM 3624 PIN verification key; a decimalisation table of 8 bytes stands behind it, enciphered with it."""
KPVV = DomainKeyType("08", "KPVV", 0x3C, "V2", "C", atalla=4)
KCVV = DomainKeyType("09", "KCVV", 0x42, "C0", "C", atalla=3)
KI = DomainKeyType("10", "KI", 0x9C, "K0", "B", True, 0)
BDK = DomainKeyType("24", "BDK", 0x44, "B0", "X", atalla=8)
IMK_AC = DomainKeyType("30", "IMK-AC", 0x48, "E0", "X")
IMK_SMI = DomainKeyType("31", "IMK-SMI", 0x4E, "E2", "X")
IMK_SMC = DomainKeyType("32", "IMK-SMC", 0x50, "E1", "X")
IMK_DAC = DomainKeyType("33", "IMK-DAC", 0x56, "E3", "X")
IMK_DN = DomainKeyType("34", "IMK-DN", 0x5A, "E4", "X")
KTK = DomainKeyType("35", "KTK", 0x5C, "K0", "B")
PTK = DomainKeyType("36", "PTK", 0x60, "P0", "B")
KMC = DomainKeyType("37", "KMC", 0x66, "E5", "X")
IMK_CVC = DomainKeyType("38", "IMK-CVC", 0x6A, "E6", "X")
IPEK = DomainKeyType("71", "IPEK", 0x82, "B1", "X")

_TABLE = (
    DPK, PPK, MPK, KIS, KIR, KTM, CSCK, PVK, KPVV, KCVV, KI, BDK,
    IMK_AC, IMK_SMI, IMK_SMC, IMK_DAC, IMK_DN, KTK, PTK, KMC, IMK_CVC,
    DomainKeyType("40", "DK-DPK", 0x6C, "D0", "B"),
    DomainKeyType("41", "DK-PPK", 0x72, "P0", "B"),
    DomainKeyType("42", "DK-MPK", 0x74, "M3", "C"),
    DomainKeyType("43", "DK-KIS", 0x78, "K0", "E"),
    DomainKeyType("44", "DK-KIR", 0x7E, "K0", "D"),
    IPEK,
)  # fmt: skip
DOMAIN_KEY_TYPES = MappingProxyType({row.code: row for row in _TABLE})
DERIVES = frozenset({BDK, IMK_AC, IMK_SMI, IMK_SMC, IMK_DAC, IMK_DN, KMC, IMK_CVC})
"""Types whose keys are of double length and make other keys."""

PIN_VARIANT = 0x84
"""The KM variant of PINs under the KM; not public, so this product's own.  It belongs to no key type."""


def domain_key_type(code: str) -> DomainKeyType:
    """The key type of the two digits *code*; raises KeyTypeInvalid.

    >>> domain_key_type("10").name, f"{domain_key_type('10').variant:02X}"
    ('KI', '9C')
    """
    try:
        return DOMAIN_KEY_TYPES[code]
    except KeyError:
        raise KeyTypeInvalid from None
