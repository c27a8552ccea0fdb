"""Tables are read again while the switch runs; what is refused leaves the old ones in force."""

from __future__ import annotations

from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pytest

from switch.config.tables import TableFiles, TableRefused, Which

BINS = "prefix,name,kind,link,dialect\n970405,Alpha,member,alpha,banknet\n"
SERVICES = files("switch.services").joinpath("services.toml").read_text()
RESPONSES = files("switch.services").joinpath("responses.toml").read_text()


@pytest.fixture
def there(tmp_path: Path) -> TableFiles:
    for name, text in (("bins.csv", BINS), ("services.toml", SERVICES), ("responses.toml", RESPONSES)):
        (tmp_path / name).write_text(text)
    bins, services, responses = (tmp_path / name for name in ("bins.csv", "services.toml", "responses.toml"))
    return TableFiles(bins, services, responses, frozenset({"alpha", "issuer"}), frozenset({"atm"}))


def test_new_prefixes_are_told_and_in_force(there: TableFiles) -> None:
    before = there.read()
    assert there.bins is not None
    there.bins.write_text(BINS.replace("Alpha", "Bank Alpha") + "602907,Ours,on-us,issuer,banknet\n")
    after, told = there.again(Which.BINS, before)
    assert told == "1 added, 0 removed, 1 changed"
    assert [row.prefix for row in after.routing.table.rows] == ["970405", "602907"]
    assert (after.services, after.responses) == (before.services, before.responses)


@pytest.mark.parametrize(
    ("which", "text", "place"),
    [
        (Which.BINS, BINS + "970405,Twice,member,alpha,banknet\n", "bins.csv:3: prefix"),
        (Which.BINS, BINS.replace("alpha", "gamma"), "bins.csv:2: link"),
        (Which.SERVICES, "x = \n", "services.toml: "),
        (Which.SERVICES, SERVICES.replace("atm", "kiosk"), "services.toml: channels: atm"),
        (Which.RESPONSES, "[codes]\n00 = 1\n", "responses.toml"),
    ],
)
def test_a_bad_file_is_refused_with_its_place(there: TableFiles, which: Which, text: str, place: str) -> None:
    before = there.read()
    path = {Which.BINS: there.bins, Which.SERVICES: there.services, Which.RESPONSES: there.responses}[which]
    assert path is not None
    path.write_text(text)
    with pytest.raises(TableRefused) as caught:
        there.again(which, before)
    assert place in caught.value.problems[0]


def test_bytes_and_a_missing_file_are_told(there: TableFiles) -> None:
    before = there.read()
    assert there.bins is not None
    there.bins.write_bytes(BINS.encode() + b"\xff")
    with pytest.raises(TableRefused, match=r"bins\.csv:3: UTF-8"):
        there.again(Which.BINS, before)
    there.bins.unlink()
    with pytest.raises(TableRefused, match="No such file"):
        there.again(Which.BINS, before)


def test_what_comes_with_the_product_stays(there: TableFiles) -> None:
    packaged = replace(there, bins=None, services=None, responses=None)
    tables = packaged.read()
    assert packaged.again(Which.BINS, tables) == (tables, "no file is configured")
    assert packaged.again(Which.SERVICES, tables)[1] == "0 added, 0 removed, 0 changed"
