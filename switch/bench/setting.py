"""The configuration of the switch that is measured, and its BIN table."""

from __future__ import annotations

from dataclasses import dataclass

from switch.bench.cards import PREFIX, TMK_UNDER_TEST_LMK, ZMK_UNDER_TEST_LMK

LINKS_MAX = 10_000
ISSUER = "issuing-bank"
OCTET = 256
GRACE_SECONDS = 2
"""How long a key before the one in force is still taken; no withdrawal of a bench is under way for so long."""
KEYS = f"""[link.keys]
role = "switch"
form = "label"
zmk = "{ZMK_UNDER_TEST_LMK}"
uses-max = 0
[link.keys.seconds]
grace = {GRACE_SECONDS}
"""


def acquirer_name(number: int) -> str:
    """The link of an acquirer, numbered from 0."""
    return f"acquirer-{number}"


def caller(number: int) -> str:
    """The loopback address from which the acquirer *number* calls, by which the switch tells it from others.

    >>> caller(0), caller(9_999)
    ('127.1.0.1', '127.1.39.16')
    """
    high, low = divmod(number + 1, OCTET)
    return f"127.1.{high}.{low}"


@dataclass(frozen=True)
class Setting:
    """One switch with so many *acquirers* and one issuer, all of them at one *port*; times in seconds.

    *window_max* withdrawals may be under way on each link.  With *terminals* the acquirer is a concentrator of so many.
    """

    hsm_port: int
    port: int
    acquirers: int = 1
    terminals: int = 0
    window_max: int = 1024
    echo_idle_seconds: int = 60

    @property
    def issuer(self) -> str:
        """The issuer's link."""
        return ISSUER

    @property
    def bins(self) -> str:
        """The BIN table."""
        return f"prefix,name,kind,link,dialect,institution\n{PREFIX},issuer,member,{ISSUER},banknet,{PREFIX}\n"

    @property
    def text(self) -> str:
        """The configuration, whose BIN table is ``bins.csv`` beside it."""
        head = f"""[switch]
name = "bench"
institution = "970400"
bins = "bins.csv"

[console]
address = "127.0.0.1:0"

[hsm]
connections = 4
outstanding-max = 64
waiting-max = 20000

[[hsm.site]]
name = "hsm"
address = "127.0.0.1:{self.hsm_port}"
"""
        if self.terminals:
            own = 'channel = "atm"\npins = "terminal"\n'
            links = self._link(acquirer_name(0), caller(0), own) + "".join(map(_terminal, range(self.terminals)))
        else:
            own = f'institution = "970405"\n{KEYS}'
            links = "".join(self._link(acquirer_name(n), caller(n), own) for n in range(self.acquirers))
        return head + links + self._link(ISSUER, "127.0.0.1", f'institution = "{PREFIX}"\n{KEYS}')

    def _link(self, name: str, peer: str, partner: str) -> str:
        return f"""
[[link]]
name = "{name}"
spec = "banknet"
role = "server"
address = "127.0.0.1:{self.port}"
peers = ["{peer}"]
outstanding-max = {self.window_max}
owed-max = {self.window_max}
[link.seconds]
echo-idle = {self.echo_idle_seconds}
[link.partner]
{partner}"""


def terminal_name(number: int) -> str:
    """DE 41 of the terminal of that number, from 0."""
    return f"T{number:07d}"


def _terminal(number: int) -> str:
    return f'\n[[terminal]]\nid = "{terminal_name(number)}"\ntmk = "{TMK_UNDER_TEST_LMK}"\nrenewal = "sign-on"\n'
