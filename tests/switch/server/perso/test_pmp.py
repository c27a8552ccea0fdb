"""The PMP's keys: what a kill leaves undone is completed by the same command again."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import pytest
from support.perso import KEYS, ZMK, Bureau, order, result

from switch.perso.books import AlreadyThere
from switch.perso.issuing import check_value
from switch.perso.keyfile import KeyFile, SentKey, read_keys
from switch.perso.pmpconfig import PmpConfig
from switch.perso.terms import Content, Refused
from switch.perso.xof import XofReader
from switch.server.perso.pmp import Pmp

T = TypeVar("T")
OFFICERS = ("anna", "bert")


@pytest.fixture
def pmp(tmp_path: Path) -> Pmp:
    (tmp_path / "hsm").mkdir()
    made = Pmp(PmpConfig(tmp_path / "pmp", 1, (), None))
    bureau = Bureau(tmp_path / "hsm")
    bureau.pool.speaker.store("03:1", ZMK.hex())
    made._hsm = bureau.hsm
    return made


def issued(folder: Path, contents: list[Content]) -> Path:
    """TKissuer on its way."""
    path = folder / "keys.json"
    sent = tuple(SentKey(KEYS.named(content), KEYS.under(ZMK, content)) for content in contents)
    path.write_text(KeyFile(check_value(ZMK), sent).text())
    return path


def audit(pmp: Pmp) -> list[tuple[str, object]]:
    return [(each.what, each.told["key"]) for each in pmp.chain.entries()]


def forget_the_last_entry(pmp: Pmp) -> None:
    """Killed when the books had it, and the audit had not."""
    path = pmp.config.folder / "pmp.audit"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))


def test_keys_are_received_as_far_as_they_are_not_there(pmp: Pmp, tmp_path: Path) -> None:
    whole = list(Content)
    result(pmp.receive_keys(issued(tmp_path, whole[:2]), OFFICERS))
    before = pmp.books.all_keys()
    forget_the_last_entry(pmp)
    keys = result(pmp.receive_keys(issued(tmp_path, whole), OFFICERS))
    assert [key.named for key in keys] == [KEYS.named(content) for content in whole]
    assert [key for key in before if key not in pmp.books.all_keys()] == []
    assert sorted(audit(pmp)) == sorted(("key received", key.named.name) for key in keys)


def test_keys_are_made_once(pmp: Pmp) -> None:
    wanted = {"DKEP-A": Content.DATA, "DKEP-B": Content.PINS}
    first = result(pmp.new_keys(wanted, OFFICERS))
    forget_the_last_entry(pmp)
    assert result(pmp.new_keys(wanted, OFFICERS)) == first == pmp.books.all_keys()
    assert audit(pmp) == [("key made", "DKEP-A"), ("key made", "DKEP-B")]


def test_another_key_of_the_name_is_refused(pmp: Pmp, tmp_path: Path) -> None:
    result(pmp.new_keys({"DKEP-A": Content.DATA}, OFFICERS))
    with pytest.raises(AlreadyThere, match="another key DKEP-A is there already"):
        result(pmp.new_keys({"DKEP-A": Content.PINS, "DKEP-B": Content.DATA}, OFFICERS))
    assert [key.named.name for key in pmp.books.all_keys()] == ["DKEP-A"]
    with pytest.raises(AlreadyThere):
        result(pmp.bind_stored_key("DKEP-A", Content.DATA, 7, pmp.books.all_keys()[0].named.check_value, OFFICERS))


def test_keys_that_went_out_do_so_once(pmp: Pmp, tmp_path: Path) -> None:
    wanted, out = {"ITK-A": Content.DATA, "ITK-B": Content.MACS}, tmp_path / "out.json"
    first = result(pmp.send_keys(wanted, 1, out, OFFICERS))
    gone = out.read_text()
    forget_the_last_entry(pmp)
    assert result(pmp.send_keys(wanted, 1, out, OFFICERS)) == first
    assert out.read_text() == gone
    assert audit(pmp) == [("key made and sent", "ITK-A"), ("key made and sent", "ITK-B")]
    assert [key.named for key in read_keys(gone, "out").keys] == [key.named for key in first]
    for other in (tmp_path / "lost.json", out):
        with pytest.raises(AlreadyThere, match="did not go out"):
            result(pmp.send_keys(wanted | ({"ITK-C": Content.DATA} if other == out else {}), 1, other, OFFICERS))


def test_a_kill_before_the_books_has_keys_made_anew(pmp: Pmp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What went out counts when the books have it."""
    out = tmp_path / "out.json"

    def killed(*told: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(pmp.books, "add_keys", killed)
        with pytest.raises(KeyboardInterrupt):
            result(pmp.send_keys({"ITK-A": Content.DATA}, 1, out, OFFICERS))
    (key,) = result(pmp.send_keys({"ITK-A": Content.DATA}, 1, out, OFFICERS))
    assert [each.named for each in read_keys(out.read_text(), "out").keys] == [key.named]


def imported(pmp: Pmp, content: bytes) -> str:
    """The audit entry that the XOF file of an order names."""
    path = pmp.config.folder / "970499-2026-0001.order"
    path.write_bytes(content)
    xof = pmp.xofs / result(pmp.import_order(path, "carl", lambda done, of: None)).xof
    with xof.open("rb") as source:
        return XofReader(source, xof.name).head.audit


def test_an_order_is_noted_once_however_often_its_import_is_repeated(
    pmp: Pmp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed on the way, then between the books and the audit; what the XOF file names stands in the audit."""
    bureau = Bureau(tmp_path).prepare()
    pmp.books, pmp._hsm = bureau.books, bureau.hsm

    def killed(*told: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(bureau.hsm, "translate_pins", killed)
        with pytest.raises(KeyboardInterrupt):
            imported(pmp, order())
    first = imported(pmp, order())
    forget_the_last_entry(pmp)
    assert imported(pmp, order()) == imported(pmp, order()) == first
    begun, done = pmp.chain.entries()
    assert (begun.what, begun.hash, done.what) == ("import begun", first, "order imported")
    with pytest.raises(Refused, match="was imported"):
        imported(pmp, order(4))
    assert [each.what for each in pmp.chain.entries()] == ["import begun", "order imported", "order refused"]
