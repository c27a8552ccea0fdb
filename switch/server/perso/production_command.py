"""``switch perso produce``: prepared orders made into cards and PIN mailers, and what officers decide on the way."""

from __future__ import annotations

import secrets
from io import TextIOWrapper
from pathlib import Path

import click

from switch.perso.cardbox import BoxError, CardBox
from switch.perso.cardconfig import ProductionConfig, read_production
from switch.perso.cardkeys import (
    MACHINE_ROLES,
    ROLES,
    TRANSPORT_ROLES,
    BureauKey,
    KeyFileError,
    Transport,
    read_keys,
    read_transport,
)
from switch.perso.chain import Chain
from switch.perso.dual import Officers
from switch.perso.journal import DOUBTS, Journal, JournalError, Mailer, State
from switch.perso.machine import HopperEmpty, SimulatedMachine
from switch.perso.preparedfile import PreparedHead, PreparedReader
from switch.perso.returnfile import write_return
from switch.perso.terms import Refused
from switch.perso.whole import whole
from switch.server.perso.acting import added, alone, officers_option, two
from switch.server.perso.cardhsm import CardHsm
from switch.server.perso.cardink import PRODUCING_MODES, KeyWrong
from switch.server.perso.inkroom import add_keys, new_names, taken_in
from switch.server.perso.pmp import FROM_HSM, pool_of
from switch.server.perso.producing import Counted, PrinterFull, Production
from switch.server.perso.progress import bar
from switch.server.perso.running import done, told_in_a_line, utc_now

WRONG = (*FROM_HSM, KeyFileError, KeyWrong, JournalError, HopperEmpty, PrinterFull, BoxError)
_file = click.Path(exists=True, dir_okay=False, path_type=Path)


class Hall:
    """A production hall, in the folder of *config*."""

    def __init__(self, config: ProductionConfig) -> None:
        self.config = config
        config.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._keys = config.folder / "keys.json"
        self.chain = Chain(config.folder / "production.audit", utc_now)
        self.officers = Officers(config.folder / "officers.json")

    def keys(self) -> dict[str, BureauKey]:
        return read_keys(self._keys)

    async def receive(self, sent: Transport, officers: tuple[str, str]) -> None:
        """Take in keys, as far as they are not there.  Raises KeyWrong, KeyFileError, AlreadyThere."""
        wanted = {key.name: (key.key_type, key.check_value) for key in sent.keys}
        new = new_names(self.keys(), wanted, self.chain, "key received")
        keys = await taken_in(CardHsm(pool_of(self.config.hsms)), sent, self.config.kir, PRODUCING_MODES, new)
        add_keys(self._keys, keys, wanted, self.chain, officers, "key received")

    def by_role(self, head: PreparedHead) -> dict[str, BureauKey]:
        """The keys that the order was prepared for, by their check values, and the KMC.  Raises Refused."""
        held = list(self.keys().values())
        found = {}
        for role in (*TRANSPORT_ROLES, *MACHINE_ROLES):
            told = head.checks.get(role)
            fitting = [k for k in held if k.key_type == ROLES[role] and told in (None, k.check_value)]
            if not fitting:
                raise Refused(f"order {head.order}", 0, "kcv", f"no {role} with check value {told or 'of any kind'}")
            found[role] = fitting[-1]
        return found

    def journal(self, head: PreparedHead) -> Journal:
        return Journal(self.config.folder / "journal.db", head.issuer, head.order)

    def about(self, path: Path) -> dict[str, str | int]:
        """What entries about the order of the prepared file *path* tell."""
        head = head_of(path)
        return {"issuer": head.issuer, "order": head.order}

    async def produce(self, path: Path, head: PreparedHead) -> Counted:
        """Produce what is left of the prepared file *path*, which begins with *head*."""
        machine = self.config.machine
        box = CardBox(machine.box, secret_in(machine.box_key, 32), secrets.token_bytes)
        kmc, ktm = secret_in(machine.kmc, 16), secret_in(machine.ktm, 16)
        made = SimulatedMachine(kmc, machine.kmc_id, secrets.token_bytes, box, machine.blanks, ktm)
        hsm = CardHsm(pool_of(self.config.hsms))
        production = Production(hsm, self.by_role(head), made, secrets.token_bytes, now)
        journal = self.journal(head)
        named: dict[str, str | int] = {"issuer": head.issuer, "order": head.order}

        def begun(verified: PreparedHead) -> None:
            told = named | {"file": path.name, "before": verified.audit}
            self.chain.once("production", "production begun", told)

        try:
            counted = await production.produce_file(path, journal, bar(path.name), begun)
        except (Refused, JournalError) as e:
            self.chain.write("production", "order refused", {"file": path.name, "why": str(e)})
            raise
        finally:
            journal.close_file()
            box.close()
        counts = {"made": counted.cards[State.MADE], "rejected": counted.cards[State.REJECTED]}
        self.chain.write("production", "order produced", named | counts)
        return counted


def now() -> str:
    """The time, ISO 8601."""
    return utc_now().strftime("%Y-%m-%dT%H:%M:%SZ")


def head_of(path: Path) -> PreparedHead:
    """Raises Refused."""
    with path.open("rb") as source:
        return PreparedReader(source, path.name).head


def secret_in(path: Path, size: int) -> bytes:
    """*size* bytes, in hexadecimal in the file *path*.  Raises KeyFileError."""
    try:
        found = bytes.fromhex(path.read_text().strip())
    except ValueError:
        found = b""
    if len(found) != size:
        raise KeyFileError(f"{path.name}: {2 * size} hexadecimal digits")
    return found


@click.group("produce", short_help="Production: cards and PIN mailers of prepared orders.")
@click.option("--config", "path", required=True, type=_file)
@click.pass_context
def command(context: click.Context, path: Path) -> None:
    """Keys under dual control, prepared orders made into cards, and what officers decide."""
    with told_in_a_line(*WRONG):
        context.obj = Hall(read_production(str(path), path.read_text(encoding="utf-8")))


@command.command("officer")
@click.argument("officer", metavar="NAME[:FILE]")
@officers_option
@click.pass_obj
def add_officer(hall: Hall, officer: str, officers: tuple[str, ...]) -> None:
    """Add an officer: the first two by themselves, every other with two who are there."""
    with told_in_a_line(*WRONG), alone(hall.config.folder):
        added(hall.officers, hall.chain, officer, officers)


@command.command("receive-keys")
@click.argument("path", metavar="FILE", type=_file)
@officers_option
@click.pass_obj
def receive_keys(hall: Hall, path: Path, officers: tuple[str, ...]) -> None:
    """Take in CardInk's or a card maker's keys from FILE, where they lie under the zone master key."""
    with told_in_a_line(*WRONG), alone(hall.config.folder):
        acting = two(hall.officers, officers)
        sent = read_transport(path)
        done(lambda: hall.receive(sent, acting))
        for key in hall.keys().values():
            click.echo(f"{key.name:32} {key.key_type} {key.check_value}")


@command.command("order")
@click.argument("path", metavar="FILE", type=_file)
@click.pass_obj
def produce(hall: Hall, path: Path) -> None:
    """Produce what is left of the prepared order FILE."""
    with told_in_a_line(*WRONG), alone(hall.config.folder):
        head = head_of(path)
        counted = done(lambda: hall.produce(path, head))
        _show(counted)
        if counted.open_points:
            raise SystemExit(1)


@command.command("status")
@click.argument("path", metavar="FILE", type=_file)
@click.pass_obj
def status(hall: Hall, path: Path) -> None:
    """Show how the order of the prepared FILE stands, what befell its cards, and which mailers officers must decide of."""
    with told_in_a_line(*WRONG):
        journal = hall.journal(head_of(path))
        _show(Counted(journal.counts(), journal.mailers(), journal.open_points()))
        for event in journal.events():
            if event.why:
                click.echo(f"{event.at} card {event.sequence}: {event.what}: {event.why} {event.who}")
        for card in journal.cards():
            if card.mailer in DOUBTS:
                click.echo(f"card {card.sequence}: is its mailer printed?")


def _show(counted: Counted) -> None:
    click.echo(f"{counted.cards[State.MADE]} made, {counted.cards[State.REJECTED]} rejected, ", nl=False)
    click.echo(f"{counted.mailers[Mailer.PRINTED]} mailers printed")
    for point in counted.open_points:
        click.echo(point)


@command.command("again")
@click.argument("path", metavar="FILE", type=_file)
@click.argument("card", type=click.IntRange(1))
@click.option("--why", required=True)
@officers_option
@click.pass_obj
def again(hall: Hall, path: Path, card: int, why: str, officers: tuple[str, ...]) -> None:
    """Have CARD of the order made again, which two officers decide."""
    with told_in_a_line(*WRONG), alone(hall.config.folder):
        acting = two(hall.officers, officers)
        hall.journal(head_of(path)).again(card, acting, why, now())
        hall.chain.write("+".join(acting), "card again", hall.about(path) | {"card": card, "why": why})


@command.command("mailer")
@click.argument("path", metavar="FILE", type=_file)
@click.argument("card", type=click.IntRange(1))
@click.argument("decision", type=click.Choice(("printed", "again")))
@click.option("--why", required=True)
@officers_option
@click.pass_obj
def mailer(hall: Hall, path: Path, card: int, decision: str, why: str, officers: tuple[str, ...]) -> None:
    """Say of CARD's mailer in doubt that it was printed, or have it printed again; two officers decide."""
    with told_in_a_line(*WRONG), alone(hall.config.folder):
        acting = two(hall.officers, officers)
        hall.journal(head_of(path)).decide_mailer(card, acting, why, now(), again=decision == "again")
        hall.chain.write("+".join(acting), f"mailer {decision}", hall.about(path) | {"card": card, "why": why})


@command.command("return")
@click.argument("path", metavar="FILE", type=_file)
@click.argument("out", type=click.Path(path_type=Path))
@click.pass_obj
def give_back(hall: Hall, path: Path, out: Path) -> None:
    """Close the order of the prepared FILE, and write its return file OUT."""
    with told_in_a_line(*WRONG), alone(hall.config.folder):
        head = head_of(path)
        journal = hall.journal(head)
        # First nothing can change any more; then all that is in the file stands, and a kill has the same one written again.
        closed = journal.end(now())
        entry = hall.chain.once("production", "order closed", {"issuer": head.issuer, "order": head.order})
        with whole(out) as file:
            text = TextIOWrapper(file, "utf-8", write_through=True)
            totals = write_return(text, head, journal, entry.hash, closed)
            text.detach()
        click.echo(", ".join(f"{count} {what}" for what, count in totals.items()))
