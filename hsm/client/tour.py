"""A newcomer's first conversation with the appliance: one PIN from its birth to its verification.

    python -m hsm.client.tour --port 1500
    python -m hsm.client.tour --serve

Every request and reply is shown as it stands on the wire and decoded, with what must stay secret masked.
"""

from __future__ import annotations

import contextlib
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from hsm.client.blocking import BlockingClient, ConnectionLost
from hsm.client.codec import command_of
from hsm.client.process import ApplianceProcess, NotReady
from hsm.client.shown import exchange_lines

ACCOUNT = "550000025321"
"""The 12 digits of a card number that PIN blocks are bound to: the right-most ones without the check digit."""
TEXT_CHARS = 88
SERVED = ("--lmk", "00=test-variant", "--authorise", "all")

# An exchange that the author of another simulator published: a PIN block of format 03 (PIN 1234 of ACCOUNT) under a
# terminal's key, and a zone's key; both keys lie under the published test LMK.
PUBLISHED_TPK, PUBLISHED_BLOCK, PUBLISHED_ZPK = "0406FBB23A5214DF", "DC80B186C30902B0", "BAB32D775A38E4AB"
PUBLISHED_RESULT = "F7808F2CBEC63168"


class TourStopped(Exception):
    """The appliance answered otherwise than a new one does; the text says where."""


@dataclass(frozen=True)
class Guide:
    """Shows what is said: *say* prints a line, *command* sends a request text and gives the reply's."""

    say: Callable[[str], None]
    command: Callable[[str], str]

    def tell(self, text: str) -> None:
        """A paragraph between exchanges."""
        for line in textwrap.wrap(" ".join(text.split()), TEXT_CHARS, break_on_hyphens=False):
            self.say(line)
        self.say("")

    def ask(self, request: str, code: str = "00") -> str:
        """What follows the code in the reply to *request*.  Raises TourStopped unless the code is *code*."""
        reply = self.command(request)
        if reply[2:4] != code:
            raise TourStopped(f"{request[:2]} was answered with {reply[2:4]!r}, not {code!r}")
        return reply[4:]


def walk(guide: Guide) -> None:
    """The whole conversation.  Raises TourStopped, ConnectionLost, OSError."""
    guide.tell(
        """A host sends a length (two bytes), a header that comes back unchanged, a two-letter command and its fields.
        The reply's command is one letter further on, then 00, or a code that says why not."""
    )
    guide.tell("First, is anybody there?  NC asks for a self-test, NO for the status.")
    guide.ask("NC")
    guide.ask("NO00")

    guide.tell(
        """Keys.  A0 makes a key and hands it out enciphered under the appliance's local master key (LMK), so that the
        host can keep it: a terminal PIN key (type 002), keys for two zones (type 001), and a PIN verification key.
        Behind each stands its check value, by which two parties can tell that they have the same key."""
    )
    guide.ask("A00002U")
    acquirer, issuer, verification = (guide.ask(f"A0{kind}U")[:33] for kind in ("0001", "0001", "0002"))

    guide.tell(
        """A card is born.  JA draws a PIN that nobody sees: what comes back is the PIN under the LMK, bound to the
        account.  DG makes the PIN verification value (PVV) that the issuer keeps beside the account."""
    )
    pin = guide.ask(f"JA{ACCOUNT}")
    value = guide.ask(f"DG{verification}{pin}{ACCOUNT}1")

    guide.tell(
        """The card is used.  JG puts the PIN into an ISO 9564 format 0 block (code 01) under the acquirer's zone key;
        CC carries it from there into the issuer's zone, without the PIN ever being in the clear outside."""
    )
    block = guide.ask(f"JG{acquirer}01{ACCOUNT}{pin}")
    translated = guide.ask(f"CC{acquirer}{issuer}12{block}0101{ACCOUNT}")[2:18]

    guide.tell("The issuer verifies it against the PVV.  A wrong value is answered with 01.")
    guide.ask(f"EC{issuer}{verification}{translated}01{ACCOUNT}1{value}")
    wrong = f"{(int(value) + 1) % 10_000:04d}"
    guide.ask(f"EC{issuer}{verification}{translated}01{ACCOUNT}1{wrong}", "01")

    guide.tell(
        """Last, a proof that this is no theatre: an exchange that others published.  CA re-enciphers a terminal's PIN
        block; under the published test LMK there is only one right answer."""
    )
    result = guide.ask(f"CA{PUBLISHED_TPK}{PUBLISHED_ZPK}12{PUBLISHED_BLOCK}0303{ACCOUNT}")
    if result[2:18] != PUBLISHED_RESULT:
        raise TourStopped("CA did not give the published PIN block: is the test LMK loaded?")


def farewell(host: str, port: int, state_dir: Path | None = None) -> Iterator[str]:
    """Where to go from here; with *state_dir*, to the console too."""
    yield f"The appliance listens on {host}:{port} (TCP and UDP; two-byte length, header of 4 characters).  Try"
    yield ""
    yield f"    hsm call NC --port {port}"
    yield f"    hsm call A0 --port {port} {example_fields('A0')}"
    yield "    hsm decode --text 0000NC"
    if state_dir is not None:
        yield f"    hsm console --state-dir {state_dir}      and there HELP"
    yield ""
    yield "Every command has a page in protocol-spec/thales.  This is an emulator: never give it a live key."


def example_fields(code: str) -> str:
    """The first fields of *code* with values that a new appliance takes."""
    values = ("0", "001", "U")
    names = list(command_of(code).asks.FIELDS)[: len(values)]
    return " ".join(f"{name}={value}" for name, value in zip(names, values, strict=False))


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=1500, show_default=True, help="0 with --serve: any")
@click.option("--serve", is_flag=True, help="start an appliance with the published test LMK, and keep it afterwards")
def command(host: str, port: int, serve: bool) -> None:
    """Walk a newcomer through one conversation with the appliance at HOST and PORT."""
    try:
        if not serve:
            converse(host, port)
            return
        with ApplianceProcess(SERVED, port) as appliance:
            converse(appliance.host, appliance.port, appliance.state_dir)
            # Who reads of Ctrl-C may press it before the line is written to its end.
            with contextlib.suppress(KeyboardInterrupt):
                click.echo("\nServing until Ctrl-C.")
                appliance.wait()
    except (OSError, ConnectionLost, TourStopped, NotReady) as e:
        click.echo(f"The tour ends here: {e or type(e).__name__}", err=True)
        sys.exit(1)


def converse(host: str, port: int, state_dir: Path | None = None) -> None:
    """The conversation with the appliance at *host* and *port*, and where to go from there."""

    def show(way: str, frame: bytes) -> None:
        for line in exchange_lines(way, frame, 4, False, {}):
            click.echo(line)
        if way == "<":
            click.echo()

    with BlockingClient(host, port, on_frame=show) as client:
        walk(Guide(click.echo, client.command))
    for line in farewell(host, port, state_dir):
        click.echo(line)


if __name__ == "__main__":
    command()
