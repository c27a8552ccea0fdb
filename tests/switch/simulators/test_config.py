"""Simulated terminals in TOML."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.boxed import BOX_KEY, BOX_LINES, NAME, PAN, boxed
from support.cardholders import CARD, COMPONENTS, TMK, cards_file, check_value, keys_file
from support.cardside import CARD_KEYS

from switch.link.lines import ConfigError
from switch.simulators.cassette import Cassette
from switch.simulators.config import Wire, read_config

GOOD = """
[simulate]
cards = "cards.csv"
keys = "terminals.keys"
commands = "127.0.0.1:0"
answer-seconds = 3
trace = true

[[link]]
name = "atm-1"
spec = "napas"
role = "client"
address = "127.0.0.1:5001"
[link.wire]
bits-per-second = 64000
latency-seconds = 0.02

[[link]]
name = "pos-1"
spec = "edc"
role = "client"
address = "127.0.0.1:5002"
sign-on = "none"
dial-up = true

[[terminal]]
id = "ATM00001"
link = "atm-1"
channel = "atm"
merchant = "970436000000001"
cassettes = ["500000x100", "100000x50"]

[[terminal]]
id = "POS00001"
link = "pos-1"
channel = "pos"
merchant = "970436000000002"
category = "5411"
"""


def written(folder: Path, text: str = GOOD) -> Path:
    cards_file(folder, CARD)
    keys_file(folder, "ATM00001", "POS00001", "POS00002")
    path = folder / "terminals.toml"
    path.write_text(text)
    return path


def test_all_of_it(tmp_path: Path) -> None:
    config = read_config(written(tmp_path))
    atm, pos = config.terminals
    assert [line.wire for line in config.lines] == [Wire(64_000, 0.02), None]
    assert [line.dial_up for line in config.lines] == [False, True]
    assert all(line.link.timers.t2_seconds == 3.0 for line in config.lines)
    assert all(line.link.key_rule.elements == (11, 41) for line in config.lines)
    assert atm.cassettes == (Cassette(500_000, 100), Cassette(100_000, 50))
    assert (atm.terminal.category, pos.terminal.category, pos.terminal.spec) == ("6011", "5411", "edc")
    assert atm.epp.master_check_value == check_value(TMK)
    assert (config.commands, config.trace, config.reversal_seconds) == (("127.0.0.1", 0), True, 10.0)
    assert config.cards == {"an": CARD}
    shown = repr(config)
    for secret in (CARD.pan, TMK.hex(), *(each.hex() for each in COMPONENTS)):
        assert secret not in shown.lower()


@pytest.mark.parametrize(
    ("was", "becomes", "told"),
    [
        ('"127.0.0.1:0"', '"0.0.0.0:0"', "line 5: simulate.commands"),
        ('"127.0.0.1:0"', '"switch.example:0"', "line 5: simulate.commands"),
        ("answer-seconds = 3", "answer-seconds = 0", "line 6: simulate.answer-seconds"),
        ("trace = true", "trase = true", "line 7: simulate.trase"),
        ('cards = "cards.csv"', 'cards = "none.csv"', "none.csv: file"),
        ('keys = "terminals.keys"', 'keys = "none.keys"', "none.keys: file"),
        ('role = "client"', 'role = "server"', "role"),
        ("bits-per-second = 64000", "bits-per-second = -1", "bits-per-second"),
        ('link = "atm-1"', 'link = "atm-2"', "link"),
        ('id = "POS00001"', 'id = "POS00009"', "id"),
        ('id = "POS00001"', 'id = "ATM00001"', "id"),
        ('id = "POS00001"', 'id = "POS1"', "id"),
        ('channel = "pos"', 'channel = "kiosk"', "channel"),
        ('category = "5411"\n', "", "category"),
        ('"500000x100"', '"500000"', "cassettes"),
        ('"500000x100"', '"500000x99999"', "cassettes"),
        ('["500000x100", "100000x50"]', "[]", "cassettes"),
        ('spec = "napas"', 'spec = "ipm"', "link"),
        ('category = "5411"', 'category = "5411"\nflavour = 1', "flavour"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(tmp_path: Path, was: str, becomes: str, told: str) -> None:
    assert was in GOOD
    with pytest.raises(ConfigError, match=re.escape(told)):
        read_config(written(tmp_path, GOOD.replace(was, becomes, 1)))


def test_chip_cards_come_from_a_box(tmp_path: Path) -> None:
    boxed(tmp_path)
    config = read_config(written(tmp_path, GOOD.replace("[simulate]", f"[simulate]\n{BOX_LINES}", 1)))
    assert set(config.cards) == {"an", NAME}
    assert config.cards[NAME].pan == PAN
    assert config.wallet is not None
    assert NAME in config.wallet
    for secret in (BOX_KEY.hex(), PAN, *(key.hex() for key in CARD_KEYS)):
        assert secret not in repr(config).lower()


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("box.key", "00" * 31, "box.key: key: expected 64 hexadecimal digits"),
        ("box.key", "00" * 32, "cards.box: box: expected cards that can be read: the card with chip 1 is damaged"),
        ("cards.box", "{}\n", "cards.box: box: expected cards that can be read: cards.box: a line that is no card"),
        ("cards.box", None, "cards.box: file: expected a box of cards"),
        ("box.key", None, "box.key: file"),
    ],
)
def test_what_is_wrong_with_a_box_is_named(tmp_path: Path, name: str, content: str | None, told: str) -> None:
    boxed(tmp_path)
    if content is None:
        (tmp_path / name).unlink()
    else:
        (tmp_path / name).write_text(content)
    with pytest.raises(ConfigError, match=re.escape(told)):
        read_config(written(tmp_path, GOOD.replace("[simulate]", f"[simulate]\n{BOX_LINES}", 1)))


def test_a_boxs_key_is_its_owners(tmp_path: Path) -> None:
    boxed(tmp_path)
    (tmp_path / "box.key").chmod(0o640)
    with pytest.raises(ConfigError, match="owner"):
        read_config(written(tmp_path, GOOD.replace("[simulate]", f"[simulate]\n{BOX_LINES}", 1)))


def test_a_dialled_link_has_one_terminal(tmp_path: Path) -> None:
    second = '[[terminal]]\nid = "POS00002"\nlink = "pos-1"\nchannel = "pos"\nmerchant = "1"\ncategory = "5411"\n'
    with pytest.raises(ConfigError, match="one terminal"):
        read_config(written(tmp_path, GOOD + second))


def test_the_keys_are_their_owners(tmp_path: Path) -> None:
    path = written(tmp_path)
    (tmp_path / "terminals.keys").chmod(0o644)
    with pytest.raises(ConfigError, match="owner"):
        read_config(path)


@pytest.mark.parametrize(
    ("components", "value", "told"),
    [
        (COMPONENTS, "000000", "line 1: check value"),
        ((COMPONENTS[0],), "000000", "line 1: key"),
        ((COMPONENTS[0], COMPONENTS[0]), "000000", "line 1: components"),
    ],
)
def test_wrong_components_are_named_and_not_shown(
    tmp_path: Path, components: tuple[bytes, ...], value: str, told: str
) -> None:
    path = written(tmp_path)
    keys = tmp_path / "terminals.keys"
    keys.write_text(f"ATM00001 {' '.join(each.hex() for each in components)} {value}\n")
    with pytest.raises(ConfigError, match=told) as refused:
        read_config(path)
    assert COMPONENTS[0].hex() not in str(refused.value)
