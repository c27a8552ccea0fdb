"""An order becomes an XOF file: verified as a whole, then re-enciphered batch by batch inside the HSM.

What is imported is an issuer's order, under TKissuer, or, where the internal server has an HSM of its own, the XOF file
that was made of one there, under internal transport keys.

The order is read twice: once for its shape and its MAC, before the HSM opens anything of it, and once to be moved, when
what is read must have the digest that the MAC was of.  Several batches are under way at once and are written in order.  The
XOF file appears under its name when it is whole, and counts when the books say so; before that there is a part of it, with
which the next attempt goes on (``switch.perso.partfile``).
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hmac import compare_digest
from io import BufferedIOBase
from itertools import islice
from pathlib import Path

from twisted.internet.defer import Deferred, ensureDeferred

from hsm.client.answers import Refused as HsmRefused
from switch.perso.books import Books, ImportedOrder
from switch.perso.chain import START
from switch.perso.orderfile import OrderHead, OrderReader
from switch.perso.partfile import MARK_CARDS, PartBusy, PartFile, forget
from switch.perso.product import Product, Resolved, read_product, resolve
from switch.perso.seen import Seen
from switch.perso.terms import Attribute, Cardholder, CardValues, Content, HeldKey, KeyName, Refused, key_name
from switch.perso.xof import XofHead, XofReader, XofWriter
from switch.server.perso.hsm import PersoHsm

BATCH_CARDS = 64
BATCHES_UNDER_WAY_MAX = 4
Progress = Callable[[int, int], None]
"""Told how many cards are done, and of how many."""
Begun = Callable[[OrderHead | XofHead], str]


@dataclass(frozen=True)
class _Plan:
    """What an import goes by: the keys that values and MAC came under, and the product's."""

    file: str
    head: OrderHead | XofHead
    sources: Mapping[Attribute, HeldKey]
    mac: HeldKey
    resolved: Resolved


@dataclass
class _Moving:
    """What is written: so many cards are behind the last mark."""

    part: PartFile
    writer: XofWriter
    context: bytes
    imported: str
    marked: int


class OrderImport:
    """Imports orders to the folder *xofs*; *clock* tells the time in UTC."""

    def __init__(self, hsm: PersoHsm, books: Books, xofs: Path, clock: Callable[[], datetime]) -> None:
        self._hsm = hsm
        self._books = books
        self._xofs = xofs
        self._clock = clock

    async def import_file(
        self, path: Path, progress: Progress = lambda done, of: None, begun: Begun = lambda head: START
    ) -> ImportedOrder:
        """Import the order file *path*; *begun*, called when it is verified, says what audit entry the XOF file names.

        Raises Refused, OSError, and what the pool fails with.
        """
        with path.open("rb") as source:
            reader = _reader(source, path.name)
            resolved = self._resolved(path.name, reader.head)
            for card in reader:
                _check_attributes(path.name, resolved.product, card)
            plan = self._plan(path.name, reader, resolved)
            if not await self._hsm.is_mac(plan.mac, reader.total.digest, reader.total.mac):
                raise Refused(path.name, None, "mac", f"is not the MAC under {plan.mac.named.name}")
            await self._check_keys(plan)
            source.seek(0)
            return await self._move(plan, _reader(source, path.name), reader.total.digest, progress, begun)

    def imported(self, path: Path) -> ImportedOrder | None:
        """What was imported from just this file *path*, if it was: after a kill that is nothing to complain of.

        Raises Refused, OSError.
        """
        with path.open("rb") as source:
            reader = _reader(source, path.name)
            known = self._books.order(reader.head.issuer, reader.head.order)
            if known is None:
                return None
            deque(reader, maxlen=0)
            same = compare_digest(reader.total.digest.hex(), known.digest)
        if same:
            forget(self._xofs / known.xof)
        return known if same else None

    # --- before anything is moved ---------------------------------------------------------------------------------
    def _resolved(self, file: str, head: OrderHead | XofHead) -> Resolved:
        """The product's keys, if the order is new."""
        if file.rpartition(".")[0] != f"{head.issuer}-{head.order}":
            raise Refused(file, 0, "id", f"order {head.order} of issuer {head.issuer} is called by these names")
        self._check_new(file, head)
        text = self._books.product(head.issuer, head.product)
        if text is None:
            raise Refused(file, 0, "product", f"issuer {head.issuer} has no product {head.product}")
        return resolve(read_product(text, f"product {head.product}"), self._books.key)

    def _check_new(self, file: str, head: OrderHead | XofHead) -> None:
        if (known := self._books.order(head.issuer, head.order)) is not None:
            raise Refused(file, 0, "id", f"order {head.order} of issuer {head.issuer} was imported {known.imported}")

    def _plan(self, file: str, reader: OrderReader | XofReader, resolved: Resolved) -> _Plan:
        """What the values and the MAC of what was read lie under."""
        head = reader.head
        if isinstance(reader, XofReader):
            sources = {each: self._internal_key(file, named) for each, named in reader.under.items()}
            return _Plan(file, head, sources, self._internal_key(file, reader.total.key), resolved)
        issuer = {content: self._issuers_key(file, reader.head, content) for content in Content}
        return _Plan(file, head, {each: issuer[each.content] for each in Attribute}, issuer[Content.MACS], resolved)

    def _issuers_key(self, file: str, head: OrderHead, content: Content) -> HeldKey:
        name = key_name(head.issuer, head.key_version, content)
        held = self._books.key(name)
        if held is None:
            raise Refused(file, 0, "key version", f"no key {name}")
        return held

    def _internal_key(self, file: str, named: KeyName) -> HeldKey:
        held = self._books.key(named.name)
        if held is None or held.named != named:
            raise Refused(file, 0, "dkep", f"no key {named.name} of this type and check value")
        return held

    async def _check_keys(self, plan: _Plan) -> None:
        """Nothing, if the HSM opens every key, and each is the one that the books mean."""
        keys = (*plan.sources.values(), plan.mac, *plan.resolved.dkeps.values(), plan.resolved.mac)
        for key in {key.named.name: key for key in keys}.values():
            try:
                found = await self._hsm.check_value(key)
            except HsmRefused as e:
                raise Refused(plan.file, None, "", f"{key.named.name}: {e}") from None
            if found != key.named.check_value:
                told = f"{key.named.name} has check value {found}, the books have {key.named.check_value}"
                raise Refused(plan.file, None, "", told)

    # --- moving ---------------------------------------------------------------------------------------------------
    async def _move(
        self, plan: _Plan, reader: OrderReader | XofReader, digest: bytes, progress: Progress, begun: Begun
    ) -> ImportedOrder:
        head = plan.head
        to = self._xofs / f"{head.issuer}-{head.order}.xof"
        try:
            part = PartFile(to, back=True)
        except PartBusy:
            raise Refused(plan.file, None, "", "another process is importing it") from None
        seen = Seen()
        try:
            self._check_new(plan.file, head)
            moving = await self._begun(plan, part, digest, begun(head))
            await self._batches(plan, iter(reader), moving, seen, progress)
            if not compare_digest(reader.total.digest, digest):
                raise Refused(plan.file, None, "", "has changed since its MAC was verified")
            moving.writer.end(await self._hsm.mac(plan.resolved.mac, moving.writer.digest))
            part.settle()
            told = (head.issuer, head.order, head.product, head.key_version, head.cards, digest.hex(), to.name)
            done = ImportedOrder(*told, moving.imported)
            self._books.add_order(done)
            forget(to)
        except Refused:
            part.drop()
            raise
        finally:
            part.close()
            seen.close()
        return done

    async def _begun(self, plan: _Plan, part: PartFile, digest: bytes, audit: str) -> _Moving:
        """Where an import that was interrupted was, if it was of just this order, noted as *audit*, under these keys."""
        head, used = plan.head, _used(plan)
        told = ("import", digest.hex(), head, audit, sorted((each.label, key) for each, key in used.items()))
        context = hashlib.sha256(repr((*told, plan.resolved.mac.named)).encode()).digest()
        mark = part.marked()
        if mark is not None and not compare_digest(
            await self._hsm.mac(plan.resolved.mac, mark.text(context)), mark.mac
        ):
            mark = None
        imported = mark.note if mark is not None else self._clock().strftime("%Y-%m-%dT%H:%M:%SZ")
        written = part.go_on(mark)
        xof = XofHead(head.issuer, head.order, head.product, head.key_version, head.cards, imported, audit)
        writer = XofWriter(part.out, xof, used, plan.resolved.mac.named, written)
        return _Moving(part, writer, context, imported, written.cards)

    async def _batches(
        self, plan: _Plan, cards: Iterator[CardValues], moving: _Moving, seen: Seen, progress: Progress
    ) -> None:
        under_way: deque[Deferred[list[CardValues]]] = deque()
        writer, left = moving.writer, moving.marked
        while left > 0:
            # What is there is not moved again; whether a card comes twice must be known of it.
            left -= len(behind := list(islice(cards, min(left, BATCH_CARDS))))
            await self._holders(plan, behind, seen)
        try:
            while True:
                while len(under_way) < BATCHES_UNDER_WAY_MAX and (batch := list(islice(cards, BATCH_CARDS))):
                    under_way.append(ensureDeferred(self._batch(plan, batch, seen)))
                if not under_way:
                    break
                for card in await under_way.popleft():
                    writer.card(card)
                progress(writer.written.cards, plan.head.cards)
                if writer.written.cards >= moving.marked + MARK_CARDS:
                    await self._mark(plan, moving)
        finally:
            for abandoned in under_way:
                abandoned.addErrback(lambda failure: None)
                abandoned.cancel()
        if writer.written.cards > moving.marked:
            await self._mark(plan, moving)

    async def _mark(self, plan: _Plan, moving: _Moving) -> None:
        mark = moving.part.reached(moving.writer.written, moving.imported)
        moving.part.keep(replace(mark, mac=await self._hsm.mac(plan.resolved.mac, mark.text(moving.context))))
        moving.marked = mark.cards

    async def _batch(self, plan: _Plan, cards: list[CardValues], seen: Seen) -> list[CardValues]:
        try:
            holders = await self._holders(plan, cards, seen)
            moved: list[dict[Attribute, bytes]] = [{} for _ in cards]
            for attribute in plan.resolved.dkeps:
                having = [number for number, card in enumerate(cards) if attribute in card.values]
                values = [cards[number].values[attribute] for number in having]
                accounts = [holders[number].account for number in having]
                for number, value in zip(having, await self._moved(plan, attribute, values, accounts), strict=True):
                    if isinstance(value, HsmRefused):
                        raise Refused(plan.file, cards[number].sequence, attribute.label, f"the HSM refused: {value}")
                    moved[number][attribute] = value
        except HsmRefused as e:
            first, last = cards[0].sequence, cards[-1].sequence
            raise Refused(plan.file, None, "", f"records {first} to {last}: the HSM refused: {e}") from None
        return [CardValues(card.sequence, values) for card, values in zip(cards, moved, strict=True)]

    async def _holders(self, plan: _Plan, cards: list[CardValues], seen: Seen) -> list[Cardholder]:
        values = [card.values[Attribute.HOLDER] for card in cards]
        holders = []
        key = plan.sources[Attribute.HOLDER]
        for card, content in zip(cards, await self._hsm.decipher(key, values), strict=True):
            label = Attribute.HOLDER.label
            if content is None:
                raise Refused(plan.file, card.sequence, label, f"is not under {key.named.name}")
            try:
                holder = Cardholder.read(content)
            except ValueError as e:
                raise Refused(plan.file, card.sequence, label, str(e)) from None
            if not seen.is_new(f"{holder.pan}{holder.sequence}"):
                raise Refused(plan.file, card.sequence, label, "this PAN and sequence number came before")
            holders.append(holder)
        return holders

    async def _moved(
        self, plan: _Plan, attribute: Attribute, values: list[bytes], accounts: list[str]
    ) -> Sequence[bytes | HsmRefused]:
        if not values:
            return []
        source, destination = plan.sources[attribute], plan.resolved.dkeps[attribute]
        if attribute.chained:
            return await self._hsm.translate(source, destination, values)
        return await self._hsm.translate_pins(source, destination, values, accounts)


def _reader(source: BufferedIOBase, name: str) -> OrderReader | XofReader:
    return XofReader(source, name) if name.endswith(".xof") else OrderReader(source, name)


def _check_attributes(file: str, product: Product, card: CardValues) -> None:
    for attribute in sorted(product.required - set(card.values), key=lambda each: each.label):
        raise Refused(file, card.sequence, attribute.label, f"missing; product {product.name} needs it")
    for attribute in card.values:
        if attribute not in product.required | product.optional:
            raise Refused(file, card.sequence, attribute.label, f"product {product.name} has no such attribute")


def _used(plan: _Plan) -> dict[Attribute, KeyName]:
    return plan.resolved.named
