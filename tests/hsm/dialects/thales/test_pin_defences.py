"""Weak PINs, fraud limits and restricted use of PIN blocks."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from support.appliances import Speaker
from support.pins import (
    ACCOUNT,
    DATA,
    PVK,
    PVK_PAIR,
    TABLE,
    TPK,
    TPK_BLOCK_1234,
    ZPK,
    ZPK_2,
    ZPK_BLOCK_1234,
    block,
    kept,
)

Desk = Callable[..., Speaker]


def test_weak_pins_may_not_be_chosen(desk: Desk) -> None:
    one = desk({"weak-pin-check": "yes"})
    weak = kept(one, "1111")
    in_block = block(one, "1111")
    assert one(f"DG{PVK_PAIR}{weak}{ACCOUNT}1") == "DH86"
    assert one(f"DE{PVK}{weak}04{ACCOUNT}{TABLE}{DATA}") == "DF86"
    assert one(f"FW001{ZPK}{PVK_PAIR}{in_block}01{ACCOUNT}1") == "FX86"
    assert one(f"BK001{ZPK}{PVK}{in_block}0104{ACCOUNT}{TABLE}{DATA}") == "BL86"
    assert one(f"CU001{ZPK}{PVK_PAIR}{ZPK_BLOCK_1234}01{ACCOUNT}14402{in_block}") == "CV86"
    assert one(f"CU001{ZPK}{PVK_PAIR}{ZPK_BLOCK_1234}01{ACCOUNT}14401{in_block}") == "CV01"
    assert desk()(f"DG{PVK_PAIR}{weak}{ACCOUNT}1")[:4] == "DH00"


@pytest.mark.parametrize(
    ("table", "code"),
    [
        ("*02049999" + "1234", "86"),
        ("*010499991", "03"),
        ("*0105" + "12345", "81"),
        ("*01049999", "00"),
        ("*0104", "03"),
    ],
)
def test_the_table_a_request_brings(desk: Desk, table: str, code: str) -> None:
    one = desk()
    assert one(f"DG{PVK_PAIR}{kept(one)}{ACCOUNT}1{table}")[2:4] == code
    assert one(f"DE{PVK}{kept(one)}04{ACCOUNT}{TABLE}{DATA}{table}")[2:4] == code
    assert one(f"BK001{ZPK}{PVK}{ZPK_BLOCK_1234}0104{ACCOUNT}{TABLE}{DATA}{table}%00")[2:4] == code


def test_verification_stops_at_the_limit_of_failures(desk: Desk) -> None:
    one = desk({"fraud-detection": "yes", "pin-verifies-per-minute": "3"})
    wrong = f"EC{ZPK}{PVK_PAIR}{ZPK_BLOCK_1234}01{ACCOUNT}14401"
    assert [one(wrong) for _ in range(4)] == ["ED01"] * 3 + ["ED39"]
    right = kept(one)
    for request in (
        f"EC{ZPK}{PVK_PAIR}{ZPK_BLOCK_1234}01{ACCOUNT}14402",
        f"DC{TPK}{PVK_PAIR}{TPK_BLOCK_1234}01{ACCOUNT}14402",
        f"EA{ZPK}{PVK}12{ZPK_BLOCK_1234}0104{ACCOUNT}{TABLE}{DATA}0000FFFFFFFF",
        f"DA{TPK}{PVK}12{TPK_BLOCK_1234}0104{ACCOUNT}{TABLE}{DATA}0000FFFFFFFF",
        f"BE{ZPK}{ZPK_BLOCK_1234}01{ACCOUNT}{right}",
        f"BC{TPK}{TPK_BLOCK_1234}01{ACCOUNT}{right}",
        f"CU001{ZPK}{PVK_PAIR}{ZPK_BLOCK_1234}01{ACCOUNT}14402{ZPK_BLOCK_1234}",
        f"DU001{ZPK}{PVK}{ZPK_BLOCK_1234}0104{ACCOUNT}{TABLE}{DATA}0000FFFFFFFF{ZPK_BLOCK_1234}",
    ):
        assert one(request)[2:] == "39"
    assert one(f"CC{ZPK}{ZPK_2}12{ZPK_BLOCK_1234}0101{ACCOUNT}")[:4] == "CD00"


def test_bad_blocks_count_as_attacks(desk: Desk) -> None:
    one = desk({"fraud-detection": "yes", "pin-attack-limit": "2"})
    assert [one(f"JE{ZPK}{'0' * 16}01{ACCOUNT}") for _ in range(2)] == ["JF20"] * 2
    assert one(f"EC{ZPK}{PVK_PAIR}{ZPK_BLOCK_1234}01{ACCOUNT}14402") == "ED39"


def test_restricted_use(desk: Desk) -> None:
    restricted = {"restrict-pin-block-usage": "yes"}
    one = desk(restricted, authorise="pin.clear")
    sealed = kept(one)
    choice = [
        f"DE{PVK}{sealed}04{ACCOUNT}{TABLE}{DATA}",
        f"BK001{ZPK}{PVK}{ZPK_BLOCK_1234}0104{ACCOUNT}{TABLE}{DATA}",
        f"DU001{ZPK}{PVK}{ZPK_BLOCK_1234}0104{ACCOUNT}{TABLE}{DATA}0000FFFFFFFF{ZPK_BLOCK_1234}",
        f"CU001{ZPK}{PVK_PAIR}{ZPK_BLOCK_1234}01{ACCOUNT}14402{ZPK_BLOCK_1234}",
    ]
    assert [one(request)[2:4] for request in choice] == ["17"] * 4
    allowed = desk(restricted, authorise="pin.select")
    assert [allowed(request)[2:4] for request in choice] == ["15", "15", "15", "00"]  # the data must be the account's
    own = f"N{ACCOUNT[-11:]}"
    assert allowed(choice[0].replace(DATA, own))[2:4] == "00"
    assert allowed(f"EA{ZPK}{PVK}12{ZPK_BLOCK_1234}0105{ACCOUNT}{TABLE}{own}00000FFFFFFF") == "EB20"
    assert allowed(f"CC{ZPK}{ZPK_2}06{ZPK_BLOCK_1234}0101{ACCOUNT}") == "CD15"
    assert allowed(f"JE{ZPK}{ZPK_BLOCK_1234}03{ACCOUNT}") == "JF69"
    assert allowed(f"JG{ZPK}03{ACCOUNT}{sealed}") == "JH69"
