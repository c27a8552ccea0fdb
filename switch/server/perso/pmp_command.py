"""``switch perso pmp``: what the administrators and officers of the PMP do."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from switch.perso.books import ImportedOrder
from switch.perso.pmpconfig import read_pmp
from switch.perso.product import read_product, resolve
from switch.perso.terms import CHECK_VALUE, NAME, Content, HeldKey, Refused
from switch.server.perso.acting import added, officers_option, two
from switch.server.perso.pmp import FROM_HSM, Pmp
from switch.server.perso.progress import bar
from switch.server.perso.running import done, told_in_a_line

KINDS = {"data": Content.DATA, "pins": Content.PINS, "keys": Content.KEYS, "macs": Content.MACS}


@click.group("pmp", short_help="The PMP: keys, products, and the import of orders.")
@click.option("--config", "path", required=True, type=click.Path(exists=True, dir_okay=False))
@click.pass_context
def command(context: click.Context, path: str) -> None:
    """Keys under dual control, products, and orders pulled and imported."""
    with told_in_a_line():
        context.obj = Pmp(read_pmp(path, Path(path).read_text(encoding="utf-8")))


_administrator = click.option("--administrator", default="administrator", show_default=True)


@command.group("officers")
def officers_group() -> None:
    """Who may act on keys, two at a time."""


@officers_group.command("add")
@click.argument("officer", metavar="NAME[:FILE]")
@officers_option
@click.pass_obj
def add_officer(pmp: Pmp, officer: str, officers: tuple[str, ...]) -> None:
    """Add an officer: the first two by themselves, every other with two who are there."""
    with told_in_a_line():
        added(pmp.officers, pmp.chain, officer, officers)


@command.group("keys")
def keys_group() -> None:
    """Keys, which two officers take in or make together."""


@keys_group.command("receive")
@click.argument("path", metavar="FILE", type=click.Path(exists=True, dir_okay=False))
@officers_option
@click.pass_obj
def receive(pmp: Pmp, path: str, officers: tuple[str, ...]) -> None:
    """Take in transport keys, an issuer's or internal ones, from FILE, where they lie under the zone master key."""
    with told_in_a_line(*FROM_HSM):
        acting = two(pmp.officers, officers)
        _show(done(lambda: pmp.receive_keys(Path(path), acting)))


@keys_group.command("stored")
@click.argument("name")
@click.argument("kind", type=click.Choice(tuple(KINDS)))
@click.argument("index", type=click.IntRange(1, 9_999))
@click.argument("kcv")
@officers_option
@click.pass_obj
def stored(pmp: Pmp, name: str, kind: str, index: int, kcv: str, officers: tuple[str, ...]) -> None:
    """Take in, as NAME, a transport key that custodians stored in the HSM at INDEX from components."""
    with told_in_a_line(*FROM_HSM):
        if not NAME.fullmatch(name) or not CHECK_VALUE.fullmatch(kcv.upper()):
            raise Refused(name[:32], None, "", "a name and a check value of 6 hexadecimal digits")
        acting = two(pmp.officers, officers)
        _show([done(lambda: pmp.bind_stored_key(name, KINDS[kind], index, kcv.upper(), acting))])


@keys_group.command("new")
@click.argument("keys", metavar="NAME=KIND...", nargs=-1, required=True)
@officers_option
@click.pass_obj
def new(pmp: Pmp, keys: tuple[str, ...], officers: tuple[str, ...]) -> None:
    """Make internal data keys (DKep) in the HSM; KIND is data, pins, keys or macs."""
    with told_in_a_line(*FROM_HSM):
        wanted = _wanted(keys)
        acting = two(pmp.officers, officers)
        _show(done(lambda: pmp.new_keys(wanted, acting)))


@keys_group.command("send")
@click.argument("keys", metavar="NAME=KIND...", nargs=-1, required=True)
@click.option("--kis", type=click.IntRange(1, 9_999), default=1, show_default=True, help="where the HSM keeps the ZMK")
@click.option("--out", required=True, type=click.Path(), help="for the other side's `keys receive`")
@officers_option
@click.pass_obj
def send(pmp: Pmp, keys: tuple[str, ...], kis: int, out: str, officers: tuple[str, ...]) -> None:
    """Make internal transport keys in the HSM, and write them for another HSM under the zone master key."""
    with told_in_a_line(*FROM_HSM):
        wanted = _wanted(keys)
        acting = two(pmp.officers, officers)
        _show(done(lambda: pmp.send_keys(wanted, kis, Path(out), acting)))


@keys_group.command("list")
@click.pass_obj
def list_keys(pmp: Pmp) -> None:
    """Show names, types and check values."""
    _show(pmp.books.all_keys())


@command.group("product")
def product_group() -> None:
    """Products: order profiles with their DKeps."""


@product_group.command("put")
@click.argument("path", metavar="FILE", type=click.Path(exists=True, dir_okay=False))
@_administrator
@click.pass_obj
def put_product(pmp: Pmp, path: str, administrator: str) -> None:
    """Put the product of FILE; one whose keys do not resolve is refused."""
    with told_in_a_line():
        product = pmp.put_product(Path(path), administrator)
        click.echo(f"{product.issuer} {product.name}")


@product_group.command("list")
@click.pass_obj
def list_products(pmp: Pmp) -> None:
    """Show all products, and whether their keys resolve."""
    for issuer, name in pmp.books.products():
        try:
            resolve(read_product(pmp.books.product(issuer, name) or "", name), pmp.books.key)
            state = "complete"
        except Refused as e:
            state = str(e)
        click.echo(f"{issuer} {name} {state}")


@product_group.command("show")
@click.argument("issuer")
@click.argument("name")
@click.pass_obj
def show_product(pmp: Pmp, issuer: str, name: str) -> None:
    """Show a product as it was put."""
    with told_in_a_line():
        text = pmp.books.product(issuer, name)
        if text is None:
            raise Refused(f"product {name}", None, "", f"issuer {issuer} has none of this name")
        click.echo(text, nl=False)


@product_group.command("remove")
@click.argument("issuer")
@click.argument("name")
@_administrator
@click.pass_obj
def remove_product(pmp: Pmp, issuer: str, name: str, administrator: str) -> None:
    """Remove a product."""
    with told_in_a_line():
        pmp.remove_product(issuer, name, administrator)


@command.command("pull")
@click.pass_obj
def pull(pmp: Pmp) -> None:
    """Pull the orders that the internal server has."""
    with told_in_a_line():
        for name in done(pmp.pull):
            click.echo(f"pulled {name}")


@command.command("import")
@click.argument("paths", metavar="[FILE]...", nargs=-1, type=click.Path(exists=True, dir_okay=False))
@_administrator
@click.pass_obj
def import_orders(pmp: Pmp, paths: tuple[str, ...], administrator: str) -> None:
    """Import orders: FILEs, or all that were pulled.  What is refused stays where it is."""
    pulled = [pmp.shelf.path(name) for name in pmp.waiting()]
    chosen = [Path(path) for path in paths] or pulled

    async def work() -> int:
        refused = 0
        for path in chosen:
            known = pmp.books.order_of(path.name)
            try:
                order = await pmp.import_order(path, administrator, bar(path.name))
            except Refused as e:
                refused += 1
                click.echo(str(e), err=True)
                continue
            if known is not None:
                click.echo(f"{path.name}: just this order was imported {known.imported}", err=True)
            if path in pulled:
                pmp.discard(path)
            click.echo(_line(order))
        return refused

    with told_in_a_line(*FROM_HSM):
        refused = done(work) if chosen else 0
        if refused:
            raise SystemExit(1)


@command.command("orders")
@click.pass_obj
def orders(pmp: Pmp) -> None:
    """Show what was imported."""
    for order in pmp.books.orders():
        click.echo(_line(order))


def _line(order: ImportedOrder) -> str:
    told = (order.issuer, order.order, order.product, str(order.cards), order.imported, order.xof)
    return " ".join(told)


def _wanted(keys: tuple[str, ...]) -> dict[str, Content]:
    wanted: dict[str, Content] = {}
    for each in keys:
        name, _, kind = each.partition("=")
        if not NAME.fullmatch(name) or kind not in KINDS or name in wanted:
            raise Refused(each[:40], None, "", f"NAME=KIND, once, of {', '.join(KINDS)}")
        wanted[name] = KINDS[kind]
    return wanted


def _show(keys: Sequence[HeldKey | None]) -> None:
    for key in filter(None, keys):
        click.echo(f"{key.named.name:32} {key.named.content.value} {key.named.check_value}")
