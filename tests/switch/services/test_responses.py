"""Response codes, either way."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.services.responses import packaged, read
from switch.services.servicefile import ServiceFileError

TOP = '[codes]\n00 = "approved"\n05 = "no"\n51 = "funds"\n91 = "away"\n'
LINK = "bank-like-simulator"


def test_what_a_link_doesnt_name_passes_unchanged() -> None:
    responses = packaged()
    assert [responses.to_link(each, "51") for each in ("anyone", LINK)] == ["51", "51"]
    assert [responses.from_link(each, "51") for each in ("anyone", LINK)] == ["51", "51"]


def test_what_it_names_is_replaced_either_way() -> None:
    responses = packaged()
    assert (responses.to_link(LINK, "15"), responses.from_link(LINK, "Z3")) == ("14", "91")
    assert responses.from_link(LINK, "15") == "15"


def test_what_means_nothing_declines() -> None:
    assert packaged().from_link("anyone", "Q7") == "05"
    with pytest.raises(KeyError):
        packaged().to_link("anyone", "Q7")


@given(st.text(max_size=3), st.sampled_from(["anyone", LINK]))
def test_nothing_but_00_approves(code: str, link: str) -> None:
    assert (packaged().from_link(link, code) == "00") == (code == "00")


@pytest.mark.parametrize("code", sorted(packaged().meanings))
def test_no_approval_becomes_a_decline_on_the_way(code: str) -> None:
    responses = packaged()
    again = responses.from_link(LINK, responses.to_link(LINK, code))
    assert (again == "00") == (code == "00")


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ('[links.a.out]\n51 = "00"', "links.a: 51 would be read as 00"),
        ('[links.a.back]\n51 = "00"', "links.a: 51 would be read as 00"),
        ('[links.a.out]\n00 = "A0"', "links.a: 00 would be read as A0"),
        ('[links.a.back]\n00 = "51"', "links.a: 00 would be read as 51"),
        ('[links.a.out]\n52 = "51"', "links.a.out"),
        ('[links.a.back]\nZ1 = "52"', "links.a.back"),
        ('[links.a.back]\nzz = "51"', "links.a.back"),
        ("[links.a.backwards]", "backwards means nothing"),
        ("[other]", "other means nothing"),
        ("nonsense", "r.toml: "),
    ],
)
def test_a_wrong_file_is_refused(more: str, told: str) -> None:
    with pytest.raises(ServiceFileError, match=told):
        read("r.toml", TOP + more)


def test_another_approval_must_be_read_as_one() -> None:
    text = TOP + '[links.a.out]\n00 = "A0"\n[links.a.back]\nA0 = "00"'
    assert read("r.toml", text).from_link("a", "A0") == "00"


@pytest.mark.parametrize("codes", ['[codes]\n00 = "approved"', '[codes]\n00 = "y"\n05 = "n"\nZ1 = "?"', ""])
def test_the_codes_must_be_there(codes: str) -> None:
    with pytest.raises(ServiceFileError, match=r"r\.toml\.codes"):
        read("r.toml", codes)
