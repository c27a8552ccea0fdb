"""Tables that an operator keeps as files: comma-separated values under a line of column names, ``#`` before a comment."""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Iterable, Iterator

NAME = re.compile("[A-Za-z_-]{1,40}")
ROWS_MAX, PROBLEMS_MAX, LINE_CHARS_MAX = 1_000_000, 50, 1_000


class TableFileError(Exception):
    """The file is refused; *problems* are lines of ``file:line: field: what is wrong``, the first 50 of them."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


def records(
    name: str,
    text: str,
    needed: Collection[str],
    optional: Collection[str] = (),
    error: type[TableFileError] = TableFileError,
) -> Iterator[tuple[int, dict[str, str]]]:
    """The line number and the cells by column name of each row of *text*, the content of the file *name*.

    The columns *needed* must be there, the *optional* ones may.  Raises *error*.
    """
    columns: list[str] | None = None
    for line, written in enumerate(text.removeprefix("\ufeff").splitlines(), 1):
        if not written.strip() or written.lstrip().startswith("#"):
            continue
        if len(written) > LINE_CHARS_MAX or line > ROWS_MAX:
            raise error([f"{name}:{line}: row: at most {LINE_CHARS_MAX} characters and {ROWS_MAX} lines"])
        try:
            cells = [cell.strip() for cell in next(csv.reader([written], strict=True))]
        except csv.Error:
            raise error([f"{name}:{line}: row: no comma-separated values"]) from None
        if columns is None:
            columns = cells
            wrong = _wrong_columns(f"{name}:{line}", columns, needed, optional)
            if wrong:
                raise error(wrong[:PROBLEMS_MAX])
        elif len(cells) != len(columns):
            raise error([f"{name}:{line}: row: {len(columns)} values are expected, {len(cells)} stand there"])
        else:
            yield line, dict(zip(columns, cells, strict=True))


def _wrong_columns(place: str, columns: list[str], needed: Collection[str], optional: Collection[str]) -> list[str]:
    wrong = [f"{place}: {each}: a column of this name is missing" for each in needed if each not in columns]
    for number, each in enumerate(columns, 1):
        if each not in (*needed, *optional):
            # Where the line of names is missing, this is the first row, with card numbers perhaps.
            shown = repr(each) if NAME.fullmatch(each) else f"column {number}"
            wrong.append(f"{place}: {shown}: means nothing here")
    wrong += [f"{place}: {each}: stands twice" for each in sorted(set(columns)) if columns.count(each) > 1]
    return wrong
