"""The acceptance table: whole, fresh, and believed only as far as tests go."""

from __future__ import annotations

from pathlib import Path

import pytest

from switch.spec.acceptance import PAGE, ROWS, Row, RowsRefused, Standing, main, page, read

TESTS = ROWS.parents[1]
COUNTS = {
    "A": range(1, 47),
    "B": range(1, 55),
    "C": range(1, 47),
    "F": range(8, 35),
    "V": range(1, 4),
    "P": range(1, 17),
}
GOOD = '[A01]\ntitle = "cash"\ntests = ["test_cash.py::test_it"]\n'


def test_every_row_is_there_once_and_in_order() -> None:
    rows = read(ROWS.read_text(encoding="utf-8"), TESTS)
    assert [row.id for row in rows] == [f"{letter}{n:02}" for letter, numbers in COUNTS.items() for n in numbers]


def test_the_page_is_fresh() -> None:
    assert main(["--check"]) == 0, "run python -m switch.spec.acceptance"
    assert PAGE.exists()


def test_a_row_is_done_only_when_tests_show_all_of_it() -> None:
    assert Row("A01", "x", ("t",)).standing is Standing.DONE
    assert Row("A01", "x", ("t",), "but").standing is Standing.PARTLY
    assert Row("A01", "x", (), "nothing yet").standing is Standing.NOT_YET


def suite(folder: Path, body: str) -> Path:
    """Rows, and a folder of tests above them."""
    (folder / "test_cash.py").write_text(body)
    (folder / "acceptance").mkdir()
    rows = folder / "acceptance" / "rows.toml"
    rows.write_text(GOOD)
    return rows


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ('[A01]\ntitle = "x"\n', "A01: a test, or why there is none, is expected"),
        ('[A01]\nwhy = "x"\n', "A01: a letter and two digits, a title, and besides only tests and why, are expected"),
        ('[Z1]\ntitle = "x"\nwhy = "x"\n', "Z1: a letter and two digits"),
        ('[A01]\ntitle = "x"\nwhy = "x"\ndone = true\n', "A01: a letter and two digits"),
        (GOOD.replace("test_it", "test_other"), "A01: test_cash.py::test_other: no such test"),
        (GOOD.replace("test_cash.py", "test_none.py"), "A01: test_none.py::test_it: no such test"),
        (GOOD.replace("test_cash.py::", ""), "A01: test_it: no such test"),
        (GOOD.replace("test_it", "helped"), "A01: test_cash.py::helped: no such test"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, text: str, wrong: str) -> None:
    suite(tmp_path, "def test_it(): ...\ndef helped(): ...\n")
    with pytest.raises(RowsRefused, match=wrong.replace("[", r"\[")):
        read(text, tmp_path)


def test_a_stale_page_is_told_and_mended(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows, table = suite(tmp_path, "def test_it(): ...\n"), tmp_path / "page.md"
    arguments = ["--rows", str(rows), "--page", str(table)]
    assert main(["--check", *arguments]) == 1
    assert main(arguments) == 0
    assert capsys.readouterr().out == f"stale {table}\nwrote {table}\n"
    assert "| A01 | cash | done | [test_it](../tests/test_cash.py) |" in table.read_text()
    assert main(["--check", *arguments]) == 0
    rows.write_text(GOOD.replace("test_it", "test_gone"))
    assert main(["--check", *arguments]) == 1


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("def test_it(): ...\n", 0),
        ("def test_it(): assert False\n", 1),
        ("import pytest\n\n\ndef test_it(): pytest.skip()\n", 1),
    ],
)
def test_named_tests_are_run_and_none_may_fail_or_be_skipped(tmp_path: Path, body: str, code: int) -> None:
    rows = suite(tmp_path, body)
    assert main(["--run", "--rows", str(rows), "--page", str(tmp_path / "page.md")]) == code


def test_the_page_counts() -> None:
    text = page(
        [Row("A01", "x", ("a.py::test_b",)), Row("A02", "y", (), "later"), Row("P01", "z", ("a.py::t",), "more")]
    )
    assert "1 done, 1 in part, 1 not yet; 3 rows." in text
    assert "| P01 | z | in part | [t](../tests/a.py); more |" in text
