"""GS, and FK of what it wrote, as transcripts; psec opens what they give, and the cards are read and added up by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from psec import des
from support import opened
from support.appliances import make_speaker
from support.partner import des_key
from support.playbook import Operator, quick_cards, told

from hsm.console import cards as _cards  # noqa: F401  # declares the commands
from hsm.console import keycomponents as _keys  # noqa: F401  # declares the commands
from hsm.keys.keyparts import Share, to_card
from hsm.keys.secret import ClearKey
from hsm.keys.usage import KEY_TYPES
from hsm.storage.cards import Role
from hsm.storage.database import StorageError

KINDS = ("00=test-variant", "01=test-3des-block", "02=test-aes-block")
C1 = des_key("component").hex()
OF_KIND = {
    "00": ("2", "001", "U"),
    "01": ("2", "", "72", "", "", ""),
    "02": ("AES", "1", "", "72", "", "", ""),
}
"""What FK and GS are told of a key of 16 bytes, by LMK."""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    quick_cards(monkeypatch)


def operator() -> Operator:
    return Operator(make_speaker(lmks=KINDS))


def xor(*components: str) -> bytes:
    total = 0
    for component in components:
        total ^= int(component, 16)
    return total.to_bytes(len(components[0]) // 2, "big")


def odd(key: bytes) -> bytes:
    return bytes(des.adjust_key_parity(key))


def clear_of(token: str, code: str = "001") -> bytes:
    return opened.opened(token, opened.pair_of(code))


NAMES = ("ANNA", "BORIS", "CELIA", "DAVID", "EVA", "FRANZ", "GRETA", "HUGO", "IDA")


def cards(at: Operator, count: int) -> list[str]:
    return [at.card(name).serial for name in NAMES[:count]]


def shares(at: Operator, serials: list[str]) -> list[dict[str, str]]:
    return [json.loads(at.rack.read(serial, "12345")) for serial in serials]


@pytest.mark.parametrize("lmk_id", ["00", "01", "02"])
@pytest.mark.parametrize("count", [2, 3])
def test_gs_and_fk_by_cards(lmk_id: str, count: int) -> None:
    at = operator()
    serials = cards(at, count)
    presented = [each for serial in serials for each in (serial, "12345")]
    made = at.types("GS", lmk_id, str(count), *OF_KIND[lmk_id], *presented)
    assert at.outcome() == "00"
    parts = [share["component"] for share in shares(at, serials)]
    row = KEY_TYPES["001"] if lmk_id == "00" else None
    key = at.desk.hsm(lmk_id).typed(told(made, "Encrypted key"), row)
    assert key.reveal() == (xor(*parts) if lmk_id == "02" else odd(xor(*parts)))
    if lmk_id != "02":
        for place, part in enumerate(parts, start=1):
            assert told(made, f"Component {place} check value") == opened.check_digits(bytes.fromhex(part))[:6]

    confirmed = [each for serial in reversed(serials) for each in (serial, "12345", "Y")]
    formed = at.types("FK", lmk_id, *OF_KIND[lmk_id], "S", str(count), *confirmed, "Y")
    assert at.outcome() == "00"
    assert told(formed, "Key check value") == told(made, "Key check value")
    assert at.desk.hsm(lmk_id).typed(told(formed, "Encrypted key"), row).reveal() == key.reveal()


def test_gs_with_nine() -> None:
    at = operator()
    serials = cards(at, 9)
    made = at.types("GS", "00", "9", "3", "000", "T", *(each for serial in serials for each in (serial, "12345")))
    assert clear_of(told(made, "Encrypted key"), "000") == odd(xor(*(s["component"] for s in shares(at, serials))))


def test_gs_writes_nothing_until_all_are_there() -> None:
    at = operator()
    serials = cards(at, 2)
    at.types("GS", "00", "2", "2", "001", "U", serials[0], "12345")
    at.shell.hang_up("dropped")
    assert [at.rack.read(serial, "12345") for serial in serials] == [b"", b""]
    assert at.outcome() == "GU"
    shown = at.types("GS", "00", "2", "2", "001", "U", serials[0], "12345", serials[0])
    assert "takes another person" in shown
    assert [at.rack.read(serial, "12345") for serial in serials] == [b"", b""]


def test_two_cards_of_one_person_are_one_person() -> None:
    at = operator()
    first, second = at.card("ANNA").serial, at.card("ANNA").serial
    assert "takes another person" in at.types("GS", "00", "2", "2", "001", "U", first, "12345", second)


def test_gs_takes_blank_cards_of_custodians_alone() -> None:
    at = operator()
    officer = at.card("OLGA", Role.OFFICER).serial
    assert "no custodian's card" in at.types("GS", "00", "2", "2", "001", "U", officer)
    serial = cards(at, 1)[0]
    at.rack.write(serial, "12345", b"something")
    assert "is not blank" in at.types("GS", "00", "2", "2", "001", "U", serial, "12345")
    assert at.rack.read(serial, "12345") == b"something"


def test_vc_tells_what_a_card_is_a_component_of() -> None:
    at = operator()
    serials = cards(at, 2)
    made = at.types("GS", "00", "2", "2", "001", "U", serials[0], "12345", serials[1], "12345")
    shown = at.types("VC", serials[1], "12345")
    assert "Key component 2 of 2 for 001" in shown
    assert told(shown, "Component check value") == told(made, "Component 2 check value")
    assert shares(at, serials)[1]["component"] not in shown.lower()


def test_gs_writes_nothing_when_the_key_cannot_be_kept() -> None:
    at = operator()
    serials = cards(at, 2)
    at.types("GS", "00", "2", "2", "001", "U", serials[0], "12345", serials[1])
    at.appliance.authorise(at.appliance.authority.without())
    shown = at.types("12345")
    assert "authorised state" in shown
    assert [at.rack.read(serial, "12345") for serial in serials] == [b"", b""]


def test_a_card_that_cannot_be_written_leaves_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    at = operator()
    serials = cards(at, 2)
    writes = at.rack.write

    def failing(serial: str, pin: str, content: bytes) -> None:
        if serial == serials[1]:
            raise StorageError(Path("cards"), "the disk is full")
        writes(serial, pin, content)

    monkeypatch.setattr(at.rack, "write", failing)
    shown = at.types("GS", "00", "2", "2", "001", "U", serials[0], "12345", serials[1], "12345")
    assert "the disk is full" in shown
    assert f"Erase card {serials[0]}: the set is not whole" in shown
    assert "Encrypted key" not in shown
    shown = at.types("FK", "00", "2", "001", "U", "S", "2", serials[0], "12345", "Y", serials[1], "12345")
    assert "holds no key component" in shown


def test_a_wrong_pin_locks_a_card() -> None:
    at = operator()
    serial = cards(at, 1)[0]
    shown = at.types("GS", "00", "2", "2", "001", "U", serial, "11111", "11111", "11111")
    assert "locked now" in shown
    assert "is locked" in at.types("FK", "00", "2", "001", "U", "S", "2", serial, "12345")


def share(series: str, number: int, count: int = 2, purpose: str = "001", component: str = C1) -> bytes:
    return to_card(Share(series, number, count, purpose, ClearKey(odd(bytes.fromhex(component)))))


@pytest.mark.parametrize(
    ("second", "words"),
    [
        (share("aa", 1), "has been read already"),
        (share("bb", 2), "another key"),
        (share("aa", 2, 3), "another key"),
        (share("aa", 2, purpose="000"), "another sort"),
        (share("aa", 2, component=C1[:16]), "another sort"),
        (b"", "no key component"),
        (json.dumps({"what": "LMK component", "component": C1}).encode(), "no key component"),
    ],
)
def test_fk_refuses_cards_that_do_not_belong_together(second: bytes, words: str) -> None:
    at = operator()
    serials = cards(at, 2)
    for serial, content in zip(serials, (share("aa", 1), second), strict=True):
        at.rack.write(serial, "12345", content)
    shown = at.types("FK", "00", "2", "001", "U", "S", "2", serials[0], "12345", "Y", serials[1], "12345")
    assert words in shown
    assert "Encrypted key" not in shown
    assert at.outcome() == "NO"


def test_fk_stops_at_a_card_that_is_not_confirmed() -> None:
    at = operator()
    serial = cards(at, 1)[0]
    at.rack.write(serial, "12345", share("aa", 1))
    assert "no key has been formed" in at.types("FK", "00", "2", "001", "U", "S", "2", serial, "12345", "N")
