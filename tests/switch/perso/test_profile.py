"""Application profiles: read, and refused with file and field."""

from __future__ import annotations

import pytest
from support.cardroom import PROFILE, profile

from switch.perso.profile import Option, PinMethod, ProfileError, read_profile


def test_a_profile() -> None:
    found = profile(option='"B"', pin_method='"offset"', pin_digits="6")
    assert (found.name, found.option, found.pin_method, found.pin_digits) == (
        "VSDC-DEBIT",
        Option.B,
        PinMethod.OFFSET,
        6,
    )
    assert found.keys["ktk"] == "KTK"
    assert found.lines == ("MEMBER SINCE 26",)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("aid", '"A0"'), ("aid", "1"), ("label", '""'), ("profile", '"5C"'), ("cvm_list", '"00"'), ("country", '"0704"'),
        ("effective", '"2601"'), ("authentication_code", '"DA"'), ("option", '"C"'), ("pin_method", '"none"'),
        ("pin_digits", "3"), ("pin_digits", "13"), ("pin_digits", "true"), ("pin_tries", "0"), ("pvk_index", "7"),
        ("mailers", '"yes"'), ("lines", '["A", "B", "C"]'), ("name", '"a b"'), ("name", '"../x"'),
    ],
)  # fmt: skip
def test_wrong_fields(name: str, text: str) -> None:
    with pytest.raises(ProfileError, match=f"test: {name}"):
        profile(**{name: text})


def test_missing_unknown_and_no_toml() -> None:
    with pytest.raises(ProfileError, match="colour: no such field"):
        profile(colour='"red"')
    with pytest.raises(ProfileError, match="test: aid: is missing"):
        read_profile(PROFILE.replace('aid = "A0000000031010"', ""), "test")
    with pytest.raises(ProfileError, match="test: "):
        read_profile("=", "test")
    with pytest.raises(ProfileError, match="keys"):
        read_profile(PROFILE.replace('ktk = "KTK"', "ktk = 1"), "test")
