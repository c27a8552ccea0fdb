"""What people do before there can be traffic: custodians form keys from components, banks issue cards.

No key and no PIN crosses a socket in the clear, here as later: components are typed at the appliances' consoles, and
cardholders choose their PINs at a keypad in the branch, which has a key of its own like any terminal.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hsm.client.blocking import BlockingClient
from switch.demo.nodes import EXPIRES, SERVICE_CODE, Cardholder
from switch.server.demo.processes import DemoStopped, run
from switch.simulators.epp import Epp

ZMK, TMK = "000", "002"
"""Key types of a Thales appliance."""
PROMPT, QUESTION = b"> ", b": "
DISCRETIONARY = "{pvki}0000{cvv}"
"""Of track 2, behind the service code: the PVV is kept by the issuer alone."""
FORMED, CHECK_VALUE = b"Encrypted key: ", b"Key check value: "


def components() -> tuple[bytes, bytes]:
    """Two components of a double-length DES key, 16 bytes each, of odd parity."""
    return _odd(os.urandom(16)), _odd(os.urandom(16))


def components_of(key: bytes) -> tuple[bytes, bytes]:
    """Two components, of odd parity, of a *key* that has odd parity: an appliance sees to that of what it forms."""
    one = _odd(os.urandom(16))
    return one, _odd(bytes(a ^ b for a, b in zip(key, one, strict=True)))


def _odd(key: bytes) -> bytes:
    return bytes(byte ^ 1 if byte.bit_count() % 2 == 0 else byte for byte in key)


def new_pin(digits: int) -> str:
    """What a cardholder thinks of."""
    return f"{secrets.randbelow(10**digits):0{digits}}"


@dataclass(frozen=True)
class Formed:
    """A key under the LMK, and its check value (six digits)."""

    cryptogram: str = field(repr=False)
    check_value: str


class Custodians:
    """They sit at the console of the appliance whose state is in *state_dir*."""

    def __init__(self, state_dir: Path) -> None:
        line = [sys.executable, "-m", "hsm.server.main", "console", "--state-dir", str(state_dir)]
        self._line = subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603  # our own command line
        self._told(PROMPT)

    def form(self, key_type: str, parts: Sequence[bytes]) -> Formed:
        """A double-length key of the components *parts* (console command FK).  Raises DemoStopped."""
        self._answered("FK", QUESTION)
        for answer in ("00", "2", key_type, "U", "X", str(len(parts))):
            self._answered(answer, QUESTION)
        for part in parts:
            self._answered(part.hex().upper(), QUESTION)
            shown = self._answered("Y", QUESTION)
        end = self._answered("Y", PROMPT)
        if FORMED not in end or CHECK_VALUE not in shown:
            raise DemoStopped("an appliance formed no key")
        cryptogram = end.split(FORMED)[1].split()[0].decode()
        return Formed(cryptogram, shown.split(CHECK_VALUE)[1].split()[0].decode())

    def leave(self) -> None:
        """They go."""
        self._line.communicate(b"EXIT\n")

    def _answered(self, text: str, until: bytes | tuple[bytes, ...]) -> bytes:
        assert self._line.stdin is not None
        self._line.stdin.write(text.encode() + b"\n")
        self._line.stdin.flush()
        return self._told(until)

    def _told(self, until: bytes | tuple[bytes, ...]) -> bytes:
        assert self._line.stdout is not None
        told = b""
        while not told.endswith(until):
            more = os.read(self._line.stdout.fileno(), 4096)
            if not more:
                raise DemoStopped("the console of an appliance is closed")
            told += more
        return told


def make_lmk(folder: Path, name: str, pin_digits: int) -> tuple[str, ...]:
    """An LMK for the appliance *name*, which nobody knows; the options by which ``hsm serve`` has it.

    PINs of at most *pin_digits* digits can be kept under it.
    """
    state, key_file = folder / name, folder / f"{name}.vault.key"
    key_file.touch(mode=0o600)
    key_file.write_bytes(os.urandom(32))
    made = ("lmk", "new", "--state-dir", str(state), "--key-file", str(key_file), "--kind", "variant", name)
    run("hsm.server.main", *made)
    settings = ("--set", f"encrypted-pin-length={pin_digits + 1}", "--authorise", "all")
    opened = ("--state-dir", str(state), "--key-file", str(key_file), "--lmk", f"00={name}")
    return (*opened, *settings, "--host-port", "0")


@dataclass(frozen=True)
class Issued:
    """What a bank knows after it has issued *card*: its PVV and CVV."""

    card: Cardholder
    pvv: str = field(repr=False)
    cvv: str = field(repr=False)


class Issuing:
    """A bank, whose appliance listens on *port*, issues cards; *parts* and *tmk* are its branch's keypad's master key."""

    def __init__(self, port: int, parts: tuple[bytes, bytes], tmk: Formed) -> None:
        self._hsm = BlockingClient("127.0.0.1", port)
        given = self._asked(f"A01002U;1{tmk.cryptogram}X")
        self._tpk, under_tmk, check_value = given[:33], given[33:66], given[66:72]
        self._keypad = Epp(parts)
        self._keypad.take(under_tmk, check_value)
        self.pvk = self._asked("A00002U")[:33]
        self.cvk = self._asked("A00402U")[:33]

    def close(self) -> None:
        """No more cards today."""
        self._hsm.close()

    def issue(self, card: Cardholder, pin: str) -> Issued:
        """Issue *card*, whose holder chooses *pin* at the keypad."""
        account = card.pan[-13:-1]
        block = self._keypad.block(pin, card.pan).hex().upper()
        under_lmk = self._asked(f"JC{self._tpk}{block}01{account}")
        pvv = self._asked(f"DG{self.pvk}{under_lmk}{account}1")
        return Issued(card, pvv[:4], self._asked(f"CW{self.cvk}{card.pan};{EXPIRES}{SERVICE_CODE}")[:3])

    def _asked(self, request: str) -> str:
        reply = self._hsm.command(request)
        if reply[2:4] != "00":
            raise DemoStopped(f"the appliance answers {request[:2]} with {reply[2:4]}")
        return reply[4:]


def bank_cards(issued: Iterable[Issued]) -> str:
    """``cards.csv`` of a bank's host."""
    rows = []
    for one in issued:
        card = one.card
        of_kind = [card.account if card.kind == kind else "" for kind in ("current", "credit")]
        cells = (card.pan, EXPIRES, SERVICE_CODE, card.account, card.savings, *of_kind, one.pvv)
        rows.append(",".join(cells))
    return "\n".join(("pan,expires,service_code,account,savings,current,credit,pin_check", *rows, ""))


def stripes(issued: Iterable[Issued]) -> str:
    """``cards.csv`` of the terminals: what lies on the cards."""
    rows = [
        f"{one.card.name},{one.card.pan},{EXPIRES},{SERVICE_CODE},{DISCRETIONARY.format(pvki=1, cvv=one.cvv)},"
        for one in issued
    ]
    return "\n".join(("name,pan,expiry,service_code,discretionary,chip", *rows, ""))


def new_key_digits() -> str:
    """A key of 16 bytes that only one program needs, as its file has it."""
    return os.urandom(16).hex() + "\n"
