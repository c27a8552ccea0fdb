"""``switch perso handout``: the cards of a box go to simulated terminals, and what an issuer keeps of them to its host."""

from __future__ import annotations

import re
import secrets
from itertools import count
from pathlib import Path

import click

from switch.perso.card.reader import CardRefused, Purchase
from switch.perso.cardbox import BoxError, CardBox
from switch.perso.cardkeys import KeyFileError
from switch.perso.handout import write_for_issuer, write_for_terminals
from switch.perso.tracks import TrackError
from switch.server.perso.production_command import secret_in
from switch.server.perso.running import told_in_a_line

_file = click.Path(exists=True, dir_okay=False, path_type=Path)
_new = click.Path(dir_okay=False, path_type=Path)


@click.command("handout", short_help="Finished cards for simulated terminals, and their PVVs for the issuer's host.")
@click.argument("box", type=_file)
@click.option("--box-key", required=True, type=_file, help="what the box is sealed under, 64 hexadecimal digits")
@click.option("--terminals", type=_new, help="to write: cards as terminals read them")
@click.option("--issuer", type=_new, help="to write: cards as the issuer's host reads them")
@click.option("--first-account", default=1, show_default=True, help="the account of the first card; others follow")
@click.option("--purchase", help="have each chip make its data (DE 55) for AMOUNT:CURRENCY:COUNTRY:YYMMDD")
@click.option("--aid", default="A0000000031010", show_default=True)
def command(
    box: Path,
    box_key: Path,
    terminals: Path | None,
    issuer: Path | None,
    first_account: int,
    purchase: str | None,
    aid: str,
) -> None:
    """Read the cards in BOX; the chips' counters there stay as they are."""
    with told_in_a_line(BoxError, KeyFileError, TrackError, CardRefused):
        cards = CardBox(box, secret_in(box_key, 32), secrets.token_bytes)
        if terminals is not None:
            with terminals.open("w", encoding="utf-8") as file:
                told = _purchase(purchase) if purchase else None
                click.echo(f"{write_for_terminals(file, cards, bytes.fromhex(aid), told)} cards for terminals")
        if issuer is not None:
            with issuer.open("w", encoding="utf-8") as file:
                accounts = (f"{number:013d}" for number in count(first_account))
                click.echo(f"{write_for_issuer(file, cards, accounts)} cards for the issuer's host")
        cards.close()


def _purchase(text: str) -> Purchase:
    found = re.fullmatch(r"([0-9]{1,12}):([0-9]{3}):([0-9]{3}):([0-9]{6})", text, re.ASCII)
    if not found:
        raise click.UsageError("a purchase is AMOUNT:CURRENCY:COUNTRY:YYMMDD")
    return Purchase(int(found[1]), found[2], found[3], found[4], secrets.token_bytes(4))
