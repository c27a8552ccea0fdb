from __future__ import annotations

from pathlib import Path

import pytest

from switch.cluster.config import ClusterConfig
from switch.config.switchfile import read_text
from switch.link.lines import ConfigError

HEAD = '[switch]\nname = "s"\ninstitution = "970400"\n'
LINK = '[[link]]\nname = "{0}"\nspec = "{3}"\nrole = "server"\naddress = "127.0.0.1:{1}"\n{2}\n'


def link(name: str, port: int = 0, more: str = "", spec: str = "napas") -> str:
    return LINK.format(name, port, more, spec)


def cluster(*links: str, more: str = 'member = "a"\n') -> ClusterConfig:
    found = read_text(Path("s.toml"), HEAD + "[cluster]\n" + more + "".join(links)).cluster
    assert found is not None
    return found


def refused(*links: str) -> str:
    with pytest.raises(ConfigError) as caught:
        cluster(*links)
    return str(caught.value)


def test_the_links_of_a_share() -> None:
    found = cluster(link("t", more='share = "a"'), link("i", more='share = "a"'), link("u", more='share = "b"'))
    assert dict(found.shares) == {"a": ("t", "i"), "b": ("u",)}
    assert dict(cluster(link("t"), link("u")).shares) == {"links": ("t", "u")}


def test_another_has_them_within_a_lease() -> None:
    found = cluster(link("t"), more='member = "b-1"\nlease-seconds = 6\n')
    assert (found.member, found.beat_seconds, found.patience_seconds) == ("b-1", 1.0, 4.0)
    assert found.patience_seconds + 2 * found.beat_seconds == found.lease_seconds


def test_links_that_are_called_at_one_address_are_of_one_share() -> None:
    peers = ['peers = ["127.0.0.1"]\n', 'peers = ["127.0.0.2"]\n']
    assert cluster(*(link(f"l{at}", 7000, more) for at, more in enumerate(peers))).shares["links"] == ("l0", "l1")
    said = refused(link("l0", 7000, peers[0] + 'share = "a"'), link("l1", 7000, peers[1] + 'share = "b"'))
    assert "share: expected that of the other links which are called at 127.0.0.1:7000" in said


@pytest.mark.parametrize(
    "links",
    [
        [link("i"), link("j", more='parallel-to = "x"')],
        [link("i", more='parallel-to = "i"')],
        [link("i"), link("j", more='parallel-to = "i"', spec="banknet")],
        [link("i"), link("j", more='parallel-to = "i"'), link("k", more='parallel-to = "j"')],
    ],
)
def test_beside_which_link_another_can_stand(links: list[str]) -> None:
    assert "parallel-to: expected" in refused(*links)


def test_requests_are_known_by_the_first_of_a_partner_s_links() -> None:
    links = link("i") + link("j", more='parallel-to = "i"')
    partners = read_text(Path("s.toml"), HEAD + links).partners
    assert {name: partner.line for name, partner in partners.items()} == {"i": "i", "j": "i"}


def test_a_terminal_s_keys_go_with_its_link() -> None:
    terminal = '[[terminal]]\nid = "ATM00001"\ntmk = "U' + "0" * 32 + '"\nrenewal = "sign-on"\n'
    site = '[hsm]\n[[hsm.site]]\nname = "a"\naddress = "127.0.0.1:1500"\n'
    assert "terminal.0.link: expected the name of a link, as several processes share them" in refused(
        link("t"), terminal, site
    )


@pytest.mark.parametrize("more", ["", 'member = "-"\n', 'member = "a"\nlease-seconds = 0\n', 'member = "a"\nx = 1\n'])
def test_a_member_has_a_name_and_a_lease_some_time(more: str) -> None:
    with pytest.raises(ConfigError):
        cluster(link("t"), more=more)
