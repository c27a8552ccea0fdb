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
    return TableFiles(
        bins, services, responses, frozenset({"alpha", "issuer"}), frozenset({"atm"}), fees=frozenset({"inquiry"})
    )


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
        (
            Which.SERVICES,
            SERVICES.replace("inquiry", "question"),
            "services.toml: fee: inquiry, which the issuer charges",
        ),
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


POLICIES = """[[policy]]
name = "basic"
services = ["withdrawal"]
triggers = ["signed-off"]
currency = "704"
amount-a-day = 2000000
count-a-day = 3
exposure = 500000000
"""


def test_prefixes_and_policies_of_stand_in_agree(there: TableFiles, tmp_path: Path) -> None:
    path = tmp_path / "standin.toml"
    path.write_text(POLICIES)
    files = replace(there, stand_in=path)
    before = files.read()
    assert set(before.policies) == {"basic"}
    assert files.bins is not None
    named = BINS.replace("dialect\n", "dialect,stand_in\n").replace("banknet\n", "banknet,{}\n")
    files.bins.write_text(named.format("basic"))
    after, _ = files.again(Which.BINS, before)
    files.bins.write_text(named.format("other"))
    with pytest.raises(TableRefused, match=r"bins\.csv:2: stand_in: a policy of .*standin\.toml is expected"):
        files.again(Which.BINS, after)
    path.write_text(POLICIES.replace("basic", "other"))
    with pytest.raises(TableRefused, match="stand_in"):
        files.again(Which.STAND_IN, after)
    path.write_text(POLICIES.replace("count-a-day = 3", "count-a-day = 4"))
    assert files.again(Which.STAND_IN, after)[1] == "0 added, 0 removed, 1 changed"
    path.write_text(POLICIES + 'cards = "none.csv"\n')
    with pytest.raises(TableRefused, match=r"none\.csv: No such file"):
        files.again(Which.STAND_IN, after)


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
