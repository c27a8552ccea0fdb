"""``switch perso cardink``: keys, certificates and profiles of applications, and data preparation."""

from __future__ import annotations

import json
from pathlib import Path

import click

from switch.perso.authority import PublicKey
from switch.perso.cardconfig import read_cardink
from switch.perso.cardkeys import MACHINE_ROLES, ROLES, KeyFileError, read_transport
from switch.perso.profile import ProfileError
from switch.perso.terms import NAME, Refused
from switch.server.perso.acting import added, alone, officers_option, two
from switch.server.perso.cardink import KeyWrong
from switch.server.perso.inkroom import CardInk
from switch.server.perso.pmp import FROM_HSM
from switch.server.perso.progress import bar
from switch.server.perso.running import done, told_in_a_line

WRONG = (*FROM_HSM, KeyFileError, KeyWrong, ProfileError)
_file = click.Path(exists=True, dir_okay=False, path_type=Path)
_who = click.option("--administrator", default="administrator", show_default=True)
_authority = click.option("--authority", required=True, type=_file, help="the certification authority's public key")
_digits = click.option("--issuer-digits", required=True, help="the digits that the product's PANs begin with")


@click.group("cardink", short_help="CardInk: keys and certificates of applications, profiles, data preparation.")
@click.option("--config", "path", required=True, type=_file)
@click.pass_context
def command(context: click.Context, path: Path) -> None:
    """Keys under dual control, certificates, profiles, and XOF files made into prepared files."""
    with told_in_a_line(*WRONG):
        context.obj = CardInk(read_cardink(str(path), path.read_text(encoding="utf-8")))


@command.command("officer")
@click.argument("officer", metavar="NAME[:FILE]")
@officers_option
@click.pass_obj
def add_officer(ink: CardInk, officer: str, officers: tuple[str, ...]) -> None:
    """Add an officer: the first two by themselves, every other with two who are there."""
    with told_in_a_line(*WRONG), alone(ink.config.folder):
        added(ink.officers, ink.chain, officer, officers)


@command.command("new-keys")
@click.argument("keys", metavar="NAME=ROLE...", nargs=-1, required=True)
@click.option(
    "--out", type=click.Path(path_type=Path), help="for production: what it shares, under the zone master key"
)
@officers_option
@click.pass_obj
def new_keys(ink: CardInk, keys: tuple[str, ...], out: Path | None, officers: tuple[str, ...]) -> None:
    """Make keys in the HSM; ROLE is ktk, ptk, mtk or data, which production shares, or pin, under which PINs are drawn."""
    with told_in_a_line(*WRONG), alone(ink.config.folder):
        wanted: dict[str, str] = {}
        for each in keys:
            name, _, role = each.partition("=")
            if not NAME.fullmatch(name) or name in wanted or role not in ROLES or role in ("pvk", *MACHINE_ROLES):
                raise Refused(each[:40], None, "", "NAME=ROLE, each name once")
            wanted[name] = role
        acting = two(ink.officers, officers)
        done(lambda: ink.new_keys(wanted, acting, out))
        _show(ink)


@command.command("receive-keys")
@click.argument("path", metavar="FILE", type=_file)
@officers_option
@click.pass_obj
def receive_keys(ink: CardInk, path: Path, officers: tuple[str, ...]) -> None:
    """Take in an issuer's keys (CVK, PVV key or PVK, IMKs) from FILE, where they lie under the zone master key."""
    with told_in_a_line(*WRONG), alone(ink.config.folder):
        acting = two(ink.officers, officers)
        sent = read_transport(path)
        done(lambda: ink.receive_keys(sent, acting))
        _show(ink)


@command.command("keys")
@click.pass_obj
def show_keys(ink: CardInk) -> None:
    """Show names, types and check values."""
    with told_in_a_line(*WRONG):
        _show(ink)


def _show(ink: CardInk) -> None:
    for key in ink.keys().values():
        click.echo(f"{key.name:32} {key.key_type} {key.check_value}")


@command.command("issuer-key")
@click.argument("name")
@click.option("--bits", type=click.IntRange(1024, 1984), default=1152, show_default=True)
@click.option("--exponent", type=click.Choice(("3", "65537")), default="3", show_default=True)
@click.option("--out", required=True, type=click.Path(path_type=Path), help="the public key, for the authority")
@officers_option
@click.pass_obj
def issuer_key(ink: CardInk, name: str, bits: int, exponent: str, out: Path, officers: tuple[str, ...]) -> None:
    """Make an issuer's RSA key NAME in the HSM."""
    with told_in_a_line(*WRONG), alone(ink.config.folder):
        if not NAME.fullmatch(name):
            raise Refused(name[:32], None, "", "a name")
        acting = two(ink.officers, officers)
        done(lambda: ink.new_issuer_key(name, bits, int(exponent), acting, out))


@command.command("certificate")
@click.argument("name")
@click.argument("path", metavar="FILE", type=_file)
@_who
@click.pass_obj
def certificate(ink: CardInk, name: str, path: Path, administrator: str) -> None:
    """Keep the authority's certificate of the issuer key NAME."""
    with told_in_a_line(*WRONG), alone(ink.config.folder):
        ink.put_certificate(name, path, administrator)


@command.command("profile")
@click.argument("path", metavar="FILE", type=_file)
@_who
@click.pass_obj
def put_profile(ink: CardInk, path: Path, administrator: str) -> None:
    """Keep the application profile of FILE."""
    with told_in_a_line(*WRONG), alone(ink.config.folder):
        click.echo(ink.put_profile(path, administrator).name)


@command.command("checklist")
@click.argument("name", metavar="PROFILE")
@_authority
@_digits
@click.pass_obj
def checklist(ink: CardInk, name: str, authority: Path, issuer_digits: str) -> None:
    """Show what is ready of a profile's keys and certificates; exit status 1 if anything is not."""
    with told_in_a_line(*WRONG):
        profile, key = ink.profile(name), read_authority(authority)
        found = done(lambda: ink.checklist(profile, key, issuer_digits))
        for each in found:
            click.echo(f"{each.what:12} {each.wrong or 'ready'}")
        if any(each.wrong for each in found):
            raise SystemExit(1)


@command.command("prepare")
@click.argument("name", metavar="PROFILE")
@click.argument("xof", type=_file)
@click.argument("out", type=click.Path(path_type=Path))
@_authority
@_digits
@click.pass_obj
def prepare(ink: CardInk, name: str, xof: Path, out: Path, authority: Path, issuer_digits: str) -> None:
    """Prepare the cards of the file XOF into the file OUT."""
    with told_in_a_line(*WRONG), alone(ink.config.folder):
        profile, key = ink.profile(name), read_authority(authority)
        head = done(lambda: ink.prepare(profile, key, issuer_digits, xof, out, bar(xof.name)))
        click.echo(f"{head.issuer} {head.order}: {head.cards} cards prepared")


def read_authority(path: Path) -> PublicKey:
    """The public key in *path*.  Raises KeyFileError."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        return PublicKey(bytes.fromhex(told["modulus"]), int(told["exponent"]))
    except (ValueError, KeyError, TypeError, RecursionError):
        raise KeyFileError(f"{path.name}: modulus and exponent") from None
