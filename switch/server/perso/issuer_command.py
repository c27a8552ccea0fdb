"""``switch perso issuer``: an issuer's tool, outside the bureau's walls."""

from __future__ import annotations

import re
import secrets
from hashlib import file_digest
from pathlib import Path
from tempfile import TemporaryFile

import click

from switch.perso.cardkeys import write_transport
from switch.perso.chain import Chain
from switch.perso.issuing import KEY_BYTES, SECRET_BYTES, IssuerKeys, Wish, card_keys, check_value, write_order
from switch.perso.keyfile import KeyFile, SentKey
from switch.perso.orderfile import OrderReader
from switch.perso.partconfig import opened, source, tls
from switch.perso.terms import ISSUER, ISSUER_KEYS, NAME, Refused
from switch.perso.whole import whole, write_text
from switch.server.perso.running import done, reactor, told_in_a_line, utc_now
from switch.server.perso.transfer import push


@click.group("issuer", short_help="An issuer's tool: its keys, orders, and pushing them.")
def command() -> None:
    """An issuer's keys, orders made with them, and pushing them to the bureau."""


@command.command("secret")
@click.argument("path", metavar="FILE", type=click.Path())
def secret(path: str) -> None:
    """Make the secret that an issuer's keys and PINs follow from: 32 random bytes, in hexadecimal, in FILE."""
    with told_in_a_line():
        if Path(path).exists():
            raise FileExistsError(f"{path} is there already")
        write_text(Path(path), secrets.token_hex(SECRET_BYTES) + "\n")


_issuer = click.option("--issuer", required=True)
_version = click.option("--key-version", "version", default="01", show_default=True)
_secret = click.option("--secret-file", required=True, type=click.Path(exists=True, dir_okay=False))
_out = click.option("--out", required=True, type=click.Path())


@command.command("keys")
@_issuer
@_version
@_secret
@click.option("--zmk-file", required=True, type=click.Path(exists=True, dir_okay=False), help="hexadecimal")
@_out
def keys(issuer: str, version: str, secret_file: str, zmk_file: str, out: str) -> None:
    """Write TKissuer for the bureau: each key under the zone master key, with its check value."""
    with told_in_a_line():
        zmk = _hexadecimal(zmk_file, KEY_BYTES)
        drawn = IssuerKeys.drawn(_hexadecimal(secret_file, SECRET_BYTES), _named(issuer, ISSUER), version)
        sent = tuple(SentKey(drawn.named(content), drawn.under(zmk, content)) for content in ISSUER_KEYS)
        write_text(Path(out), KeyFile(check_value(zmk), sent).text())
        for key in sent:
            click.echo(f"{key.named.name} {key.named.check_value}")


@command.command("card-keys")
@_issuer
@_secret
@click.option("--zmk-file", required=True, type=click.Path(exists=True, dir_okay=False), help="hexadecimal")
@_out
def cards_keys(issuer: str, secret_file: str, zmk_file: str, out: str) -> None:
    """Write the keys by which the issuer knows its cards (CVK, PVV key, IMKs) for CardInk, under the zone master key."""
    with told_in_a_line():
        zmk, own = _hexadecimal(zmk_file, KEY_BYTES), _hexadecimal(secret_file, SECRET_BYTES)
        made = card_keys(own, _named(issuer, ISSUER), zmk)
        write_transport(Path(out), check_value(zmk), made)
        for key in made:
            click.echo(f"{key.name} {key.check_value}")


@command.command("order")
@_issuer
@_version
@_secret
@click.option("--order", required=True)
@click.option("--product", required=True)
@click.option("--prefix", required=True, help="the issuer's, of the PANs: 6 to 8 digits")
@click.option("--cards", type=click.IntRange(1, 10_000_000), default=1_000, show_default=True)
@click.option("--first", type=click.IntRange(0), default=1, show_default=True, help="serial number of the first card")
@click.option("--expiry", default="2912", show_default=True, help="YYMM")
@click.option("--service-code", default="201", show_default=True)
@click.option("--pins/--no-pins", default=True, help="the issuer, or else the bureau, makes the PINs")
@click.option("--tracks", is_flag=True, help="the issuer makes the tracks")
@click.option("--icc-keys", is_flag=True, help="the issuer makes the cards' keys")
@click.option("--out", required=True, type=click.Path(file_okay=False), help="a folder, of the issuer's audit, too")
def order(issuer: str, version: str, secret_file: str, out: str, **wished: object) -> None:
    """Make an order of test cards: OUT/ISSUER-ORDER.order.  One that is there stays, if it is just this order."""
    with told_in_a_line():
        wish = Wish(**wished)  # type: ignore[arg-type]  # the options are its fields
        for name, pattern in ((issuer, ISSUER), (wish.order, NAME), (wish.product, NAME)):
            _named(name, pattern)
        own = _hexadecimal(secret_file, SECRET_BYTES)
        keys = IssuerKeys.drawn(own, issuer, version)
        path = Path(out) / f"{issuer}-{wish.order}.order"
        chain, named = audit_beside(path), {"issuer": issuer, "order": wish.order}
        try:
            if not path.exists():
                about: dict[str, str | int] = {"product": wish.product, "cards": wish.cards}
                begun = chain.once("issuer", "order begun", named | about)
                with whole(path) as file:
                    write_order(file, keys, own, wish, f"{utc_now():%Y-%m-%dT%H:%M:%SZ}", begun.hash)
            elif not _is_order(path, keys, own, wish):
                raise Refused(path.name, None, "", "is there already, and another order")
        except ValueError as e:
            raise click.UsageError(str(e)) from None
        chain.once("issuer", "order made", named | {"file": path.name, "digest": digest_of(path)})
        click.echo(str(path))


def _is_order(path: Path, keys: IssuerKeys, own: bytes, wish: Wish) -> bool:
    """Would the order be just the file *path*, but for the time and the audit?  Raises Refused, ValueError."""
    with path.open("rb") as file, TemporaryFile() as again:
        head = OrderReader(file, path.name).head
        write_order(again, keys, own, wish, head.created, head.audit)
        file.seek(0)
        again.seek(0)
        return file_digest(file, "sha256").digest() == file_digest(again, "sha256").digest()


@command.command("push")
@click.argument("path", metavar="FILE", type=click.Path(exists=True, dir_okay=False))
@click.option("--config", "config_path", required=True, type=click.Path(exists=True, dir_okay=False))
def push_order(path: str, config_path: str) -> None:
    """Push FILE to the bureau; the configuration has tables source (address, peer-name) and tls."""
    with told_in_a_line():
        section = opened(config_path, Path(config_path).read_text(encoding="utf-8"))
        bureau = source(section, tls(section))
        section.end()
        told = {"file": Path(path).name, "digest": digest_of(Path(path))}
        pushed = audit_beside(Path(path)).once("issuer", "pushed", told)
        done(lambda: push(reactor(), bureau.host, bureau.port, bureau.tls, Path(path), pushed.hash))
        click.echo(f"pushed {Path(path).name}")


def audit_beside(order: Path) -> Chain:
    """The issuer's audit, which lies where its orders do."""
    return Chain(order.with_name("issuer.audit"), utc_now)


def digest_of(path: Path) -> str:
    """SHA-256, 64 hexadecimal digits."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _hexadecimal(path: str, count: int) -> bytes:
    try:
        found = bytes.fromhex(Path(path).read_text().strip())
    except ValueError:
        found = b""
    if len(found) != count:
        raise Refused(path, None, "", f"{count} bytes in hexadecimal")
    return found


def _named(name: str, pattern: re.Pattern[str]) -> str:
    if not pattern.fullmatch(name):
        raise click.UsageError(f"{name[:32]!r} is no name")
    return name
