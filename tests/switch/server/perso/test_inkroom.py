"""CardInk's keys: what a kill leaves undone is completed by the same command again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.cardroom import CLEAR, TYPES, LoopbackHsm
from support.perso import ZMK, result

from hsm.testing import eracom_dispatcher
from switch.perso.books import AlreadyThere
from switch.perso.cardconfig import CardInkConfig
from switch.perso.cardkeys import Transport, read_transport
from switch.perso.issuing import check_value, transported
from switch.server.perso.inkroom import CardInk

OFFICERS = ("anna", "bert")
ROLES = {"KTK": "ktk", "MTK": "mtk", "PIN": "pin"}


@pytest.fixture
def ink(tmp_path: Path) -> CardInk:
    hsm = LoopbackHsm()
    zoned = {f"{TYPES[role]}:1": key for role, key in CLEAR.items()} | {"03:1": ZMK.hex(), "04:1": ZMK.hex()}
    settings = {"translate-data-extension": "yes", "issuer-signing-extension": "yes"}
    hsm.dispatcher = eracom_dispatcher(settings=settings, stored_keys=zoned)
    return CardInk(CardInkConfig(tmp_path / "ink", tmp_path / "books.db", 1, 1, ()), hsm)


def audit(ink: CardInk) -> list[tuple[str, object]]:
    return [(each.what, each.told["key"]) for each in ink.chain.entries()]


def forget_the_last_entry(ink: CardInk) -> None:
    """Killed when the keys were there, and the audit had not the last."""
    path = ink.config.folder / "cardink.audit"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))


def test_keys_are_made_and_go_out_once(ink: CardInk, tmp_path: Path) -> None:
    out = tmp_path / "shared.json"
    result(ink.new_keys(ROLES, OFFICERS, out))
    keys, gone = ink.keys(), out.read_bytes()
    forget_the_last_entry(ink)
    result(ink.new_keys(ROLES, OFFICERS, out))
    assert (ink.keys(), out.read_bytes()) == (keys, gone)
    assert audit(ink) == [("key made", name) for name in ROLES]
    assert [key.check_value for key in read_transport(out).keys] == [keys[name].check_value for name in ("KTK", "MTK")]
    for names, to in ((ROLES, tmp_path / "lost.json"), (ROLES | {"MORE": "data"}, out)):
        with pytest.raises(AlreadyThere):
            result(ink.new_keys(names, OFFICERS, to))
    with pytest.raises(AlreadyThere, match="another key KTK"):
        result(ink.new_keys({"KTK": "mtk"}, OFFICERS, out))


def test_a_kill_before_the_keys_are_there_has_them_made_anew(
    ink: CardInk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "shared.json"

    def killed(*told: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("switch.server.perso.inkroom.write_keys", killed)
        with pytest.raises(KeyboardInterrupt):
            result(ink.new_keys(ROLES, OFFICERS, out))
    assert ink.keys() == {}
    result(ink.new_keys(ROLES, OFFICERS, out))
    assert {key.name: key.check_value for key in read_transport(out).keys} == {
        name: ink.keys()[name].check_value for name in ("KTK", "MTK")
    }


def test_an_issuers_keys_are_received_as_far_as_they_are_not_there(ink: CardInk) -> None:
    sent = [transported(role.upper(), role, bytes.fromhex(CLEAR[role]), ZMK) for role in ("cvk", "imk-ac")]
    result(ink.receive_keys(Transport("a", check_value(ZMK), tuple(sent[:1])), OFFICERS))
    first = ink.keys()["CVK"]
    forget_the_last_entry(ink)
    result(ink.receive_keys(Transport("a", check_value(ZMK), tuple(sent)), OFFICERS))
    assert ink.keys()["CVK"] == first
    assert audit(ink) == [("key received", "CVK"), ("key received", "IMK-AC")]
    other = transported("CVK", "cvk", bytes.fromhex(CLEAR["imk-ac"]), ZMK)
    with pytest.raises(AlreadyThere, match="another key CVK"):
        result(ink.receive_keys(Transport("a", check_value(ZMK), (other,)), OFFICERS))


def test_of_an_issuers_rsa_key_the_public_part_is_written_again(ink: CardInk, tmp_path: Path) -> None:
    out = tmp_path / "public.json"
    first = result(ink.new_issuer_key("RSA", 1024, 3, OFFICERS, out))
    told = out.read_text()
    out.unlink()
    forget_the_last_entry(ink)
    assert result(ink.new_issuer_key("RSA", 1024, 3, OFFICERS, out)) == first
    assert out.read_text() == told
    assert json.loads(told)["modulus"] == first.modulus.hex()
    assert audit(ink) == [("issuer key made", "RSA")]
    with pytest.raises(AlreadyThere, match="another key RSA"):
        result(ink.new_issuer_key("RSA", 1152, 3, OFFICERS, out))
