"""CardInk: its keys, the issuers' RSA keys with their certificates, profiles, the checklist, and data preparation."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path

from switch.perso.authority import PublicKey
from switch.perso.books import AlreadyThere, Books
from switch.perso.cardconfig import CardInkConfig
from switch.perso.cardkeys import (
    ROLES,
    TRANSPORT_ROLES,
    BureauKey,
    KeyFileError,
    SigningKey,
    Transport,
    read_certificate,
    read_issuer_keys,
    read_keys,
    read_transport,
    resolved,
    roles_of,
    write_issuer_keys,
    write_keys,
    write_transport,
    write_whole,
)
from switch.perso.chain import Chain
from switch.perso.dual import Officers
from switch.perso.preparedfile import PreparedHead
from switch.perso.preparing import Keys
from switch.perso.profile import Profile, read_profile
from switch.perso.terms import Refused
from switch.perso.whole import write_text
from switch.perso.xof import XofHead
from switch.server.perso.cardhsm import CardHsm
from switch.server.perso.cardink import (
    ISSUER_MODES,
    KIR,
    KIS,
    PREPARING_MODES,
    Checked,
    bound_key,
    check_value,
    checklist,
    new_key,
    new_signing_key,
    received_key,
    sent_key,
    stored_specifier,
)
from switch.server.perso.pmp import pool_of
from switch.server.perso.preparing import OrderPreparation, Progress
from switch.server.perso.running import utc_now

SIGNING = "signing"
"""What a profile calls the issuer's RSA key."""


class CardInk:
    """What is done at CardInk, in the folder of *config*; methods fail as the HSMs' pool does."""

    def __init__(self, config: CardInkConfig, hsm: CardHsm | None = None) -> None:
        self.config = config
        config.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._hsm = hsm
        self._keys = config.folder / "keys.json"
        self._issuers = config.folder / "issuers.json"
        self._profiles = config.folder / "profiles"
        self._profiles.mkdir(mode=0o700, exist_ok=True)
        self.chain = Chain(config.folder / "cardink.audit", utc_now)
        self.officers = Officers(config.folder / "officers.json")

    def hsm(self) -> CardHsm:
        """The HSMs, connected to on the running reactor when they are first needed."""
        if self._hsm is None:
            self._hsm = CardHsm(pool_of(self.config.hsms))
        return self._hsm

    # --- keys -----------------------------------------------------------------------------------------------------
    def keys(self) -> dict[str, BureauKey]:
        """All keys by name.  Raises KeyFileError."""
        return read_keys(self._keys)

    def _new(self, wanted: Mapping[str, tuple[str, str | None]], what: str) -> set[str]:
        """Those *wanted*, by name type and check value, that are not there; others came in this way (*what*).

        Raises AlreadyThere where another key has the name.
        """
        return new_names(self.keys(), wanted, self.chain, what)

    def _add(self, keys: list[BureauKey], names: Iterable[str], officers: tuple[str, str], what: str) -> None:
        """Add *keys*; all of *names* are in the chain then, also after a kill."""
        add_keys(self._keys, keys, names, self.chain, officers, what)

    async def new_keys(self, names: Mapping[str, str], officers: tuple[str, str], out: Path | None) -> None:
        """Make keys, by name their roles, and write those that production shares to *out*, under the KIS.

        From then on each of these is bound to the HSM.  Keys that are there stay, if they went out to *out*.  Raises
        AlreadyThere.
        """
        new = self._new({name: (ROLES[role], None) for name, role in names.items()}, "key made")
        if len(new) < len(names):
            self._check_gone(names, new, out)
        made, sent = [], []
        for name, role in names.items() if new else ():
            key = await new_key(self.hsm(), name, role)
            if role in TRANSPORT_ROLES:
                sent.append(await sent_key(self.hsm(), key, self.config.kis))
                key = await bound_key(self.hsm(), key, PREPARING_MODES[key.key_type])
            made.append(key)
        if new and out is not None:
            # Before they count as made: keys that are there have gone out.
            write_transport(out, await check_value(self.hsm(), stored_specifier(self.config.kis), KIS), sent)
        self._add(made, names, officers, "key made")

    def _check_gone(self, names: Mapping[str, str], new: set[str], out: Path | None) -> None:
        """Nothing, if all keys of *names* are there, and in *out*.  Raises AlreadyThere, KeyFileError."""
        held = self.keys()
        gone = (
            {key.name: key.check_value for key in read_transport(out).keys} if out is not None and out.exists() else {}
        )
        shared = [name for name, role in names.items() if role in TRANSPORT_ROLES and out is not None]
        if new or any(gone.get(name) != held[name].check_value for name in shared):
            raise AlreadyThere(f"of {', '.join(names)} some are there already: a new version of a key has another name")

    async def receive_keys(self, sent: Transport, officers: tuple[str, str]) -> list[BureauKey]:
        """Take in an issuer's keys, as far as they are not there.  Raises KeyWrong, KeyFileError, AlreadyThere."""
        new = self._new({key.name: (key.key_type, key.check_value) for key in sent.keys}, "key received")
        keys = await taken_in(self.hsm(), sent, self.config.kir, ISSUER_MODES, new)
        self._add(keys, [key.name for key in sent.keys], officers, "key received")
        return keys

    # --- issuers' RSA keys ----------------------------------------------------------------------------------------
    async def new_issuer_key(
        self, name: str, bits: int, exponent: int, officers: tuple[str, str], out: Path
    ) -> SigningKey:
        """Make an RSA key in the HSM, and write its public part for the authority to *out*.

        Of one that is there *out* is written again.  Raises AlreadyThere for one of another length or exponent.
        """
        held = read_issuer_keys(self._issuers)
        if name not in held:
            held[name] = (await new_signing_key(self.hsm(), name, bits, exponent), None)
            write_issuer_keys(self._issuers, held.values())
        key = held[name][0]
        if (key.bits, key.exponent) != (bits, exponent):
            raise AlreadyThere(f"another key {name} is there already")
        write_whole(out, {"modulus": key.modulus.hex(), "exponent": key.exponent})
        self.chain.once("+".join(officers), "issuer key made", {"key": name, "bits": bits})
        return key

    def put_certificate(self, name: str, path: Path, who: str) -> None:
        """Keep the certificate in the file *path* with the issuer's key *name*.  Raises KeyFileError."""
        held = read_issuer_keys(self._issuers)
        if name not in held:
            raise KeyFileError(f"no issuer key {name[:32]}")
        try:
            certificate = read_certificate(json.loads(path.read_text()))
        except (ValueError, KeyError, TypeError, RecursionError):
            raise KeyFileError(f"{path.name}: no certificate") from None
        held[name] = (held[name][0], certificate)
        write_issuer_keys(self._issuers, held.values())
        self.chain.write(who, "certificate put", {"key": name})

    # --- profiles -------------------------------------------------------------------------------------------------
    def put_profile(self, path: Path, who: str) -> Profile:
        """Keep the application profile in the file *path*.  Raises ProfileError."""
        text = path.read_text(encoding="utf-8")
        profile = read_profile(text, path.name)
        write_text(self._profiles / f"{profile.name}.toml", text)
        self.chain.write(who, "profile put", {"profile": profile.name})
        return profile

    def profile(self, name: str) -> Profile:
        """Raises Refused, ProfileError."""
        path = self._profiles / f"{name}.toml"
        if "/" in name or not path.is_file():
            raise Refused(f"profile {name[:32]}", None, "", "there is none of this name")
        return read_profile(path.read_text(encoding="utf-8"), path.name)

    def _prepared_with(self, profile: Profile) -> Keys | None:
        """The profile's keys, if its issuer's RSA key has a certificate.  Raises KeyFileError."""
        name = profile.keys.get(SIGNING, "")
        key, certificate = read_issuer_keys(self._issuers).get(name, (None, None))
        if key is None or certificate is None:
            return None
        return Keys(resolved(profile, self.keys(), roles_of(profile)), key, certificate)

    async def checklist(self, profile: Profile, authority: PublicKey | None, issuer_digits: str) -> list[Checked]:
        """What is ready and what is not; see ``cardink.checklist``."""
        try:
            keys = self._prepared_with(profile)
        except KeyFileError:
            keys = None
        today = utc_now().strftime("%m%y")
        return await checklist(self.hsm(), profile, self.keys(), keys, authority, issuer_digits, today)

    # --- preparation ----------------------------------------------------------------------------------------------
    async def prepare(
        self, profile: Profile, authority: PublicKey, issuer_digits: str, xof: Path, to: Path, progress: Progress
    ) -> PreparedHead:
        """Prepare the order in the file *xof*, when the checklist is complete.  Raises Refused."""
        wrong = [each for each in await self.checklist(profile, authority, issuer_digits) if each.wrong]
        if wrong:
            told = "; ".join(f"{each.what}: {each.wrong}" for each in wrong)
            self.chain.write("preparation", "order refused", {"file": xof.name, "why": told})
            raise Refused(f"profile {profile.name}", None, "", told)
        keys = self._prepared_with(profile)
        assert keys is not None  # the checklist has seen it
        books = Books(self.config.books)

        def begun(head: XofHead) -> str:
            told = {"issuer": head.issuer, "order": head.order, "file": xof.name, "before": head.audit}
            return self.chain.once("preparation", "preparation begun", told).hash

        try:
            preparation = OrderPreparation(self.hsm(), profile, keys, books.key, secrets.token_bytes)
            head = await preparation.prepare_file(xof, to, progress, begun)
        except Refused as e:
            self.chain.write("preparation", "order refused", {"file": xof.name, "why": str(e)})
            raise
        finally:
            books.close()
        done: dict[str, str | int] = {"issuer": head.issuer, "order": head.order, "cards": head.cards, "file": to.name}
        self.chain.once("preparation", "order prepared", done)
        return head


async def taken_in(
    hsm: CardHsm, sent: Transport, kir: int, modes: Mapping[str, bytes], new: set[str]
) -> list[BureauKey]:
    """Of the keys that were *sent* those of *new* names, each bound as *modes* say by key type.

    Raises KeyFileError for another zone key, and KeyWrong.
    """
    found = await check_value(hsm, stored_specifier(kir), KIR)
    if found != sent.zmk_check_value:
        told = f"the keys lie under a ZMK of check value {sent.zmk_check_value}; KIR {kir} has {found}"
        raise KeyFileError(f"{sent.file}: {told}")
    return [await received_key(hsm, key, kir, modes.get(key.key_type)) for key in sent.keys if key.name in new]


def new_names(
    held: Mapping[str, BureauKey], wanted: Mapping[str, tuple[str, str | None]], chain: Chain, what: str
) -> set[str]:
    """Of the names *wanted*, with type and check value (None: any), those that are not *held*.

    Raises AlreadyThere where another key has the name, or one that came in another way than *what*, by the *chain*.
    """
    for name, (key_type, value) in wanted.items():
        if (key := held.get(name)) is None:
            continue
        entry = chain.found(_told(key))
        same = key.key_type == key_type and value in (None, key.check_value) and (entry is None or entry.what == what)
        if not same:
            raise AlreadyThere(f"another key {name} is there already: a new version of a key has another name")
    return set(wanted) - set(held)


def add_keys(
    path: Path, keys: list[BureauKey], names: Iterable[str], chain: Chain, officers: tuple[str, str], what: str
) -> None:
    """Add *keys* to the file *path*; that all of *names* are there is in the *chain* then, also after a kill."""
    held = read_keys(path)
    if keys:
        held |= {key.name: key for key in keys}
        write_keys(path, held.values())
    for name in names:
        chain.once("+".join(officers), what, _told(held[name]))


def _told(key: BureauKey) -> dict[str, str | int]:
    """What the chain says of a key."""
    return {"key": key.name, "type": key.key_type, "kcv": key.check_value}
