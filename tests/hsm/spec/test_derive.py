"""What is derived is fresh, and says what the declarations say."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from hsm.dialects.thales.codes import thales
from hsm.dialects.thales.families import load
from hsm.policy.declaration import declared_in
from hsm.policy.settings import Settings
from hsm.spec.derive import ROOT, derived, main, stale, write
from hsm.spec.pages import DERIVED
from hsm.spec.witnessed import exchanges
from hsm.wire.export import message_class, message_data

load()


def test_protocol_spec_is_fresh() -> None:
    assert stale(ROOT) == [], "run python -m hsm.spec.derive"


def test_deriving_twice_gives_the_same() -> None:
    assert derived(ROOT) == derived(ROOT)


def test_json_alone_makes_every_message_again() -> None:
    data = json.loads((ROOT / "thales" / "commands.json").read_text())
    assert set(data["commands"]) == set(thales.commands)
    for code, command in data["commands"].items():
        for part, cls in (("request", thales.commands[code].asks), ("answer", thales.commands[code].answers)):
            assert json.loads(json.dumps(message_data(message_class(command[part])))) == command[part]
            assert list(cls.FIELDS) == [field["name"] for field in command[part]["fields"]]


def test_a_page_says_fields_codes_and_examples() -> None:
    page = (ROOT / "thales" / "CA.md").read_text()
    assert page.startswith(DERIVED)
    assert "| source block | 16 H, or 32 H if source key is an AES key |" in page
    assert "| 23 | No such PIN block format code. |" in page
    assert "> CA 0406FBB23A5214DF BAB32D775A38E4AB 12 DC80B186C30902B0 03 03 550000025321" in page


def test_every_setting_is_in_the_manual() -> None:
    page = (ROOT / "settings.md").read_text()
    assert [f.name for f in declared_in(Settings) if f"## {f.name}\n" not in page] == []


def test_check_tells_what_is_stale_and_write_mends_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = tmp_path / "spec"
    shutil.copytree(ROOT, root)
    assert main(["--check", "--root", str(root)]) == 0
    page, orphan, prose = root / "thales" / "CA.md", root / "thales" / "QQ.md", root / "thales" / "prose.md"
    page.write_text("edited")
    orphan.write_text(DERIVED)
    prose.write_text("by hand")
    assert main(["--check", "--root", str(root)]) == 1
    assert capsys.readouterr().out.count("stale /") == 2
    assert write(root) == [page, orphan]
    assert (orphan.exists(), prose.exists(), stale(root)) == (False, True, [])


def entry(**changes: object) -> dict[str, object]:
    return {"id": "a", "source": "s", "request": "NC", "reply": "ND13"} | changes


def test_witnessed_files_are_read_strictly(tmp_path: Path) -> None:
    file = tmp_path / "some.json"
    file.write_text(json.dumps([entry(), entry(id="b", request_hex="4E43FF", reply_starts="ND00")]))
    first, second = exchanges(tmp_path)
    assert (first.command, first.refused, first.open_ended, first.authorise) == ("NC", True, False, "all")
    assert (second.request, second.open_ended) == (b"NC\xff", True)
    for wrong in ([entry(colour="red")], [entry(), entry(request="NO00")]):
        file.write_text(json.dumps(wrong))
        with pytest.raises(ValueError, match=r"colour|two exchanges"):
            exchanges(tmp_path)


def test_no_schema_kind_lacks_a_parameter() -> None:
    schema = json.loads((ROOT / "schema.json").read_text())
    kinds = {s["properties"]["kind"]["const"]: set(s["properties"]) for s in schema["$defs"]["kind"]["oneOf"]}
    data = json.loads((ROOT / "thales" / "commands.json").read_text())

    def walk(each: object) -> None:
        if isinstance(each, dict):
            if "notation" in each:
                assert set(each) <= kinds[each["kind"]]
            for inner in each.values():
                walk(inner)
        elif isinstance(each, list):
            for inner in each:
                walk(inner)

    walk(data)
