"""The PMP's commands that need no HSM: who may act, products, and one line for what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from support.perso import DKEPS, PROFILE

from switch.main import main
from switch.perso.books import Books
from switch.perso.terms import HeldKey, KeyName

PHRASES = {"anna": "a long passphrase", "bert": "another passphrase", "carl": "a third passphrase"}


class Desk:
    """The command line of a PMP in *folder*."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "pmp.toml"
        self.config.write_text(f'folder = "{folder / "pmp"}"\n[[hsm]]\naddress = "127.0.0.1:1"\n')
        for name, phrase in PHRASES.items():
            (folder / name).write_text(f"{phrase}\n")

    def __call__(self, *words: str | Path, typed: str = "") -> Result:
        line = ["perso", "pmp", "--config", str(self.config), *map(str, words)]
        return CliRunner().invoke(main, line, input=typed)

    def officer(self, name: str) -> str:
        return f"{name}:{self.folder / name}"

    def two(self, *names: str) -> list[str]:
        return [word for name in names for word in ("--officer", self.officer(name))]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    made = Desk(tmp_path)
    for name in ("anna", "bert"):
        assert made("officers", "add", made.officer(name)).exit_code == 0
    return made


def test_a_third_officer_needs_two(desk: Desk) -> None:
    alone = desk("officers", "add", desk.officer("carl"))
    assert (alone.exit_code, alone.stderr) == (1, "two different officers must act together\n")
    assert desk("officers", "add", desk.officer("carl"), *desk.two("anna", "bert")).exit_code == 0
    told = CliRunner().invoke(main, ["perso", "audit", str(desk.folder / "pmp" / "pmp.audit")]).stdout
    assert "anna+bert: officer added officer=carl" in told


def test_an_addition_is_repeated_after_a_kill(desk: Desk) -> None:
    """Killed before the audit had it: the file of officers had it already."""
    audit = desk.folder / "pmp" / "pmp.audit"
    lines = audit.read_bytes().splitlines(keepends=True)
    audit.write_bytes(lines[0])
    assert desk("officers", "add", desk.officer("bert")).exit_code == 0
    assert desk("officers", "add", desk.officer("anna")).exit_code == 0
    told = CliRunner().invoke(main, ["perso", "audit", str(audit)]).stdout.splitlines()
    assert [line.partition(": ")[2] for line in told[:2]] == [
        "officer added officer=anna",
        "officer added officer=bert",
    ]
    (desk.folder / "anna").write_text("yet another passphrase\n")
    assert desk("officers", "add", desk.officer("anna")).exit_code == 1


@pytest.mark.parametrize("names", [["anna"], ["anna", "anna"], ["anna", "carl"]])
@pytest.mark.parametrize(
    "words", [["new", "DKEP-PIN=pins"], ["receive", "FILE"], ["stored", "K", "keys", "1", "123456"]]
)
def test_keys_want_two_officers_before_any_hsm_is_asked(desk: Desk, names: list[str], words: list[str]) -> None:
    given = [str(desk.folder / "anna") if word == "FILE" else word for word in words]
    said = desk("keys", *given, *desk.two(*names))
    assert said.exit_code == 1
    assert said.stderr.count("\n") == 1


def test_a_passphrase_is_asked_for(desk: Desk) -> None:
    said = desk("keys", "new", "DKEP-PIN=pins", "--officer", "anna", "--officer", "bert", typed="wrong wrong\n")
    assert "anna: not known, or another passphrase" in said.stderr


@pytest.mark.parametrize("key", ["A B=pins", "A=pin", "A", "=pins"])
def test_keys_are_named_with_their_kind(desk: Desk, key: str) -> None:
    said = desk("keys", "new", key, *desk.two("anna", "bert"))
    assert (said.exit_code, said.stderr) == (1, f"{key}: NAME=KIND, once, of data, pins, keys, macs\n")


def test_products(desk: Desk) -> None:
    profile = desk.folder / "debit.toml"
    profile.write_text(PROFILE)
    assert desk("product", "put", profile).stderr == "product DEBIT: field dkep.holder: no key DKEP-HOLDER\n"
    books = Books(desk.folder / "pmp" / "books.db")
    keys = [HeldKey(KeyName(name, content, "00AA00"), name.encode()) for name, content in DKEPS.items()]
    books.add_keys(keys, ("anna", "bert"))
    assert desk("product", "put", profile).stdout == "970499 DEBIT\n"
    assert desk("product", "list").stdout == "970499 DEBIT complete\n"
    assert desk("product", "show", "970499", "DEBIT").stdout == PROFILE
    assert "DKEP-PIN                         01 00AA00\n" in desk("keys", "list").stdout
    books.put_product("970499", "DEBIT", PROFILE.replace("DKEP-PIN", "DKEP-NEW"), "carl")
    assert "no key DKEP-NEW" in desk("product", "list").stdout
    assert desk("product", "remove", "970499", "DEBIT").exit_code == 0
    assert desk("product", "remove", "970499", "DEBIT").stderr.endswith("issuer 970499 has none of this name\n")
    assert desk("product", "show", "970499", "DEBIT").exit_code == 1


def test_nothing_to_import_is_no_fault(desk: Desk) -> None:
    said = desk("import")
    assert (said.exit_code, said.output) == (0, "")


def test_a_configuration_is_refused_by_file_line_and_field(desk: Desk) -> None:
    desk.config.write_text('folder = "pmp"\nkir = "one"\n')
    said = desk("orders")
    assert (said.exit_code, said.stderr.splitlines()[-1]) == (1, f"{desk.config}: hsm: expected 1 to 16 [[hsm]] tables")
