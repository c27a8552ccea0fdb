"""An ATM of a bank that is a process; it opens its PIN key with its master key and makes PIN blocks by psec."""

from __future__ import annotations

from psec import des, pinblock
from support.appliancekeys import Keys
from support.linked import Loop, Seen
from support.opened import opened
from support.partner import des_key

from switch.codec.codec import codec
from switch.codec.message import Message, Value
from switch.keys.terminalforms import form_of
from switch.server.drive import DrivenLink

TMK = des_key("TMK")
TERMINAL = "ATM00001"
LINK = '[[link]]\nname = "{name}"\nspec = "napas"\nrole = "{role}"\naddress = "127.0.0.1:{port}"\n{more}'
QUICK = "[link.seconds]\npause = 0.05\npause-max = 0.2\n"
HOSTS_LINK = LINK.format(
    name="atms", role="server", port=0, more='sign-on = "none"\n[link.partner]\nchannel = "atm"\npins = "terminal"\n'
)
"""What its bank is configured with, besides its key."""


def hosts_terminal(keys: Keys) -> str:
    """What its bank is told of it."""
    return f'[[terminal]]\nid = "{TERMINAL}"\ntmk = "{keys.kept(TMK, "TMK")}"\nrenewal = "sign-on"\nlink = "atms"\n'


class Atm:
    """The terminal, at the port of its bank's link."""

    def __init__(self, run: Loop, port: int) -> None:
        self._run, self._seen = run, Seen()
        config = LINK.format(name="host", role="client", port=port, more='sign-on = "none"\n' + QUICK)
        self.link: DrivenLink = run.started(config, self._seen)["host"]
        run.until(lambda: self.link.state.listens)
        self.key = b""

    def ask(self, mti: str, fields: dict[int, Value]) -> Message:
        stan = self.link.next_stan()
        own: dict[int, Value] = {7: self.link.transmitted(), 11: stan, 41: TERMINAL}
        before = len(self._seen.replies)
        assert self.link.ask(Message(mti, dict(sorted((own | fields).items()))), "a question").accepted
        self._run.until(lambda: len(self._seen.replies) > before)
        return self._seen.replies[-1][1]

    def sign_on(self) -> None:
        given = form_of(codec("napas")).given(self.ask("0800", {70: "101"}))
        assert given is not None
        self.key = opened(given.under_tmk, TMK)

    def withdraw(self, pan: str, pin: str, amount: int, more: dict[int, Value] | None = None) -> Message:
        block = des.encrypt_tdes_ecb(self.key, pinblock.encode_pinblock_iso_0(pin, pan))
        fields: dict[int, Value] = {
            2: pan, 3: "010000", 4: amount, 18: "6011", 22: "011", 25: "00", 42: "ATM 0001".ljust(15), 49: "704",
            52: bytes(block),
        }  # fmt: skip
        return self.ask("0200", fields | (more or {}))
