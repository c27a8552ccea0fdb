"""The PMP: keys taken in and made, products, orders pulled and imported; every step in its audit chain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from hsm.client.answers import Refused as HsmRefused
from hsm.client.eracomcodec import EracomWire
from hsm.client.pool import HsmPool, NotSent, OutcomeUnknown
from hsm.client.station import Bounds, Site
from switch.perso.books import AlreadyThere, Books, ImportedOrder
from switch.perso.chain import Chain
from switch.perso.dual import Officers
from switch.perso.hsmconfig import HsmAddress
from switch.perso.keyfile import KeyFile, SentKey, read_keys
from switch.perso.orderfile import OrderHead
from switch.perso.pmpconfig import PmpConfig
from switch.perso.product import Product, read_product, resolve
from switch.perso.shelf import Shelf, TransferFailed
from switch.perso.terms import Content, HeldKey, KeyName, Refused
from switch.perso.whole import write_text
from switch.perso.xof import XofHead
from switch.server.hsmline import hsm_endpoint
from switch.server.perso.ftp import pull_by_ftp
from switch.server.perso.hsm import KIR, KIS, PersoHsm
from switch.server.perso.importing import OrderImport, Progress
from switch.server.perso.running import reactor, utc_now
from switch.server.perso.transfer import noted_in, pull

FROM_HSM = (HsmRefused, NotSent, OutcomeUnknown)
"""What the HSMs' pool fails with."""
ORDERS_MAX, ORDERS_BYTES_MAX = 1_000, 100_000_000_000
BOUNDS = Bounds(
    connections=2, outstanding_max=64, waiting_bytes_max=1 << 22, timeout_seconds=30.0, attempt_seconds=10.0
)


def pool_of(hsms: tuple[HsmAddress, ...]) -> HsmPool:
    """A pool of Eracom appliances, started.  Raises TlsFilesUnusable."""
    sites = [Site(f"{each.host}:{each.port}", hsm_endpoint(reactor(), each.host, each.port, each.tls)) for each in hsms]
    pool = HsmPool(reactor(), sites, EracomWire(), BOUNDS)
    pool.start()
    return pool


class Pmp:
    """What the administrators of the PMP do, in the folder of *config*."""

    def __init__(self, config: PmpConfig) -> None:
        self.config = config
        self._hsm: PersoHsm | None = None
        config.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.books = Books(config.folder / "books.db")
        self.chain = Chain(config.folder / "pmp.audit", utc_now)
        self.officers = Officers(config.folder / "officers.json")
        self.shelf = Shelf(config.folder / "orders", ORDERS_MAX, ORDERS_BYTES_MAX)
        self.xofs = config.folder / "xof"
        self.xofs.mkdir(mode=0o700, exist_ok=True)

    def hsm(self) -> PersoHsm:
        """The HSMs, connected to on the running reactor when they are first needed."""
        if self._hsm is None:
            self._hsm = PersoHsm(pool_of(self.config.hsms))
        return self._hsm

    # --- keys -----------------------------------------------------------------------------------------------------
    async def receive_keys(self, path: Path, officers: tuple[str, str]) -> list[HeldKey]:
        """Take in keys, TKissuer or internal transport keys, from the key file *path*.

        Raises Refused, AlreadyThere, and what the pool fails with.
        """
        file = read_keys(path.read_text(encoding="utf-8"), path.name)
        hsm = self.hsm()
        found = await hsm.transport_check_value(KIR, self.config.kir)
        if found != file.zmk_check_value:
            told = f"the keys lie under a ZMK of check value {file.zmk_check_value}; KIR {self.config.kir} has {found}"
            raise Refused(path.name, 0, "zmk-kcv", told)
        new = self._new({key.named.name: key.named for key in file.keys}, "key received")
        keys = [
            await self._received(hsm, path.name, file, number)
            for number, key in enumerate(file.keys)
            if key.named.name in new
        ]
        return self._added(keys, file.names, officers, "key received")

    async def _received(self, hsm: PersoHsm, file_name: str, file: KeyFile, number: int) -> HeldKey:
        named, cryptogram = file.keys[number].named, file.keys[number].cryptogram
        try:
            return await hsm.received_key(named.name, named.content, self.config.kir, cryptogram, named.check_value)
        except ValueError as e:
            raise Refused(file_name, number + 1, "kcv", str(e)) from None

    async def bind_stored_key(
        self, name: str, content: Content, index: int, check_value: str, officers: tuple[str, str]
    ) -> HeldKey:
        """Take in a key that custodians stored in the HSM from components.  Raises Refused, AlreadyThere."""
        keys = []
        if self._new({name: KeyName(name, content, check_value)}, "stored key bound"):
            try:
                keys.append(await self.hsm().stored_key(name, content, index, check_value))
            except ValueError as e:
                raise Refused(name, None, "kcv", str(e)) from None
        return self._added(keys, (name,), officers, "stored key bound")[0]

    async def new_keys(self, names: Mapping[str, Content], officers: tuple[str, str]) -> list[HeldKey]:
        """Make DKeps.  Raises AlreadyThere."""
        new = self._new(names, "key made")
        keys = [await self.hsm().new_key(name, content) for name, content in names.items() if name in new]
        return self._added(keys, tuple(names), officers, "key made")

    async def send_keys(
        self, names: Mapping[str, Content], kis: int, out: Path, officers: tuple[str, str]
    ) -> list[HeldKey]:
        """Make keys that another HSM shares, and give them out to *out* under the KIS at index *kis*.

        Raises AlreadyThere, also for keys that are there and not in *out*: they left the HSM once.
        """
        if len(new := self._new(names, "key made and sent")) == len(names):
            hsm = self.hsm()
            made = [await hsm.sent_key(name, content, kis) for name, content in names.items()]
            sent = tuple(SentKey(key.named, cryptogram) for key, cryptogram in made)
            # Before they count as made: keys that are there have gone out.
            write_text(out, KeyFile(await hsm.transport_check_value(KIS, kis), sent).text())
            return self._added([key for key, _ in made], tuple(names), officers, "key made and sent")
        gone = {each.named for each in read_keys(out.read_text("utf-8"), out.name).keys} if out.exists() else set()
        held = [self.books.key(name) for name in names]
        if new or not all(key is not None and key.named in gone for key in held):
            raise AlreadyThere(f"of {', '.join(names)} some are there already, and did not go out to {out.name}")
        return self._added([], tuple(names), officers, "key made and sent")

    def _new(self, wanted: Mapping[str, Content | KeyName], what: str) -> set[str]:
        """Those *wanted* that are not there; others came in this way, and their *what* is in the chain.

        Raises AlreadyThere where another key has the name.
        """
        new = set()
        for name, told in wanted.items():
            held = self.books.key(name)
            if held is None:
                new.add(name)
                continue
            entry = self.chain.found(_told(held))
            if told not in (held.named, held.named.content) or (entry is not None and entry.what != what):
                raise AlreadyThere(f"another key {name} is there already: a new version of a key has another name")
        return new

    def _added(self, keys: list[HeldKey], names: Sequence[str], officers: tuple[str, str], what: str) -> list[HeldKey]:
        """Add *keys*; all keys of these *names*, which are in the chain then, also after a kill."""
        if keys:
            self.books.add_keys(keys, officers)
        there = [key for key in map(self.books.key, names) if key is not None]
        for key in there:
            self.chain.once("+".join(officers), what, _told(key))
        return there

    # --- products -------------------------------------------------------------------------------------------------
    def put_product(self, path: Path, administrator: str) -> Product:
        """Put the product in the file *path*; one whose keys do not resolve is refused.  Raises Refused."""
        text = path.read_text(encoding="utf-8")
        product = read_product(text, path.name)
        resolve(product, self.books.key)
        self.books.put_product(product.issuer, product.name, text, administrator)
        self.chain.write(administrator, "product put", {"issuer": product.issuer, "product": product.name})
        return product

    def remove_product(self, issuer: str, name: str, administrator: str) -> None:
        """Raises Refused."""
        if not self.books.remove_product(issuer, name):
            raise Refused(f"product {name}", None, "", f"issuer {issuer} has none of this name")
        self.chain.write(administrator, "product removed", {"issuer": issuer, "product": name})

    # --- orders ---------------------------------------------------------------------------------------------------
    async def pull(self) -> list[str]:
        """Pull what the hosting server has.  Raises TransferFailed."""
        source, by_ftp = self.config.source, self.config.ftp
        if by_ftp is not None:
            passphrase = by_ftp.passphrase.read_text(encoding="utf-8").strip("\n")
            return pull_by_ftp((by_ftp.host, by_ftp.port), by_ftp.user, passphrase, self.shelf, noted_in(self.chain))
        if source is None:
            raise TransferFailed("no source is configured")
        return await pull(reactor(), source.host, source.port, source.tls, self.shelf, noted_in(self.chain))

    def waiting(self) -> list[str]:
        """The orders that were pulled and are not imported yet."""
        return [each.name for each in self.shelf.files()]

    async def import_order(self, path: Path, administrator: str, progress: Progress) -> ImportedOrder:
        """Import the order file *path*; one that was imported is told as it was, and the chain completed.

        Raises Refused, which is in the chain too, and what the pool fails with.
        """
        importing = OrderImport(self.hsm(), self.books, self.xofs, utc_now)

        def begun(head: OrderHead | XofHead) -> str:
            told = {"issuer": head.issuer, "order": head.order, "file": path.name, "before": head.audit}
            return self.chain.once(administrator, "import begun", told).hash

        try:
            order = importing.imported(path) or await importing.import_file(path, progress, begun)
        except Refused as e:
            self.chain.write(administrator, "order refused", {"file": path.name, "why": str(e)})
            raise
        told: dict[str, str | int] = {"issuer": order.issuer, "order": order.order, "cards": order.cards}
        self.chain.once(administrator, "order imported", told | {"digest": order.digest, "xof": order.xof})
        return order

    def discard(self, path: Path) -> None:
        """Remove an order file from the PMP's own shelf."""
        kept = self.shelf.file(path.name)
        self.shelf.drop(kept.name, kept.digest)


def _told(key: HeldKey) -> dict[str, str | int]:
    """What the chain says of a key."""
    return {"key": key.named.name, "type": key.named.content.value, "kcv": key.named.check_value}
