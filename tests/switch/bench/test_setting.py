from __future__ import annotations

from pathlib import Path

from switch.bench.cards import cards
from switch.bench.setting import ISSUER, LINKS_MAX, Setting, acquirer_name, caller
from switch.config.switchfile import read_text
from switch.routing import binfile


def test_the_configuration_is_one_and_tells_each_acquirer_s_calls() -> None:
    setting = Setting(1500, 7000, acquirers=300, window_max=33)
    config = read_text(Path("switch.toml"), setting.text)
    assert [link.name for link in config.links] == [*map(acquirer_name, range(300)), ISSUER]
    assert {link.peers for link in config.links} == {(caller(n),) for n in range(300)} | {("127.0.0.1",)}
    assert {(link.port, link.outstanding_max) for link in config.links} == {(7000, 33)}
    assert {each.link for each in config.keys.links} == {link.name for link in config.links}


def test_every_card_is_the_issuer_s() -> None:
    rows = binfile.read("bins.csv", Setting(1500, 7000).bins, {ISSUER}).rows
    assert {row.link for row in rows} == {ISSUER}
    assert all(card.pan.startswith(rows[0].prefix) for card in cards(20))


def test_callers_are_addresses_of_their_own_off_the_issuer_s_network() -> None:
    found = {caller(number) for number in range(LINKS_MAX)}
    assert len(found) == LINKS_MAX
    assert all(address.startswith("127.1.") for address in found)
    assert all(0 <= int(part) < 256 for address in found for part in address.split("."))


def test_a_concentrator_has_terminals_and_no_zone_key() -> None:
    config = read_text(Path("switch.toml"), Setting(1500, 7000, terminals=120).text)
    assert len({each.id for each in config.keys.terminals}) == 120
    assert {each.link for each in config.keys.links} == {ISSUER}
    assert config.partners[acquirer_name(0)].has_terminals
