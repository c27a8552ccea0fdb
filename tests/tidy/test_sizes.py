"""Files and functions stay small."""

from __future__ import annotations

import ast
from statistics import median

from support.sources import ROOT, sources

FILE_LINES_MAX, FILE_LINES_MEDIAN_MAX, FUNCTION_LINES_MAX = 400, 200, 50
LONGER_FUNCTIONS: dict[str, int] = {}
"""Functions above the limit and how long they may be: entries may shrink and go, never come."""

LONGER_FILES: dict[str, int] = {}

ALL = sources("hsm") + sources("switch")


def test_no_file_is_long() -> None:
    tests = sources("tests")
    assert {
        s.module: s.lines_count for s in ALL + tests if s.lines_count > LONGER_FILES.get(s.module, FILE_LINES_MAX)
    } == {}


def test_most_files_are_short() -> None:
    assert median(s.lines_count for s in ALL if s.lines_count) <= FILE_LINES_MEDIAN_MAX


def test_no_function_is_long() -> None:
    longer = {}
    for source in ALL:
        for name, function in source.functions():
            lines = (function.end_lineno or 0) - function.lineno + 1
            if lines > LONGER_FUNCTIONS.get(name, FUNCTION_LINES_MAX):
                longer[name] = lines
    assert longer == {}


def test_the_ratchet_holds_nothing_that_has_become_short() -> None:
    lengths = {n: (f.end_lineno or 0) - f.lineno + 1 for s in ALL for n, f in s.functions()}
    assert {name for name in LONGER_FUNCTIONS if lengths.get(name, 0) <= FUNCTION_LINES_MAX} == set()


BANNED = {
    "handler",
    "manager",
    "processor",
    "engine",
    "helper",
    "helpers",
    "utils",
    "util",
    "data",
    "info",
    "misc",
    "common",
}
EXCUSED = {"hsm.crypto.blockcipher.Engine", "hsm.spec.data", "hsm.server.ssh.sendExtInfo"}
"""The block ciphers' two engines are the field's own word; the JSON of a dialect is data; Conch names its methods."""


def words(name: str) -> set[str]:
    """The last word of a name says what the thing is."""
    snake = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).strip("_")
    return {snake, snake.rpartition("_")[2]}


def test_no_name_says_nothing() -> None:
    wrong = []
    for source in ALL:
        names = [source.module] + [
            f"{source.module}.{node.name}"
            for node in ast.walk(source.tree)
            if isinstance(node, ast.ClassDef | ast.FunctionDef)
        ]
        for name in names:
            last = name.rpartition(".")[2]
            found = words(last) & BANNED if not last.islower() or name == source.module else {last} & BANNED
            if found and name not in EXCUSED:
                wrong.append(name)
    assert wrong == []


def test_every_module_and_public_class_and_function_says_what_it_is_for() -> None:
    """Methods whose name says it all may do without, and messages that are fields alone; nothing else."""
    silent = []
    for source in ALL:
        if source.text.strip() and not ast.get_docstring(source.tree):
            silent.append(source.module)
        for node in source.tree.body:
            if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_"):
                if any(ast.unparse(d).endswith(".register") for d in node.decorator_list):
                    continue
                if isinstance(node, ast.ClassDef) and all(isinstance(each, ast.AnnAssign) for each in node.body):
                    continue
                if not ast.get_docstring(node):
                    silent.append(f"{source.module}.{node.name}")
    assert sorted(set(silent) - UNDOCUMENTED) == []
    assert UNDOCUMENTED - set(silent) == set(), "these have become documented: take them off the list"


UNDOCUMENTED: set[str] = set()
"""May only shrink."""


def test_the_changelog_has_an_unreleased_section() -> None:
    text = (ROOT / "CHANGELOG.md").read_text()
    assert "## Unreleased" in text
    assert "### Wire" in text
