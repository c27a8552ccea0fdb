"""What a key is for: key type codes under a variant LMK, usages and modes in a key block, and what commands ask for.

Under a variant LMK the type of a key is a pair of LMKs and a variant; its three-character code ``vpp`` says both.  In a
key block it is the usage in the header.  A command asks for a ``Usage``, which names both; so does a ``KeyType``, where
the message carries the code.

Sources: the key type tables of the HSM 8000 host-command help, the payShield 9000 list and two public emulators that
agree; numeric key-block usages besides those of ANSI X9.143 clause 6.3 are Thales's, as payShield captures show them.
The numeric usages 11-13, 32, 41-43 and 61-65, and which numeric usage goes with which key type code, are known from one
source or from the payShield manual's tables at second hand.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType

from hsm.keys.secret import BlockAttributes, ClearKey
from hsm.refusal import KeyBlockModeInvalid, KeyTypeCodeInvalid

PAIRS_COUNT = 20
_PAIR_OF_CODE = MappingProxyType(
    {"00": 2, "01": 3, "02": 7, "03": 8, "04": 9}  # 04-05, 06-07, 14-15, 16-17, 18-19
    | {f"{code:02X}": code + 5 for code in range(5, 15)}  # 05 is pair 20-21, and so on to 0E, 38-39
)

_MOVES = frozenset("BDEN")  # enciphers and deciphers data, PINs or keys
_CHECKS = frozenset("CGVN")  # generates and verifies
_DERIVES = frozenset("XN")
_DES_BYTES = (8, 16, 24)
_DOUBLE = (16,)


class Deed(Enum):
    """What is to be done with a key; the value is the modes of use that allow it (ANSI X9.143 clause 6.5)."""

    ENCRYPT = frozenset("BEN")
    DECRYPT = frozenset("BDN")
    GENERATE = frozenset("CGN")
    VERIFY = frozenset("CVN")
    DERIVE = frozenset("XN")
    SIGN = frozenset("STN")


def require(key: ClearKey, deed: Deed) -> None:
    """Nothing, if *key*'s mode of use allows *deed* or it came in no key block; else raises KeyBlockModeInvalid."""
    if key.attributes is not None and key.attributes.mode not in deed.value:
        raise KeyBlockModeInvalid


@dataclass(frozen=True, eq=False, slots=True)
class KeyType:
    """A row of the key type table.  Each exists once, so that rows are compared as objects.

    *code* is 3 characters; *pair* the index of the LMK pair, 0 for 00-01 to 19 for 38-39; *variant* 0-9;
    *block_usages* what a key block may say instead, the one to write first; *modes* the modes of use that go with them;
    *algorithms* the letters of key-block headers; *des_bytes* the lengths of DES keys of this type; *odd_parity*
    is False for derived keys, whose parity bits count: under a variant LMK they get odd parity and lose those.
    """

    code: str
    name: str
    block_usages: tuple[str, ...] = ()
    modes: frozenset[str] = _MOVES
    algorithms: str = "DTA"
    des_bytes: tuple[int, ...] = _DES_BYTES
    odd_parity: bool = True
    pair: int = field(init=False)
    variant: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "pair", _PAIR_OF_CODE[self.code[1:]])
        object.__setattr__(self, "variant", int(self.code[0]))

    @property
    def pair_name(self) -> str:
        """The pair as custodians call it, such as ``06-07``."""
        return f"{2 * self.pair:02d}-{2 * self.pair + 1:02d}"


_MAC = ("M3", "M0", "M1", "M2", "M4", "M5", "M6")
_HMAC = ("M7", "61", "62", "63", "64", "65")
_PVK = ("V0", "V1", "V2")
_CVK = ("C0", "11", "12", "13")

INITIAL_KEY = "B1"
"""Usage of a DUKPT initial key; future keys use its parity bits (ANSI X9.24-1 annex A), so that they stay as derived."""

_TABLE = (
    KeyType("000", "ZMK", ("52", "K0")),
    KeyType("100", "ZMK component", ("52", "K0")),
    KeyType("200", "KML", ("31",), _DERIVES, "T", _DOUBLE),
    KeyType("300", "KEKr", ("54", "K0")),
    KeyType("400", "KEKs", ("54", "K0")),
    KeyType("001", "ZPK", ("72", "P0")),
    KeyType("002", "TMK, TPK, PVK", ("P0", "71", "K0", "51", *_PVK), _MOVES | _CHECKS),
    KeyType("302", "IKEY", (INITIAL_KEY,), _DERIVES, "TA", _DOUBLE, odd_parity=False),
    KeyType("402", "CVK, CSCK", _CVK, _CHECKS, "T", _DOUBLE),
    KeyType("003", "TAK", _MAC, _CHECKS),
    *(KeyType(f"{variant}05", "OBKM") for variant in range(1, 10)),
    KeyType("006", "WWK", ("01",)),
    *(KeyType(f"{variant}06", "OBKM") for variant in range(1, 7)),
    KeyType("107", "KEK", ("54", "K0")),
    KeyType("207", "KMC", ("E5",), _DERIVES, "TA", _DOUBLE),
    KeyType("307", "SK-ENC"),
    KeyType("407", "SK-MAC", _MAC, _CHECKS),
    KeyType("507", "SK-DEK"),
    KeyType("008", "ZAK", _MAC, _CHECKS),
    KeyType("009", "BDK-1", ("B0",), _DERIVES, "TA", _DOUBLE),
    KeyType("109", "MK-AC", ("E0",), _DERIVES, "TA", _DOUBLE),
    KeyType("209", "MK-SMI", ("E2",), _DERIVES, "TA", _DOUBLE),
    KeyType("309", "MK-SMC", ("E1",), _DERIVES, "TA", _DOUBLE),
    KeyType("409", "MK-DAC", ("E3",), _DERIVES, "TA", _DOUBLE),
    KeyType("509", "MK-DN", ("E4",), _DERIVES, "TA", _DOUBLE),
    KeyType("609", "BDK-2", ("41", "B0"), _DERIVES, "TA", _DOUBLE),
    KeyType("709", "MK-CVC3", ("32",), _DERIVES, "TA", _DOUBLE),
    KeyType("809", "BDK-3", ("42", "B0"), _DERIVES, "TA", _DOUBLE),
    KeyType("909", "BDK-4", ("43", "B0"), _DERIVES, "TA", _DOUBLE),
    KeyType("00A", "ZEK", ("22", "D0")),
    KeyType("00B", "DEK", ("21", "D0")),
    KeyType("30B", "TEK", ("23", "D0")),
    KeyType("00C", "RSA private key", ("03",), frozenset("DNSTB"), "R", ()),
    KeyType("10C", "HMAC key", _HMAC, _CHECKS, "H", ()),
    KeyType("00D", "RSA public key MAC", ("02",), frozenset("EVNB"), "R", ()),
    KeyType("70D", "TPK", ("71", "P0")),
    KeyType("80D", "TMK", ("51", "K0")),
    KeyType("90D", "TKR", ("73", "P0")),
)
KEY_TYPES = MappingProxyType({row.code: row for row in _TABLE})

# BU, BW and KA name a bare pair (``pp``, variant 0) or one of two short forms; some pairs have no type of that name.
_BARE_PAIRS = {f"0{code}": KEY_TYPES.get(f"0{code}") or KeyType(f"0{code}", f"pair {code}") for code in _PAIR_OF_CODE}
_PAIR_CODES = MappingProxyType(
    {code[1:]: row for code, row in _BARE_PAIRS.items()} | {"10": KEY_TYPES["100"], "42": KEY_TYPES["402"]}
)


def key_type(code: str) -> KeyType:
    """The key type of the 3-character *code*; raises KeyTypeCodeInvalid.

    >>> key_type("001").name, key_type("001").pair_name, key_type("209").variant
    ('ZPK', '06-07', 2)
    """
    try:
        return KEY_TYPES[code]
    except KeyError:
        raise KeyTypeCodeInvalid from None


_KEK_USAGES = ("52", "K0")


def is_kek(row: KeyType | None, attributes: BlockAttributes | None) -> bool:
    """Is a key of that type, or with those attributes, a ZMK?"""
    return row is KEY_TYPES["000"] or (attributes is not None and attributes.usage in _KEK_USAGES)


def key_type_of_pair(code: str) -> KeyType:
    """The key type that BU, BW and KA call by 2 characters: 00 to 0E, 10 or 42; raises KeyTypeCodeInvalid.

    >>> key_type_of_pair("42").name, key_type_of_pair("0E").pair_name
    ('CVK, CSCK', '38-39')
    """
    try:
        return _PAIR_CODES[code]
    except KeyError:
        raise KeyTypeCodeInvalid from None


@dataclass(frozen=True, eq=False, slots=True)
class Wanted:
    """What a key must be to be opened: *key_type* under a variant LMK, the rest in a key block.

    *key_type* is None when the message leaves the type to the key block (key type code FFF).
    *block_usages* is None when any will do; *components* says whether a component of a key (key version c1 to c9) will.
    """

    key_type: KeyType | None
    block_usages: frozenset[str] | None
    modes: frozenset[str]
    algorithms: str
    des_bytes: tuple[int, ...] = _DES_BYTES
    components: bool = True


ANY_IN_BLOCK = Wanted(None, None, frozenset("BCDEGNSTVXY"), "DTAH")
"""Any key that carries its own type: key type code FFF."""


class Usage(Enum):
    """What commands ask for: key type code, that code when type 002 is separated, usages and modes in a key block.

    Separation (payShield "enforce key type 002 separation") moves terminal PIN and master keys to pair 36-37; PIN
    verification keys stay under 002, so that a PVK can no longer stand where a TMK is asked for.
    """

    ZMK = ("000", "000", ("52", "K0"), _MOVES)
    ZMK_COMPONENT = ("100", "100", ("52", "K0"), _MOVES)
    KML = ("200", "200", ("31",), _DERIVES)
    KEKR = ("300", "300", ("54", "K0"), _MOVES)
    KEKS = ("400", "400", ("54", "K0"), _MOVES)
    ZPK = ("001", "001", ("72", "P0"), _MOVES)
    TPK = ("002", "70D", ("71", "P0"), _MOVES)
    TMK = ("002", "80D", ("51", "K0"), _MOVES)
    TKR = ("002", "90D", ("73", "P0"), _MOVES)
    PVK = ("002", "002", _PVK, _CHECKS)
    PVK_IBM = ("002", "002", ("V0", "V1"), _CHECKS)
    PVK_VISA = ("002", "002", ("V0", "V2"), _CHECKS)
    CVK = ("402", "402", ("C0", "12", "13"), _CHECKS)
    CSCK = ("402", "402", ("C0", "11"), _CHECKS)
    IKEY = ("302", "302", ("B1",), _DERIVES)
    TAK = ("003", "003", _MAC, _CHECKS)
    ZAK = ("008", "008", _MAC, _CHECKS)
    WWK = ("006", "006", ("01",), _MOVES)
    KMC = ("207", "207", ("E5",), _DERIVES)
    BDK = ("009", "009", ("B0",), _DERIVES)
    BDK_2 = ("609", "609", ("41", "B0"), _DERIVES)
    BDK_3 = ("809", "809", ("42", "B0"), _DERIVES)
    BDK_4 = ("909", "909", ("43", "B0"), _DERIVES)
    MK_AC = ("109", "109", ("E0",), _DERIVES)
    MK_SMI = ("209", "209", ("E2",), _DERIVES)
    MK_SMC = ("309", "309", ("E1",), _DERIVES)
    MK_DAC = ("409", "409", ("E3",), _DERIVES)
    MK_DN = ("509", "509", ("E4",), _DERIVES)
    MK_CVC3 = ("709", "709", ("32",), _DERIVES)
    ZEK = ("00A", "00A", ("22", "D0"), _MOVES)
    DEK = ("00B", "00B", ("21", "D0"), _MOVES)
    TEK = ("30B", "30B", ("23", "D0"), _MOVES)
    HMAC = ("10C", "10C", _HMAC, _CHECKS)

    # Enum hashes the member's name in Python; a member is one object, and the key cache hashes one at every command.
    __hash__ = object.__hash__

    def key_type(self, separate_002: bool = False) -> KeyType:
        """The key type of this usage, by whether key type 002 is separated."""
        return KEY_TYPES[self.value[1 if separate_002 else 0]]


def _wanted_for(usage: Usage, separate_002: bool) -> Wanted:
    row = usage.key_type(separate_002)
    _, _, block_usages, modes = usage.value
    return Wanted(row, frozenset(block_usages), modes, row.algorithms, row.des_bytes, usage is Usage.ZMK_COMPONENT)


_FOR_USAGE = MappingProxyType({(usage, split): _wanted_for(usage, split) for usage in Usage for split in (False, True)})
_PVK_ALONE = Wanted(KEY_TYPES["002"], frozenset(_PVK), _CHECKS, "DTA")
_FOR_TYPE = MappingProxyType(
    {
        row: Wanted(row, frozenset(row.block_usages), row.modes, row.algorithms, row.des_bytes)
        for row in (*_TABLE, *_PAIR_CODES.values())
    }
)


def wanted(ask: Usage | KeyType | None, separate_002: bool = False) -> Wanted:
    """What a key must be for *ask*: a command's usage, a key type of a message, or None for key type FFF."""
    if isinstance(ask, Usage):
        return _FOR_USAGE[ask, separate_002]
    if ask is None:
        return ANY_IN_BLOCK
    return _PVK_ALONE if separate_002 and ask.code == "002" else _FOR_TYPE[ask]
