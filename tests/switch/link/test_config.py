"""A link's TOML: what it can say, and the file, line and field of what it can't."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switch.link import config
from switch.link.config import read_links
from switch.link.lines import ConfigError, field_lines
from switch.link.profile import Automatic, Because, Control, SignOn
from switch.link.terms import Purpose

HEAD = '[[link]]\nname = "alpha"\nspec = "banknet"\nrole = "client"\naddress = "10.1.0.7:5001"\n'
SERVER = HEAD.replace("client", "server")


def test_the_example_of_the_chapter_is_read() -> None:
    assert config.__doc__ is not None
    [link] = read_links("links.toml", config.__doc__.partition("\n\n")[2])
    assert (link.name, link.spec, link.host, link.port, link.peers) == (
        "alpha",
        "banknet",
        "127.0.0.1",
        5001,
        ("10.1.0.7",),
    )
    assert link.profile.control(Automatic.ECHO) is Control.MANUAL
    assert link.profile.elements == {32: "970400"}
    assert link.tls is not None
    assert link.tls.peer_name == "switch.alpha.example"
    assert not link.profile.calls


def test_what_is_not_said_is_usual() -> None:
    [link] = read_links("links.toml", HEAD)
    assert link.profile.calls
    assert link.profile.sign_on is SignOn.EACH
    assert link.profile.code(Purpose.SIGN_ON) == "001"
    assert link.profile.responses[Because.NOT_SIGNED_ON] == "91"
    assert link.timers.t2_seconds == 20.0
    assert link.key_rule.elements == (11, 41, 7, 32)
    assert link.tls is None


def test_codes_are_the_links_own() -> None:
    [link] = read_links("links.toml", HEAD + '[link.codes]\nkey-request = "161"\nkey-change = "162"\nnew-key = ""\n')
    assert link.profile.peers_code("161") is Purpose.KEY_REQUEST
    assert link.profile.code(Purpose.NEW_KEY) is None


def test_a_terminals_link_swaps_the_addresses_of_its_header() -> None:
    pos = HEAD.replace("banknet", "pos") + 'code-field = 24\nsign-on = "none"\nmatch = ["mti", 11, 41]\n'
    codes = "\n".join(f'{each.value} = ""' for each in Purpose)
    [link] = read_links("links.toml", f"{pos}[link.codes]\n{codes}\n")
    assert link.profile.addresses == (slice(1, 3), slice(3, 5))
    assert link.key_rule.elements == (11, 41)


@pytest.mark.parametrize(
    ("text", "line", "field"),
    [
        ("x = \n", 1, "syntax"),
        ("links = 1\n", 1, "links"),
        ("link = 1\n", 1, "link"),
        (HEAD.replace("banknet", "nonet"), 3, "link.0.spec"),
        (HEAD.replace("10.1.0.7:5001", "10.1.0.7"), 5, "link.0.address"),
        (HEAD.replace("10.1.0.7:5001", "10.1.0.7:0"), 5, "link.0.address"),
        (HEAD.replace("client", "peer"), 4, "link.0.role"),
        (HEAD + "colour = 1\n", 6, "link.0.colour"),
        (HEAD + 'peers = ["10.1.0.7"]\n', 6, "link.0.peers"),
        (HEAD + 'match = ["class", 52]\n', 6, "link.0.match"),
        (HEAD + 'match = ["class", 11, 199]\n', 6, "link.0.match"),
        (HEAD + 'network-mti = "0200"\n', 6, "link.0.network-mti"),
        (HEAD + "queue-max = 0\n", 6, "link.0.queue-max"),
        (HEAD + "queue-max = true\n", 6, "link.0.queue-max"),
        (HEAD + "[link.seconds]\nt2 = 30\n", 7, "link.0.seconds.t2"),
        (HEAD + "[link.seconds]\necho-idle = 0\n", 7, "link.0.seconds.echo-idle"),
        (HEAD + "[link.seconds]\nt3 = 1\n", 7, "link.0.seconds.t3"),
        (HEAD + '[link.automatic]\nrefuse = "manual"\n', 7, "link.0.automatic.refuse"),
        (HEAD + '[link.automatic]\nsing-on = "manual"\n', 7, "link.0.automatic.sing-on"),
        (HEAD + '[link.codes]\necho = "001"\n', 6, "link.0.codes"),
        (HEAD + '[link.codes]\necho = "3010"\n', 6, "link.0.codes"),
        (HEAD + '[link.elements]\n32 = "bank"\n', 1, "link.0.codes"),
        (HEAD + '[link.elements]\n199 = "1"\n', 7, "link.0.elements.199"),
        (HEAD + '[link.responses]\nbusy = ""\n', 7, "link.0.responses.busy"),
        (HEAD + '[link.tls]\ncertificate = "a"\nkey = "k"\nauthority = "c"\n', 6, "link.0.tls.peer-name"),
        (HEAD + HEAD, 7, "link.1.name"),
        (SERVER + SERVER.replace("alpha", "beta"), 10, "link.1.address"),
    ],
)  # fmt: skip
def test_an_error_names_file_line_and_field(text: str, line: int, field: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_links("links.toml", text)
    assert (caught.value.where, caught.value.field) == (f"links.toml, line {line}", field)
    assert caught.value.expected


def test_calls_at_one_address_are_told_apart_by_the_peers() -> None:
    both = f'{SERVER}peers = ["10.0.0.1"]\n{SERVER.replace("alpha", "beta")}peers = ["10.0.0.2"]\n'
    assert len(read_links("links.toml", both)) == 2
    with pytest.raises(ConfigError, match="alpha"):
        read_links("links.toml", both.replace("10.0.0.2", "10.0.0.1"))


names = st.text("abz-", min_size=1, max_size=4)


@settings(max_examples=100, deadline=None)
@given(st.recursive(st.integers(0, 9), lambda inner: st.dictionaries(names, inner, max_size=3), max_leaves=8))
def test_every_field_is_found_on_its_line(value: object) -> None:
    lines: list[str] = []

    def put(place: tuple[str, ...], table: dict[str, object]) -> None:
        if place:
            lines.append(f"[{'.'.join(place)}]")
        for key, each in table.items():
            if not isinstance(each, dict):
                lines.append(f"{key} = {each}")
        for key, each in table.items():
            if isinstance(each, dict):
                put((*place, key), each)

    put((), value if isinstance(value, dict) else {"a": value})
    found = field_lines("\n".join(lines))
    assert tomllib.loads("\n".join(lines)) is not None
    for place, number in found.items():
        line = lines[number - 1]
        assert line == f"[{'.'.join(place)}]" or line.startswith(f"{place[-1]} = ")
    assert len(found) == len(lines)


def test_no_text_at_all_is_no_link(tmp_path: Path) -> None:
    assert read_links(str(tmp_path), "") == ()
