"""Keys in TR-31 blocks under the KM, format 17: what each fault of a block is answered with."""

from __future__ import annotations

import pytest
from psec import tr31
from support.eracom import make_eracom

KM = bytes.fromhex("22222222222222226666666666666666")
KEY = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
PIN_BLOCK = "30539D10D2A91061"
ASK = make_eracom()


def block(
    usage: str = "P0", algorithm: str = "T", mode: str = "B", version: str = "00", exportability: str = "E",
    key: bytes = KEY, optional: dict[str, str] | None = None,
) -> str:  # fmt: skip
    """A block under the test KM, by psec."""
    header = tr31.Header("B", usage, algorithm, mode, version, exportability)
    for name, content in (optional or {}).items():
        header.blocks[name] = content
    return str(tr31.wrap(KM, header, key))


WHOLE = block()


def spec(text: str) -> str:
    content = bytes((0x17, 0)) + text.encode()
    count = len(content)
    return (bytes((0x80 | count >> 8, count & 0xFF)) + content).hex() if count > 127 else f"{count:02X}" + content.hex()


def translated_to(text: str) -> str:
    """The return code of a translation to the key in *text*."""
    return ASK(f"EE0602 00 {PIN_BLOCK} 02 00 01 10 666666666666 10 {spec(text)}")[6:8]


def cut(text: str, digits: int) -> str:
    """*text* without its last *digits*, with a length that says so."""
    text = text[:-digits]
    return text[0] + f"{len(text):04d}" + text[5:]


def test_a_key_in_a_block_is_used() -> None:
    assert translated_to(block()) == "00"
    assert translated_to(block(mode="E", optional={"PB": "0000"})) == "00"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (WHOLE[:-1] + ("1" if WHOLE[-1] == "0" else "0"), "92"),
        (block("D0"), "93"),
        (block(algorithm="D"), "98"),
        (block(algorithm="R"), "94"),
        (block(mode="D"), "95"),
        (block(version="A1"), "96"),
        (block(exportability="X"), "97"),
        (block(algorithm="T", key=KEY[:8]), "98"),
        (cut(WHOLE, 3), "98"),
        (block(optional={"KS": "00"}).replace("KS06", "KS03"), "9B"),
        ("Z" + WHOLE[1:], "9D"),
    ],
    ids=[
        "authenticator", "usage", "length for DES", "algorithm", "mode for this", "key version",
        "exportability", "length for TDES", "block length", "optional block", "version",
    ],
)  # fmt: skip
def test_each_fault_of_a_block_has_its_code(text: str, code: str) -> None:
    assert translated_to(text) == code


@pytest.mark.parametrize(("exportability", "code"), [("E", "00"), ("S", "00"), ("N", "97")])
def test_a_key_that_must_stay_is_not_exported(exportability: str, code: str) -> None:
    ask = make_eracom(stored={"03:1": "22" * 16})
    assert ask(f"EE0201 00 02 00 01 01 00 {spec(block(exportability=exportability))}")[6:8] == code


@pytest.mark.parametrize("only_trusted", [True, False])
def test_in_trusted_format_only_no_bare_cryptogram_crosses_the_border(only_trusted: bool) -> None:
    """Switch S6: every transport cryptogram of this dialect is bare."""
    stored = {"03:1": "22" * 16, "04:1": "22" * 16, "05:1": "22" * 16, "01:1": "11" * 16}
    ask = make_eracom({"trusted-format-only": "yes"} if only_trusted else {}, stored)
    under = "10" + "0123456789ABCDEF" * 2
    for request in (
        f"EE0200 00 020001 01 00 {under}", "EE0201 00 020001 01 00 020001", "EE0400 00 020001 0200",
        "EE0402 00 020001 0200", f"EE0403 00 020001 0200 {under}",
    ):  # fmt: skip
        assert ask(request)[6:8] == ("50" if only_trusted else "00"), request
