"""A captured frame is explained, masked, and what is wrong in it is named."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hsm.client.explain import explain
from hsm.client.shown import exchange_lines, field_lines
from hsm.testing import request_bytes

CA = b"HEADCA0406FBB23A5214DFBAB32D775A38E4AB12DC80B186C30902B00303550000025321"


def test_a_request() -> None:
    explained = explain(CA, reply=False)
    assert explained.wrong is None
    assert [part.name for part in explained.parts][:4] == ["header", "command", "source key", "destination key"]
    assert explained.parts[-1].shows == "*" * 12
    assert "550000025321" not in explained.shown
    assert explained.purpose.startswith("Re-encipher")


def test_a_reply_with_its_code() -> None:
    explained = explain(b"HEADCB0004F7808F2CBEC6316803", reply=True)
    assert explained.wrong is None
    assert [part.shows for part in explained.parts] == ["HEAD", "CB", "00", "04", "F7808F2CBEC63168", "03"]
    refused = explain(b"HEADCB10\x19tail", reply=True)
    assert refused.wrong is None
    assert "parity" in refused.parts[2].meaning
    assert refused.parts[-1].name == "trailer"


def test_lmk_and_trailer() -> None:
    names = [part.name for part in explain(CA + b"%01\x19abc", reply=False).parts]
    assert names[-2:] == ["lmk", "trailer"]


def test_the_wrong_field_is_named_and_what_follows_stays_masked() -> None:
    explained = explain(CA.replace(b"AB12DC", b"AB14DC"), reply=False)
    assert explained.wrong is not None
    assert explained.wrong.startswith("pin length max at character 38")
    assert "550000025321" not in explained.shown
    assert "DC80B186" not in explained.shown


def test_trailing_characters_are_told() -> None:
    explained = explain(CA + b"99", reply=False)
    assert explained.wrong == "2 characters too many from character 72 on"
    assert explained.shown.endswith("**")


def test_ebcdic() -> None:
    explained = explain(CA.decode().encode("cp500"), reply=False, ebcdic=True)
    assert explained.wrong is None
    assert explained.parts[1].shows == "CA"


def test_an_unknown_command_shows_nothing_of_its_fields() -> None:
    explained = explain(b"HEADZZ4999988887777", reply=False)
    assert explained.wrong == "no command ZZ is declared"
    assert "4999" not in explained.shown


def test_lines_for_a_terminal() -> None:
    lines = list(exchange_lines(">", CA, 4, False, {}))
    assert lines[0].startswith("> 0048 HEAD CA 0406FBB23A5214DF")
    assert any("account" in line and "************" in line for line in lines)
    assert "WRONG" in list(field_lines(explain(b"HEADCA", reply=False)))[-1]


@given(st.binary(max_size=60) | request_bytes().map(lambda body: b"0000" + body), st.booleans(), st.booleans())
def test_no_frame_is_too_broken_to_explain(frame: bytes, reply: bool, ebcdic: bool) -> None:
    explained = explain(frame, reply=reply, ebcdic=ebcdic)
    at = 0
    for part in explained.parts:
        assert part.start == at
        at = part.end
    assert at <= len(frame)
