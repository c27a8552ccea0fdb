"""CardInk's and production's command lines: what they refuse, each in one line."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from support.cardroom import PROFILE

from switch.server.perso.authority_command import command as authority
from switch.server.perso.cardink_command import command as cardink
from switch.server.perso.handout_command import command as handout
from switch.server.perso.production_command import command as produce


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    hsm = '[[hsm]]\naddress = "127.0.0.1:1"\n'
    (tmp_path / "ink.toml").write_text(f'folder = "{tmp_path / "ink"}"\nbooks = "{tmp_path / "books.db"}"\n{hsm}')
    machine = "".join(f'{name} = "{tmp_path / name}"\n' for name in ("kmc", "ktm", "box", "box-key"))
    (tmp_path / "hall.toml").write_text(
        f'folder = "{tmp_path / "hall"}"\n{hsm}[machine]\nkmc-id = "476173000000"\n{machine}'
    )
    for name in ("anna", "bert"):
        (tmp_path / name).write_text(f"the passphrase of {name}\n")
        for part in (ink, hall):
            assert part(tmp_path, "officer", f"{name}:{tmp_path / name}").exit_code == 0
    return tmp_path


def ink(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(cardink, ["--config", str(folder / "ink.toml"), *words])


def hall(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(produce, ["--config", str(folder / "hall.toml"), *words])


def two(folder: Path) -> list[str]:
    return [word for name in ("anna", "bert") for word in ("--officer", f"{name}:{folder / name}")]


def refused(result: Result) -> str:
    """The one line that a refusal is."""
    assert result.exit_code == 1, result.output
    assert len(result.stderr.splitlines()) == 1
    return result.stderr.strip()


def test_keys_take_two_officers(folder: Path) -> None:
    assert "two different officers" in refused(ink(folder, "new-keys", "KTK=ktk"))
    one = two(folder)[:2]
    assert "two different officers" in refused(ink(folder, "new-keys", "KTK=ktk", *one, *one))
    sent = folder / "sent.json"
    sent.write_text("{}")
    assert "two different officers" in refused(hall(folder, "receive-keys", str(sent)))
    assert "zmk-kcv and keys" in refused(hall(folder, "receive-keys", str(sent), *two(folder)))
    assert "two different officers" in refused(hall(folder, "officer", f"carl:{folder / 'anna'}"))


def test_wrong_keys_are_refused_before_the_hsm_is_asked(folder: Path) -> None:
    for wrong in ("KTK", "KTK=kmc", "KTK=pvk", "a/b=ktk", "KTK=nothing"):
        assert "NAME=ROLE" in refused(ink(folder, "new-keys", wrong, *two(folder)))
    assert "a name" in refused(ink(folder, "issuer-key", "a/b", "--out", str(folder / "x"), *two(folder)))


def test_files_that_are_none(folder: Path) -> None:
    wrong = folder / "wrong"
    wrong.write_text("[")
    assert "no issuer key" in refused(ink(folder, "certificate", "RSA", str(wrong)))
    assert "wrong: " in refused(ink(folder, "profile", str(wrong)))
    told = ["--authority", str(wrong), "--issuer-digits", "476173"]
    assert "there is none of this name" in refused(ink(folder, "checklist", "NONE", *told))
    (folder / "profile.toml").write_text(PROFILE)
    assert ink(folder, "profile", str(folder / "profile.toml")).output == "VSDC-DEBIT\n"
    assert "modulus and exponent" in refused(ink(folder, "checklist", "VSDC-DEBIT", *told))
    for words in (("order",), ("status",), ("return",)):
        more = [str(folder / "out")] if words == ("return",) else []
        assert "wrong: " in refused(hall(folder, *words, str(wrong), *more))
    assert "64 hexadecimal digits" in refused(CliRunner().invoke(handout, [str(wrong), "--box-key", str(wrong)]))


def test_configurations_that_are_wrong(folder: Path) -> None:
    for name, runner, text, why in (
        ("ink.toml", ink, 'folder = "x"\n', "books"),
        ("ink.toml", ink, 'folder = "x"\nbooks = "y"\nhsm = []\n', "hsm"),
        ("ink.toml", ink, 'folder = "x"\nbooks = "y"\nkir = 0\n', "kir"),
        ("hall.toml", hall, 'folder = "x"\n[[hsm]]\naddress = "127.0.0.1:1"\n', "machine"),
        (
            "hall.toml",
            hall,
            'folder = "x"\n[[hsm]]\naddress = "127.0.0.1:1"\n[machine]\nkmc-id = "47"\n',
            "12 hexadecimal digits",
        ),
    ):
        (folder / name).write_text(text)
        assert why in refused(runner(folder, "keys" if runner is ink else "status", str(folder / "anna")))


def test_the_authority_keeps_its_key(tmp_path: Path) -> None:
    def say(*words: str) -> Result:
        return CliRunner().invoke(authority, list(words))

    own = tmp_path / "ca"
    assert say("found", "--folder", str(own), "--bits", "1024").exit_code == 0
    key = own / "authority.pem"
    assert key.stat().st_mode & 0o777 == 0o600
    before = key.read_bytes()
    shown = (own / "authority.json").read_bytes()
    for killed in (True, False):
        if killed:
            (own / "authority.json").unlink()
        assert say("found", "--folder", str(own), "--bits", "1024").exit_code == 0
        assert (key.read_bytes(), (own / "authority.json").read_bytes()) == (before, shown)
    for other in (("--bits", "1408"), ("--bits", "1024", "--index", "93")):
        assert "another authority" in refused(say("found", "--folder", str(own), *other))
    assert key.read_bytes() == before
    assert "2 hexadecimal digits" in refused(say("found", "--folder", str(tmp_path / "b"), "--index", "9"))
    public = own / "authority.json"
    told = ("--folder", str(own), "--out", str(tmp_path / "c"))
    assert "3 to 8 digits" in refused(say("certify", str(public), *told, "--identifier", "47", "--expiry", "1230"))
    assert "MMYY" in refused(say("certify", str(public), *told, "--identifier", "476", "--expiry", "1330"))
