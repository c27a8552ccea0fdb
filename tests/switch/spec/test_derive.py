"""The dialects' pages are fresh, and say what the files say."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from switch.codec.specfile import names
from switch.link.table import ECHO, LINE, OURS, THEIRS
from switch.operator.commands import COMMANDS
from switch.scenarios.scenariofile import names as scenarios
from switch.spec.derive import ROOT, derived, main, stale
from switch.spec.pages import DERIVED


def test_the_pages_are_fresh() -> None:
    assert stale(ROOT) == [], "run python -m switch.spec.derive"


def test_every_dialect_has_a_page() -> None:
    assert {path.stem for path in derived(ROOT)} == {
        *names(), *scenarios(), "README", "elements", "link", "configuration", "operating", "simulators",
    }  # fmt: skip


def test_a_page_says_what_the_file_says() -> None:
    page = (ROOT / "base24.md").read_text()
    assert page.startswith(DERIVED)
    assert (
        "| frame | two bytes, most significant first, not counting itself; at most 4096 bytes; no empty frames |"
        in page
    )
    assert "| header: literal | 3 bytes, always `49534F` |" in page
    assert "| 41 | Card acceptor terminal id | ans 16 | yes |  |" in page
    assert "| 52 | PIN data | b 8 | masked |  |" in page
    assert "counts: bytes; parts, see below" in (ROOT / "banknet.md").read_text()
    assert (
        "| header: message length | 2 bytes, by default the message's length in bytes |"
        in (ROOT / "base1.md").read_text()
    )


def test_the_drawing_of_a_link_says_what_its_tables_say() -> None:
    page = (ROOT.parent / "switch" / "link.md").read_text()
    assert "    SOUGHT --> CONNECTED: CONNECTED\n" in page
    assert "| DOUBTED | MISSED | HEARD | FAIL |" in page
    arrows = sum(" --> " in line and "[*]" not in line for line in page.splitlines())
    assert arrows == len(LINE) + len(OURS) + len(THEIRS) + len(ECHO)


def test_check_tells_what_is_stale_and_write_mends_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = tmp_path / "iso8583"
    shutil.copytree(ROOT, root)
    shutil.copytree(ROOT.parent / "switch", tmp_path / "switch")
    assert main(["--check", "--root", str(root)]) == 0
    (root / "banknet.md").write_text("edited")
    (root / "gone.md").write_text(DERIVED)
    (root / "prose.md").write_text("by hand")
    assert main(["--check", "--root", str(root)]) == 1
    assert capsys.readouterr().out.count("stale ") == 2
    assert main(["--root", str(root)]) == 0
    assert main(["--check", "--root", str(root)]) == 0
    assert (root / "prose.md").exists()
    assert not (root / "gone.md").exists()


def test_the_operators_pages_name_every_command_metric_and_table() -> None:
    switch = ROOT.parent / "switch"
    operating, configuration = (switch / "operating.md").read_text(), (switch / "configuration.md").read_text()
    for command in COMMANDS:
        assert f"| `{command}" in operating
    assert "| `zonekey_switch_transactions_total` | service, response |" in operating
    for table in ("[switch]", "[console]", "[metrics]", "[log]", "[hsm]", "[[hsm.site]]", "[[link]]", "[link.partner]"):
        assert f"\n{table}" in configuration
