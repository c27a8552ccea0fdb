"""The side of the bureau that owns the applications (CardInk): keys made, taken in, given on, and a product's checklist.

Keys that production shares are made here and go to its HSM under a zone key, where each is bound to what production does
with it: KTK, PTK and the data key decipher alone, the MTK verifies alone, and none leaves again (EEF002).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from hsm.client import eracom as e
from hsm.client.answers import Refused
from hsm.wire.counts import counted
from switch.perso.authority import CertificateError, PublicKey, issuer_key
from switch.perso.cardkeys import ROLES, BureauKey, SigningKey, TransportedKey, missing, roles_of
from switch.perso.preparing import Keys
from switch.perso.profile import Profile
from switch.server.perso.cardhsm import ECB, KEY_FORMAT, NOT_EXPORTABLE, STANDARD, USUAL, CardHsm

PREPARING_MODES = MappingProxyType({"35": b"E", "36": b"E", "00": b"E", "02": b"G"})
"""How preparation uses the keys that production shares, by key type (ANSI X9.143 clause 6.5)."""
PRODUCING_MODES = MappingProxyType({"35": b"D", "36": b"D", "00": b"D", "02": b"V", "37": b"X", "05": b"E"})
"""How production uses what it received."""
ISSUER_MODES = MappingProxyType({"08": b"C", "09": b"C", "30": b"X", "31": b"X", "32": b"X"})
"""How preparation uses an issuer's keys; a PVK (07) has its table beside it, and comes in no block."""
KIR, KIS = "04", "03"


class KeyWrong(Exception):
    """A key is not the one that was meant, by its check value; the message says which."""


def stored_specifier(index: int) -> str:
    """The specifier of the key stored at *index*, 1 to 9999."""
    return counted("\x03" + index.to_bytes(2, "big").decode("latin-1"))


async def new_key(hsm: CardHsm, name: str, role: str) -> BureauKey:
    """A new double-length key for *role*, made in the HSM."""
    request = e.GenerateKey(modifier=USUAL, key_format=KEY_FORMAT, detail=bytes.fromhex(ROLES[role]))
    made = (await hsm.ask(request, e.KeyGenerated, "EE0619")).key
    value = await check_value(hsm, made, ROLES[role])
    return BureauKey(name, ROLES[role], value, made.encode("latin-1"))


async def check_value(hsm: CardHsm, specifier: str, key_type: str) -> str:
    """6 hexadecimal digits."""
    request = e.AskDetails(modifier=USUAL, key=specifier, key_type=key_type, check_value_type=STANDARD)
    return (await hsm.ask(request, e.Details)).check_value.hex().upper()


async def sent_key(hsm: CardHsm, key: BureauKey, kis: int) -> TransportedKey:
    """*key* under the KIS stored at index *kis*."""
    request = e.ExportKey(
        modifier=USUAL,
        transport_key=stored_specifier(kis),
        key_type=key.key_type,
        mode=ECB,
        key=key.specifier.decode("latin-1"),
    )
    sent = await hsm.ask(request, e.KeyExported)
    return TransportedKey(key.name, key.key_type, sent.check_value.hex().upper(), sent.cryptogram)


async def bound_key(hsm: CardHsm, key: BureauKey, mode: bytes) -> BureauKey:
    """*key* bound to *mode*, and to the HSM (EEF002)."""
    request = e.BindKey(
        modifier=USUAL,
        key=key.specifier.decode("latin-1"),
        key_type=key.key_type,
        mode_of_use=mode,
        exportability=NOT_EXPORTABLE,
    )
    bound = await hsm.ask(request, e.KeyBound)
    return BureauKey(key.name, key.key_type, key.check_value, bound.key.encode("latin-1"))


async def received_key(hsm: CardHsm, sent: TransportedKey, kir: int, mode: bytes | None = None) -> BureauKey:
    """*sent* under the KIR stored at index *kir*, and bound to *mode* if there is one.  Raises KeyWrong."""
    request = e.ImportKey(
        modifier=USUAL,
        transport_key=stored_specifier(kir),
        key_type=sent.key_type,
        mode=ECB,
        cryptogram=sent.cryptogram,
    )
    came = await hsm.ask(request, e.KeyImported)
    found = came.check_value.hex().upper()
    if found != sent.check_value:
        raise KeyWrong(f"{sent.name}: check value {found}, expected {sent.check_value}")
    key = BureauKey(sent.name, sent.key_type, found, came.key.encode("latin-1"))
    return key if mode is None else await bound_key(hsm, key, mode)


async def new_signing_key(hsm: CardHsm, name: str, bits: int, exponent: int) -> SigningKey:
    """A new RSA key of an issuer; *bits* 1024 to 1984, *exponent* 3 or 65537."""
    request = e.GenerateSigningKey(modifier=USUAL, modulus_bits=bits, exponent=f"{exponent:06X}")
    made = await hsm.ask(request, e.SigningKeyGenerated)
    return SigningKey(name, made.modulus, exponent, made.private_key)


@dataclass(frozen=True)
class Checked:
    """A line of the checklist: *what*, and *wrong*, empty when it is ready."""

    what: str
    wrong: str


async def checklist(
    hsm: CardHsm,
    profile: Profile,
    held: Mapping[str, BureauKey],
    keys: Keys | None,
    authority: PublicKey | None,
    bin: str,
    today: str,
) -> list[Checked]:
    """What must be ready before a card of *profile* is made: every key opens in the HSM and is the one that is meant, and
    the issuer's certificate leads from the *authority* to the key that signs.

    *held* are the bureau's keys by name; *bin* begins the PANs of the product; *today* is MMYY.
    """
    roles = roles_of(profile)
    found = [Checked(line.partition(":")[0], line.partition(": ")[2]) for line in missing(profile, held, roles)]
    absent = {each.what for each in found}
    for role in roles:
        if role not in absent:
            found.append(Checked(role, await _wrong_with(hsm, held[profile.keys[role]])))
    if authority is None:
        return [*found, Checked("authority", "no public key of the certification authority")]
    if keys is None:
        return [*found, Checked("certificate", "no issuer key with a certificate")]
    try:
        certified = issuer_key(authority, keys.certificate, bin, today)
        same = certified == PublicKey(keys.signing.modulus, keys.signing.exponent)
        wrong = "" if same else "it is not of the key that signs"
    except CertificateError as e:
        wrong = str(e)
    return [*found, Checked("certificate", wrong)]


async def _wrong_with(hsm: CardHsm, key: BureauKey) -> str:
    try:
        value = await check_value(hsm, key.specifier.decode("latin-1"), key.key_type)
    except Refused as refused:
        return f"{key.name}: the HSM does not open it ({refused.code})"
    return "" if value == key.check_value else f"{key.name}: check value {value}, expected {key.check_value}"
