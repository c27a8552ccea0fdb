"""Status and log."""

from __future__ import annotations

from support.eracom import make_eracom


def test_status_has_the_layout_of_device_traces() -> None:
    ask = make_eracom()
    first = bytes.fromhex(ask("01"))
    assert len(first) == 0x1D
    assert first[:10].hex() == "0100" + "0000000000" + "020200"
    assert first[20:] == b"\x08ZONEKEY0"


def test_status_counts_calls() -> None:
    ask = make_eracom()
    session = ask.session()
    for _ in range(3):
        session.feed(bytes.fromhex("01010000000101") * 4)
        session.work(9)
    reply = bytes.fromhex(ask("01"))
    assert reply[12:16] == reply[16:20] == (12).to_bytes(4, "big")


def test_a_client_that_asks_whether_we_live_finds_zero_at_offset_8() -> None:
    session = make_eracom().session()
    session.feed(bytes.fromhex("010100000003FFF000"))
    assert session.work(1)[8] == 0


def test_random() -> None:
    ask = make_eracom()
    one, other = ask("EE0002 00 20"), ask("EE0002 00 20")
    assert one[:10] == other[:10] == "EE00020020"
    assert len(one) == 10 + 64
    assert one != other
    assert ask("EE0002 00 00") == "EE000204"
    assert ask("EE0002 00") == "EE000203"
    assert ask("EE0002 00 FF")[:12] == "EE00020080FF"
