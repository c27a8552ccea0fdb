"""An XOF file becomes a prepared file: read, deciphered batch by batch, prepared card by card, sealed batch by batch.

Many cards are under way at once, so that the HSM is never idle; they are written in order.  The prepared file appears under
its name when it is whole: a preparation that was killed leaves a part, of which no card is made, and the next one goes on
with it (``switch.perso.partfile``).
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from hmac import compare_digest
from itertools import islice
from pathlib import Path

from twisted.internet.defer import Deferred, ensureDeferred

from hsm.client.answers import Refused as HsmRefused
from switch.perso.card.groups import GroupError
from switch.perso.card.tlv import TlvError
from switch.perso.cardkeys import TRANSPORT_ROLES, BureauKey
from switch.perso.chain import START
from switch.perso.emboss import EmbossError
from switch.perso.partfile import MARK_CARDS, PartBusy, PartFile, forget
from switch.perso.preparedfile import PreparedHead, PreparedReader, PreparedWriter, SealedCard, content_of
from switch.perso.preparing import Keys, Preparation, PreparedCard
from switch.perso.profile import Profile
from switch.perso.sealing import BLOCK_BYTES, chains, contents, cut, padded
from switch.perso.terms import ICC_KEYS_BYTES, Attribute, Cardholder, CardValues, HeldKey, KeyName, Refused
from switch.perso.tracks import TrackError
from switch.perso.xof import XofHead, XofReader
from switch.server.perso.cardhsm import CardHsm

BATCH_CARDS = 32
BATCHES_UNDER_WAY_MAX = 4
_OWN_KEYS = bytes(BLOCK_BYTES) + padded(bytes(ICC_KEYS_BYTES))
"""As long as the value of icc-keys."""
Progress = Callable[[int, int], None]
"""Told how many cards are done, and of how many."""
Begun = Callable[[XofHead], str]


def silent(done: int, of: int) -> None:
    """Nobody looks."""


@dataclass(frozen=True)
class _Order:
    file: str
    dkeps: Mapping[Attribute, BureauKey]


@dataclass
class _Making:
    """What is written: so many cards are behind the last mark."""

    part: PartFile
    writer: PreparedWriter
    context: bytes
    marked: int


class OrderPreparation:
    """Prepares the orders of one product; *held* finds a DKep by its name, *random* draws IVs."""

    def __init__(
        self,
        hsm: CardHsm,
        profile: Profile,
        keys: Keys,
        held: Callable[[str], HeldKey | None],
        random: Callable[[int], bytes],
    ) -> None:
        self._hsm = hsm
        self._profile = profile
        self._keys = keys
        self._held = held
        self._random = random
        self._preparation = Preparation(profile, keys, hsm)

    async def prepare_file(
        self, xof: Path, to: Path, progress: Progress = silent, begun: Begun = lambda head: START
    ) -> PreparedHead:
        """Prepare the cards of the file *xof* into the file *to*; one that is there already is left as it is.

        *begun*, called when the order is verified, says what audit entry the file *to* names.

        Raises Refused, naming file, record and field, OSError, and what the pool fails with.
        """
        with xof.open("rb") as source:
            reader = XofReader(source, xof.name)
            order = await self._verified(reader, xof.name)
            checks = {role: self._keys.by_role[role].check_value for role in TRANSPORT_ROLES}
            told = reader.head
            names = (told.issuer, told.order, told.product, self._profile.name)
            head = PreparedHead(*names, told.cards, self._profile.mailers, checks, begun(told))
            if not to.exists():
                source.seek(0)
                await self._prepare(order, XofReader(source, xof.name), reader.total.digest, head, to, progress)
            elif not await self._is_of(head, to):
                raise Refused(to.name, None, "", "is there already, and is another than would be prepared")
            forget(to)
        return head

    async def _prepare(
        self, order: _Order, reader: XofReader, digest: bytes, head: PreparedHead, to: Path, progress: Progress
    ) -> None:
        try:
            part = PartFile(to)
        except PartBusy:
            raise Refused(order.file, None, "", "another process is preparing it") from None
        try:
            making = await self._begun(order, part, digest, head)
            await self._batches(order, reader, making, progress)
            if not compare_digest(reader.total.digest, digest):
                raise Refused(order.file, None, "", "has changed since its MAC was verified")
            making.writer.end(await self._hsm.mac(self._keys.by_role["mtk"], making.writer.digest))
            part.settle()
        except Refused:
            part.drop()
            raise
        finally:
            part.close()

    async def _is_of(self, head: PreparedHead, to: Path) -> bool:
        """Is the file *to* of this order and profile, whole, and with the MAC of these keys?"""
        with to.open("rb") as source:
            there = PreparedReader(source, to.name)
            deque(there, maxlen=0)
        return there.head == head and compare_digest(
            await self._hsm.mac(self._keys.by_role["mtk"], there.digest), there.mac
        )

    async def _begun(self, order: _Order, part: PartFile, digest: bytes, head: PreparedHead) -> _Making:
        """Where a preparation that was interrupted was, if it was of the same order, profile and keys."""
        keys = sorted((role, key.name, key.check_value) for role, key in self._keys.by_role.items())
        signing = (self._keys.signing.modulus.hex(), self._keys.certificate)
        told = ("prepare", digest.hex(), head, self._profile, keys, signing)
        context = hashlib.sha256(repr(told).encode()).digest()
        mark = part.marked()
        mtk = self._keys.by_role["mtk"]
        if mark is not None and not compare_digest(await self._hsm.mac(mtk, mark.text(context)), mark.mac):
            mark = None
        written = part.go_on(mark)
        return _Making(part, PreparedWriter(part.out, head, written), context, written.cards)

    async def _verified(self, reader: XofReader, file: str) -> _Order:
        """The order's DKeps, when all its cards were read and its MAC is right.  Raises Refused."""
        for card in reader:
            if len(card.values.get(Attribute.ICC_KEYS, _OWN_KEYS)) != len(_OWN_KEYS):
                # RSA keys of cards come in parts of other lengths; the cards of this bureau authenticate statically.
                told = "AC, SMI and SMC keys, 48 bytes; RSA keys are not taken: no card of this bureau has one"
                raise Refused(file, card.sequence, Attribute.ICC_KEYS.label, told)
            if Attribute.HOLDER not in card.values:
                raise Refused(file, card.sequence, Attribute.HOLDER.label, "missing")
        mac_key = self._dkep(reader.total.key, file)
        if not await self._hsm.is_mac(mac_key, reader.total.digest, reader.total.mac):
            raise Refused(file, None, "mac", f"is not the MAC under {mac_key.name}")
        return _Order(file, {attribute: self._dkep(key, file) for attribute, key in reader.under.items()})

    def _dkep(self, told: KeyName, file: str) -> BureauKey:
        held = self._held(told.name)
        if held is None or held.named != told:
            raise Refused(file, 0, "dkep", f"{told.name} is not held, or is another key than the file means")
        return BureauKey(told.name, told.content.value, told.check_value, held.specifier)

    async def _batches(self, order: _Order, reader: XofReader, making: _Making, progress: Progress) -> None:
        cards: Iterator[CardValues] = iter(reader)
        deque(islice(cards, making.marked), maxlen=0)
        writer = making.writer
        under_way: deque[Deferred[list[SealedCard]]] = deque()
        try:
            while True:
                while len(under_way) < BATCHES_UNDER_WAY_MAX and (batch := list(islice(cards, BATCH_CARDS))):
                    under_way.append(ensureDeferred(self._batch(order, batch)))
                if not under_way:
                    break
                for card in await under_way.popleft():
                    writer.card(card)
                progress(writer.written.cards, reader.head.cards)
                if writer.written.cards >= making.marked + MARK_CARDS:
                    await self._mark(making)
        finally:
            for abandoned in under_way:
                abandoned.addErrback(lambda failure: None)
                abandoned.cancel()
        if writer.written.cards > making.marked:
            await self._mark(making)

    async def _mark(self, making: _Making) -> None:
        mark = making.part.reached(making.writer.written, "")
        mac = await self._hsm.mac(self._keys.by_role["mtk"], mark.text(making.context))
        making.part.keep(replace(mark, mac=mac))
        making.marked = mark.cards

    async def _batch(self, order: _Order, cards: list[CardValues]) -> list[SealedCard]:
        first, last = cards[0].sequence, cards[-1].sequence
        try:
            holders = await self._holders(order, cards)
            more = await self._more(order, cards)
            own = await self._own_keys(order, cards)
            made: list[PreparedCard] = await self._hsm.together(
                [
                    ensureDeferred(
                        self._card(order, card, holder, more.get(card.sequence, b""), own.get(card.sequence, b""))
                    )
                    for card, holder in zip(cards, holders, strict=True)
                ]
            )
            return await self._sealed(made, await self._own_tracks(order, cards))
        except HsmRefused as e:
            raise Refused(order.file, None, "", f"records {first} to {last}: the HSM refused: {e}") from None

    async def _card(self, order: _Order, card: CardValues, holder: Cardholder, more: bytes, own: bytes) -> PreparedCard:
        try:
            pin = card.values.get(Attribute.PIN)
            key = order.dkeps[Attribute.PIN] if pin is not None else None
            return await self._preparation.prepared(card.sequence, holder, pin, key, more, own)
        except HsmRefused as e:
            raise Refused(order.file, card.sequence, "", f"the HSM refused: {e}") from None
        except (GroupError, TlvError) as e:
            raise Refused(order.file, card.sequence, Attribute.APPLICATION.label, str(e)) from None
        except (TrackError, EmbossError) as e:
            raise Refused(order.file, card.sequence, Attribute.HOLDER.label, str(e)) from None

    async def _deciphered(self, order: _Order, attribute: Attribute, cards: list[CardValues]) -> list[bytes]:
        key = order.dkeps[attribute]
        found: list[bytes] = []
        for chain in chains([card.values[attribute] for card in cards]):
            found += _opened(await self._hsm.deciphered(key, b"".join(chain)), chain)
        return found

    async def _holders(self, order: _Order, cards: list[CardValues]) -> list[Cardholder]:
        holders = []
        for card, content in zip(cards, await self._deciphered(order, Attribute.HOLDER, cards), strict=True):
            try:
                holders.append(Cardholder.read(content))
            except ValueError as e:
                raise Refused(order.file, card.sequence, Attribute.HOLDER.label, str(e)) from None
        return holders

    async def _more(self, order: _Order, cards: list[CardValues]) -> dict[int, bytes]:
        """The order's own data groups, by card."""
        having = [card for card in cards if Attribute.APPLICATION in card.values]
        found = await self._deciphered(order, Attribute.APPLICATION, having) if having else []
        return {card.sequence: content for card, content in zip(having, found, strict=True)}

    async def _own_tracks(self, order: _Order, cards: list[CardValues]) -> dict[int, bytes]:
        """The tracks that the issuer made, by card, under the KTK now: no host ever reads them."""
        having = [card for card in cards if Attribute.TRACKS in card.values]
        found: list[bytes] = []
        for chain in chains([card.values[Attribute.TRACKS] for card in having]):
            source, ktk = order.dkeps[Attribute.TRACKS], self._keys.by_role["ktk"]
            found += cut(await self._hsm.moved(source, ktk, b"".join(chain)), chain)
        return {card.sequence: value for card, value in zip(having, found, strict=True)}

    async def _own_keys(self, order: _Order, cards: list[CardValues]) -> dict[int, bytes]:
        """The keys that the issuer made, by card, under the KTK as those are that the HSM derives."""
        having = [card for card in cards if Attribute.ICC_KEYS in card.values]
        found: list[bytes] = []
        for chain in chains([card.values[Attribute.ICC_KEYS] for card in having]):
            source, ktk = order.dkeps[Attribute.ICC_KEYS], self._keys.by_role["ktk"]
            found += cut(await self._hsm.unchained(source, ktk, b"".join(chain)), chain)
        # What the IVs come to stands before the keys, and the padding behind.
        own = slice(BLOCK_BYTES, BLOCK_BYTES + ICC_KEYS_BYTES)
        return {card.sequence: value[own] for card, value in zip(having, found, strict=True)}

    async def _sealed(self, cards: list[PreparedCard], own_tracks: dict[int, bytes]) -> list[SealedCard]:
        """*cards* with what can be read of them under the data key."""
        key = self._keys.by_role["data"]
        clear = [self._random(BLOCK_BYTES) + padded(content_of(card)) for card in cards]
        sealed: list[bytes] = []
        for chain in chains(clear):
            sealed += cut(await self._hsm.enciphered(key, b"".join(chain)), chain)
        return [
            SealedCard(card.sequence, data, card.keys, card.checks, card.pin, own_tracks.get(card.sequence, b""))
            for card, data in zip(cards, sealed, strict=True)
        ]


def _opened(chain: bytes, like: list[bytes]) -> list[bytes]:
    """The contents of a deciphered chain; one without padding is empty, and no content of anything."""
    return [content or b"" for content in contents(chain, like)]
