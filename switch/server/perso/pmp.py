"""The PMP: keys taken in and made, products, orders pulled and imported; every step in its audit chain."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from hsm.client.answers import Refused as HsmRefused
from hsm.client.eracomcodec import EracomWire
from hsm.client.pool import HsmPool, NotSent, OutcomeUnknown
from hsm.client.station import Bounds, Site
from switch.perso.books import Books, ImportedOrder
from switch.perso.chain import Chain
from switch.perso.dual import Officers
from switch.perso.hsmconfig import HsmAddress
from switch.perso.keyfile import KeyFile, SentKey, read_keys
from switch.perso.orderfile import OrderHead
from switch.perso.pmpconfig import PmpConfig
from switch.perso.product import Product, read_product, resolve
from switch.perso.shelf import Shelf, TransferFailed
from switch.perso.terms import Content, HeldKey, Refused
from switch.perso.xof import XofHead
from switch.server.hsmline import hsm_endpoint
from switch.server.perso.ftp import pull_by_ftp
from switch.server.perso.hsm import KIR, KIS, PersoHsm
from switch.server.perso.importing import OrderImport, Progress
from switch.server.perso.running import reactor, utc_now
from switch.server.perso.transfer import noted_in, pull

FROM_HSM = (HsmRefused, NotSent, OutcomeUnknown)
"""What the HSMs' pool fails with."""
IMPORTED = frozenset({"order imported"})
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
        keys = [await self._received(hsm, path.name, file, number) for number in range(len(file.keys))]
        return self._added(keys, officers, "key received")

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
        try:
            key = await self.hsm().stored_key(name, content, index, check_value)
        except ValueError as e:
            raise Refused(name, None, "kcv", str(e)) from None
        return self._added([key], officers, "stored key bound")[0]

    async def new_keys(self, names: Mapping[str, Content], officers: tuple[str, str]) -> list[HeldKey]:
        """Make DKeps.  Raises AlreadyThere."""
        hsm = self.hsm()
        keys = [await hsm.new_key(name, content) for name, content in names.items()]
        return self._added(keys, officers, "key made")

    async def send_keys(self, names: Mapping[str, Content], kis: int, officers: tuple[str, str]) -> KeyFile:
        """Make keys that another HSM shares, and give them out under the KIS at index *kis*.  Raises AlreadyThere."""
        hsm = self.hsm()
        made = [await hsm.sent_key(name, content, kis) for name, content in names.items()]
        self._added([key for key, _ in made], officers, "key made and sent")
        sent = tuple(SentKey(key.named, cryptogram) for key, cryptogram in made)
        return KeyFile(await hsm.transport_check_value(KIS, kis), sent)

    def _added(self, keys: list[HeldKey], officers: tuple[str, str], what: str) -> list[HeldKey]:
        self.books.add_keys(keys, officers)
        for key in keys:
            told = {"key": key.named.name, "type": key.named.content.value, "kcv": key.named.check_value}
            self.chain.write("+".join(officers), what, told)
        return keys

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
        """Import the order file *path*; once it is, a file of the PMP's own shelf is removed.

        Raises Refused, which is in the chain too, and what the pool fails with.
        """
        importing = OrderImport(self.hsm(), self.books, self.xofs, utc_now)

        def begun(head: OrderHead | XofHead) -> str:
            told = {"issuer": head.issuer, "order": head.order, "file": path.name, "before": head.audit}
            return self.chain.write(administrator, "import begun", told).hash

        try:
            order = await importing.import_file(path, progress, begun)
        except Refused as e:
            self.chain.write(administrator, "order refused", {"file": path.name, "why": str(e)})
            known = self.books.order_of(path.name)
            if known is not None and self.chain.last(IMPORTED, issuer=known.issuer, order=known.order) is None:
                # A kill came between the books and the chain.
                self._note_imported(administrator, known)
            raise
        self._note_imported(administrator, order)
        return order

    def _note_imported(self, administrator: str, order: ImportedOrder) -> None:
        told: dict[str, str | int] = {"issuer": order.issuer, "order": order.order, "cards": order.cards}
        self.chain.write(administrator, "order imported", told | {"digest": order.digest, "xof": order.xof})

    def discard(self, path: Path) -> None:
        """Remove an order file from the PMP's own shelf."""
        kept = self.shelf.file(path.name)
        self.shelf.drop(kept.name, kept.digest)
