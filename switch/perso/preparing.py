"""Data preparation: from what an order says of a card to what is written on it (EMV CPS 1.1 section 2).

All values that keys make come from the HSM; the PIN and the card's keys come enciphered, for the production HSM alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from switch.perso import emboss
from switch.perso.authority import IssuerCertificate
from switch.perso.card import groups, tlv
from switch.perso.card.groups import DataGroup
from switch.perso.cardkeys import BureauKey, SigningKey
from switch.perso.profile import Option, PinMethod, Profile
from switch.perso.terms import Cardholder
from switch.perso.tracks import Track1, Track2

A = TypeVar("A")

CVV2_SERVICE_CODE, ICVV_SERVICE_CODE = "000", "999"
BLOCK_DIGITS = 16
IMK_ROLES = ("imk-ac", "imk-smi", "imk-smc")
CRYPTOGRAM_VERSION = 0x12
"""Visa CVN 18."""
CDOL = (("9F02", 6), ("9F03", 6), ("9F1A", 2), ("95", 5), ("5F2A", 2), ("9A", 3), ("9C", 1), ("9F37", 4))
CDOL_2 = (("8A", 2), *CDOL)
CHECKS_BYTES = 9
"""Of AC, SMI and SMC keys, 3 each."""
STATIC_SFI, CARDHOLDER_SFI = 2, 1
FILES = bytes.fromhex("0801010010010301")
"""The application file locator, tag 94: record 1 of file 1, and records 1 to 3 of file 2, of which the first is signed."""
RECORDS = frozenset({"0101", "0201", "0202", "0203"})
"""The data groups of records that every card of a product has."""
ACTIONS = {
    "9F0D": bytes.fromhex("F040A48000"),
    "9F0E": bytes.fromhex("0010000000"),
    "9F0F": bytes.fromhex("F068A49800"),
}
"""Issuer action codes: default, denial, online."""


class Hsm(Protocol):
    """What preparation asks; see ``switch.server.perso.cardhsm``."""

    def together(self, asked: Sequence[Awaitable[A]]) -> Awaitable[list[A]]: ...
    def cvv(self, key: BureauKey, pan: str, date: str, service_code: str) -> Awaitable[str]: ...
    def new_pin(self, key: BureauKey, digits: int, account: str) -> Awaitable[bytes]: ...
    def pvv(self, pin: bytes, key: BureauKey, pvv_key: BureauKey, account: str, index: int) -> Awaitable[str]: ...
    def offset(self, pin: bytes, key: BureauKey, pvk: BureauKey, account: str) -> Awaitable[str]: ...
    def pin_for_card(self, pin: bytes, key: BureauKey, ptk: BureauKey, account: str) -> Awaitable[bytes]: ...
    def card_key(self, imk: BureauKey, which: int, block: str, ktk: BureauKey) -> Awaitable[tuple[bytes, bytes]]: ...
    def signed(self, key: SigningKey, authentication_code: bytes, static_data: bytes) -> Awaitable[bytes]: ...


@dataclass(frozen=True)
class Keys:
    """A product's keys in the HSM: by role (see ``cardkeys.ROLES``), and the issuer's RSA key with its certificate."""

    by_role: Mapping[str, BureauKey]
    signing: SigningKey
    certificate: IssuerCertificate


@dataclass(frozen=True)
class Values:
    """What the HSM made for a card: CVV, CVV2 and iCVV of 3 digits, and the PVV or the offset."""

    cvv: str = field(repr=False)
    cvv2: str = field(repr=False)
    icvv: str = field(repr=False)
    pin_value: str = field(repr=False)


@dataclass(frozen=True)
class PreparedCard:
    """A card as production takes it.

    *tracks* 1 and 2 from sentinel to sentinel, *lines* to emboss, *plain* the data groups that are no secret, *keys* 48
    bytes under the KTK with their check values of 9, *pin* a format 2 block under the PTK.
    """

    sequence: int
    holder: Cardholder
    tracks: tuple[str, str] = field(repr=False)
    lines: tuple[str, ...] = field(repr=False)
    values: Values
    plain: tuple[DataGroup, ...] = field(repr=False)
    keys: bytes = field(repr=False)
    checks: bytes
    pin: bytes = field(repr=False)


def derivation_block(option: Option, pan: str, sequence: str) -> str:
    """The 16 digits Y that a card's keys are derived of (EMV 4.3 Book 2 A1.4).

    >>> derivation_block(Option.A, "4123456789012345", "00")
    '2345678901234500'
    """
    text = pan + sequence
    if option is Option.B and len(pan) > BLOCK_DIGITS:
        packed = bytes.fromhex(text.rjust(len(text) + len(text) % 2, "0"))
        digest = hashlib.sha1(packed, usedforsecurity=False).hexdigest()
        digits = [char for char in digest if char.isdecimal()] + [
            str(int(char, 16) - 10) for char in digest if char > "9"
        ]
        return "".join(digits[:BLOCK_DIGITS])
    return text[-BLOCK_DIGITS:].rjust(BLOCK_DIGITS, "0")


def track_2(holder: Cardholder, profile: Profile, pin_value: str, cvv: str) -> Track2:
    """Track 2: behind the service code PVKI and PVV, or zeros, and the *cvv* (Visa's layout)."""
    return Track2(holder.pan, holder.expiry, holder.service_code, f"{_pin_field(profile, pin_value)}{cvv}")


def _pin_field(profile: Profile, pin_value: str) -> str:
    return f"{profile.pvk_index}{pin_value}" if profile.pin_method is PinMethod.PVV else "00000"


def static_record(holder: Cardholder, profile: Profile) -> bytes:
    """The value of tag 70 of the record that is signed."""
    pan = holder.pan + "F" * (len(holder.pan) % 2)
    return tlv.data_objects(
        {
            "5A": bytes.fromhex(pan),
            "5F34": bytes.fromhex(holder.sequence),
            "5F24": bytes.fromhex(holder.expiry + _last_day(holder.expiry)),
            "5F25": bytes.fromhex(profile.effective),
            "9F07": bytes.fromhex(profile.usage_control),
            "8E": bytes.fromhex(profile.cvm_list),
            **ACTIONS,
            "5F28": bytes.fromhex(f"0{profile.country}"),
            "9F4A": b"\x82",
            "8C": tlv.object_list(CDOL),
            "8D": tlv.object_list(CDOL_2),
        }
    )


def _last_day(yymm: str) -> str:
    year, month = 2000 + int(yymm[:2]), int(yymm[2:])
    if month == 2:
        return "29" if year % 4 == 0 and (year % 100 or year % 400 == 0) else "28"
    return "30" if month in (4, 6, 9, 11) else "31"


def static_data(record: bytes, profile: Profile) -> bytes:
    """What is signed: the record's value, then the application interchange profile (Book 3 section 10.3)."""
    return record + bytes.fromhex(profile.profile)


class Preparation:
    """Prepares the cards of one product."""

    def __init__(self, profile: Profile, keys: Keys, hsm: Hsm) -> None:
        self._profile = profile
        self._keys = keys
        self._hsm = hsm

    async def prepared(
        self,
        sequence: int,
        holder: Cardholder,
        pin: bytes | None = None,
        pin_key: BureauKey | None = None,
        more: bytes = b"",
        own_keys: bytes = b"",
    ) -> PreparedCard:
        """The card: *pin* is the order's block under *pin_key*, or one is drawn; *more* are data groups of the order.

        *own_keys* are the issuer's own keys for the card, 48 bytes under the KTK, whose check values *more* has; else they
        are derived.
        Raises GroupError, TrackError, EmbossError and TlvError for what can't be on a card, and fails as the HSM does.
        """
        hsm, profile, keys = self._hsm, self._profile, self._keys.by_role
        block = derivation_block(profile.option, holder.pan, holder.sequence)
        held = keys["pin"] if pin is None or pin_key is None else pin_key
        if pin is None:
            pin = await hsm.new_pin(held, profile.pin_digits, holder.account)
        values = await self._values(holder, pin, held)
        record = static_record(holder, profile)
        code = bytes.fromhex(profile.authentication_code)
        signature, carried = await hsm.together(
            [
                hsm.signed(self._keys.signing, code, static_data(record, profile)),
                hsm.pin_for_card(pin, held, keys["ptk"], holder.account),
            ]
        )
        ordered, checks = self._ordered(more, own_keys=bool(own_keys))
        if not own_keys:
            derived = await hsm.together(
                [hsm.card_key(keys[role], which, block, keys["ktk"]) for which, role in enumerate(IMK_ROLES)]
            )
            own_keys = b"".join(cryptogram for cryptogram, _ in derived)
            checks = b"".join(check for _, check in derived)
        return PreparedCard(
            sequence=sequence,
            holder=holder,
            tracks=self._tracks(holder, values),
            lines=tuple(line.text for line in self._embossed(holder)),
            values=values,
            plain=(*self._plain(holder, values, record, signature), *ordered),
            keys=own_keys,
            checks=checks,
            pin=carried,
        )

    async def _values(self, holder: Cardholder, pin: bytes, pin_key: BureauKey) -> Values:
        hsm, profile, keys = self._hsm, self._profile, self._keys.by_role
        expiry_mmyy = holder.expiry[2:] + holder.expiry[:2]
        of_pin = (
            hsm.pvv(pin, pin_key, keys["pvv-key"], holder.account, profile.pvk_index)
            if profile.pin_method is PinMethod.PVV
            else hsm.offset(pin, pin_key, keys["pvk"], holder.account)
        )
        made = [
            hsm.cvv(keys["cvk"], holder.pan, holder.expiry, holder.service_code),
            hsm.cvv(keys["cvk"], holder.pan, expiry_mmyy, CVV2_SERVICE_CODE),
            hsm.cvv(keys["cvk"], holder.pan, holder.expiry, ICVV_SERVICE_CODE),
            of_pin,
        ]
        cvv, cvv2, icvv, pin_value = await hsm.together(made)
        return Values(cvv, cvv2, icvv, pin_value)

    def _tracks(self, holder: Cardholder, values: Values) -> tuple[str, str]:
        second = track_2(holder, self._profile, values.pin_value, values.cvv)
        # On track 1 the CVV is digits 3 to 5 of Visa's own field of 11, which ends the discretionary data.
        discretionary = f"{_pin_field(self._profile, values.pin_value)}00{values.cvv}000000"
        # ISO/IEC 7811-2 has no apostrophe and no comma for data.
        name = holder.name.replace("'", " ").replace(",", " ")
        first = Track1(holder.pan, name, holder.expiry, holder.service_code, discretionary)
        return first.text, second.text

    def _embossed(self, holder: Cardholder) -> tuple[emboss.EmbossedLine, ...]:
        return emboss.embossed(holder.pan, holder.expiry, emboss.name_on_card(holder.name), *self._profile.lines)

    def _plain(self, holder: Cardholder, values: Values, record: bytes, signature: bytes) -> tuple[DataGroup, ...]:
        profile, certificate = self._profile, self._keys.certificate
        second = track_2(holder, profile, values.pin_value, values.icvv)
        label = profile.label.encode("ascii")
        selection = tlv.data_objects({"84": bytes.fromhex(profile.aid), "A5": tlv.data_object("50", label)})
        first = tlv.data_objects({"57": second.equivalent_data, "5F20": holder.name.encode("ascii")})
        certified = {"8F": bytes((certificate.index,)), "9F32": certificate.exponent, "90": certificate.certificate}
        if certificate.remainder:
            certified["92"] = certificate.remainder
        options = tlv.data_objects({"82": bytes.fromhex(profile.profile), "94": FILES})
        issuer = bytes((6,)) + bytes.fromhex(profile.issuer_key_index) + bytes((CRYPTOGRAM_VERSION, 3, 0, 0, 0))
        return (
            DataGroup(groups.record_dgi(CARDHOLDER_SFI, 1), tlv.data_object("70", first)),
            DataGroup(groups.record_dgi(STATIC_SFI, 1), tlv.data_object("70", record)),
            DataGroup(groups.record_dgi(STATIC_SFI, 2), tlv.data_object("70", tlv.data_objects(certified))),
            DataGroup(groups.record_dgi(STATIC_SFI, 3), tlv.data_object("70", tlv.data_object("93", signature))),
            DataGroup(groups.SELECT_ANSWER, selection),
            DataGroup(groups.OPTIONS_ANSWER, options),
            DataGroup(groups.ISSUER_DATA, issuer),
            DataGroup(groups.PIN_COUNTERS, bytes((profile.pin_tries,)) * 2),
        )

    def _ordered(self, more: bytes, *, own_keys: bool) -> tuple[list[DataGroup], bytes]:
        """The order's own groups: records that this product does not fill; no terminal is sent to them by tag 94.

        And check values of the issuer's *own_keys*, if it has any.
        """
        every = groups.groups_of(more)
        checks = [group.data for group in every if own_keys and group.dgi == groups.KEY_CHECKS]
        if own_keys and [len(each) for each in checks] != [CHECKS_BYTES]:
            raise groups.GroupError(f"data group {groups.KEY_CHECKS}: check values of icc-keys, {CHECKS_BYTES} bytes")
        found = [group for group in every if not (own_keys and group.dgi == groups.KEY_CHECKS)]
        for group in found:
            if not groups.is_record(group.dgi) or group.dgi in RECORDS:
                raise groups.GroupError(f"data group {group.dgi}: an order brings records, and other ones")
        if len({group.dgi for group in found}) != len(found):
            raise groups.GroupError("data groups: one stands there twice")
        return found, b"".join(checks)
