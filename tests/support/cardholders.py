"""Cards, keypads and terminals for tests of simulated terminals."""

from __future__ import annotations

from pathlib import Path

from psec import des, pinblock
from support.partner import des_key

from switch.routing.pan import check_digit
from switch.simulators.card import Card
from switch.simulators.cassette import Cassette
from switch.simulators.epp import Epp
from switch.simulators.terminal import Channel, Terminal
from switch.simulators.wording import Moment

TMK = des_key("TMK")
_ONE = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
COMPONENTS = (_ONE, bytes(a ^ b for a, b in zip(_ONE, TMK, strict=True)))
TPK = bytes.fromhex("A1B2C3D4E5F60718293A4B5C6D7E8F90")
PIN, NEW_PIN = "904817", "371502"
PAN = "970436000000000" + check_digit("970436000000000")
CARD = Card("an", PAN, "3012", "101", "00000123")
CHIPPED = Card(
    "chi", PAN, "3012", "201", "00000123", bytes.fromhex("9F2608A1A2A3A4A5A6A7A89F360200019505000000000082023800")
)
ATM = Terminal("ATM00001", Channel.ATM, "napas", "970436000000001", "Hang Bai, Ha Noi")
POS = Terminal("POS00001", Channel.POS, "edc", "970436000000002", "Cho Dong Xuan", "5411")
CASSETTES = (Cassette(500_000, 20), Cassette(100_000, 10))
NOON = Moment("", "120000", "1122")


def check_value(key: bytes) -> str:
    """By psec, three bytes."""
    return str(des.generate_kcv(key, 3).hex().upper())


def under_tmk(key: bytes) -> str:
    """By psec, scheme X."""
    return "X" + des.encrypt_tdes_ecb(TMK, key).hex().upper()


def keyed() -> Epp:
    """A keypad that has both keys."""
    epp = Epp(COMPONENTS)
    epp.take(under_tmk(TPK), check_value(TPK))
    return epp


def pin_in(block: bytes, pan: str = PAN) -> str:
    """The PIN in a block under TPK, by psec; empty if there is none in it."""
    try:
        return str(pinblock.decode_pinblock_iso_0(des.decrypt_tdes_ecb(TPK, block), pan))
    except ValueError:
        return ""


def cards_file(folder: Path, *cards: Card) -> None:
    """``cards.csv`` in *folder*."""
    rows = [f"{c.name},{c.pan},{c.expiry},{c.service_code},{c.discretionary},{c.chip.hex()}" for c in cards]
    heading = "name,pan,expiry,service_code,discretionary,chip"
    (folder / "cards.csv").write_text("\n".join((heading, *rows, "")))


def keys_file(folder: Path, *terminals: str) -> None:
    """``terminals.keys`` in *folder*."""
    components = " ".join(each.hex().upper() for each in COMPONENTS)
    lines = [f"{each} {components} {check_value(TMK)}\n" for each in terminals]
    path = folder / "terminals.keys"
    path.write_text("# terminal, two components, check value\n" + "".join(lines))
    path.chmod(0o600)
