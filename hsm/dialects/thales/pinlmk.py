"""PINs under the LMK: BA, BC, BE, BG, BQ, JA, JC, JE, JG, NG, QK."""

from __future__ import annotations

from typing import Annotated

from hsm.appliance import Hsm
from hsm.audit.record import Category
from hsm.dialects.thales.codes import thales
from hsm.dialects.thales.fields import (
    Account12,
    ClearPinText,
    LmkPin,
    PinBlock,
    PinFormatCode,
    Tpk,
    Zpk,
    account_by,
)
from hsm.keys.usage import Usage
from hsm.operations import issuing, pins
from hsm.operations.accounts import right_twelve
from hsm.operations.lmkpin import open_pin, pin_digits_max, pin_to_new_lmk, reference_number, seal_pin
from hsm.operations.pins import PresentedPin
from hsm.refusal import AccountInvalid, PinLengthInvalid
from hsm.wire.kinds import Account, Digits, Either, Number, Pattern
from hsm.wire.message import Empty, Message
from hsm.wire.shapes import BlockUnder, IfMore

CATEGORY = Category.PIN


class PinKept(Message):
    pin: LmkPin


class EncryptClearPin(Message):
    pin: ClearPinText
    account: Account12


class DecryptPin(Message):
    account: Account12
    pin: LmkPin


class ClearPinTold(Message):
    pin: ClearPinText
    reference_number: Annotated[str, Digits(12)]


class TranslateOldPin(Message):
    account: Account12
    old_pin: Annotated[str, Pattern("(?:J[0-9A-F]{32}|[0-9A-F]{5,13})", "5-13 H, or J + 32 H under an AES LMK")]


class TranslateAccount(Message):
    pin: LmkPin
    old_account: Account12
    new_account: Account12


class TranslatePinAlgorithm(Message):
    account: Account12
    pin: LmkPin


class GenerateRandomPin(Message):
    account: Annotated[
        str,
        Either((Pattern("[0-9]{8,19};", "8-19 N and ';'"), Account(12)), wrong=AccountInvalid),
    ]
    pin_length: Annotated[int | None, IfMore(Number(2, 4, 12, wrong=PinLengthInvalid))]


class KeepTerminalPin(Message):
    key: Tpk
    block: Annotated[bytes, BlockUnder("key")]
    block_format: PinFormatCode
    account: Annotated[str, account_by("block_format")]


class KeepZonePin(KeepTerminalPin):
    """The same fields; the PIN is under a zone's key."""

    key: Zpk


class ReleasePin(Message):
    key: Zpk
    block_format: PinFormatCode
    account: Annotated[str, account_by("block_format")]
    pin: LmkPin


class PinReleased(Message):
    block: PinBlock


class CompareTerminalPin(KeepTerminalPin):
    """A PIN block and the PIN under the LMK that it is compared with."""

    pin: LmkPin


class CompareZonePin(CompareTerminalPin):
    """The same fields; the PIN is under a zone's key."""

    key: Zpk


@thales.command("BA", needs="pin.clear")
def encrypt_clear_pin(ask: EncryptClearPin, hsm: Hsm) -> PinKept:
    """Put a clear PIN under the LMK."""
    return PinKept(pin=seal_pin(hsm, ask.pin, ask.account))


@thales.command("NG", needs="pin.clear")
def decrypt_pin(ask: DecryptPin, hsm: Hsm) -> ClearPinTold:
    """Tell a PIN that is under the LMK in the clear, with the reference number of its account.

    The reference number follows the HSM 8000 manual; one emulator leaves it out.  How devices make it is not published:
    see the decision on PINs under the LMK.
    """
    pin = open_pin(hsm, ask.pin, ask.account)
    return ClearPinTold(pin=pin, reference_number=reference_number(hsm, ask.account))


@thales.command("BG")
def translate_old_pin(ask: TranslateOldPin, hsm: Hsm) -> PinKept:
    """Bring a PIN from under the old LMK, and the PIN length set then, under the new one and the PIN length set now.

    One of them is in key change storage, with the same identifier as the other, which is in force; without one there
    the code is 13.
    """
    return PinKept(pin=pin_to_new_lmk(hsm, ask.old_pin, ask.account))


@thales.command("QK")
def translate_account(ask: TranslateAccount, hsm: Hsm) -> PinKept:
    """Bind a PIN under the LMK to another account number."""
    return PinKept(pin=seal_pin(hsm, open_pin(hsm, ask.pin, ask.old_account), ask.new_account))


@thales.command("BQ", needs="pin.convert")
def translate_pin_algorithm(ask: TranslatePinAlgorithm, hsm: Hsm) -> PinKept:
    """Bring a PIN under the LMK from the Visa to the Racal algorithm.

    Zonekey keeps PINs by one algorithm, whatever a device calls it.  So the PIN is opened, which tells whether it is
    one (14), and comes back under that same algorithm.
    """
    return PinKept(pin=seal_pin(hsm, open_pin(hsm, ask.pin, ask.account), ask.account))


@thales.command("JA")
def generate_random_pin(ask: GenerateRandomPin, hsm: Hsm) -> PinKept:
    """Make a random PIN of 4 to 12 digits (4 when no length is given) under the LMK.

    The account is 12 digits or, as payShield 10K hosts with an AES LMK send it, a whole PAN and ``;``.  With the weak PIN
    check on, no excluded PIN is made.
    """
    account = right_twelve(ask.account.rstrip(";"), whole=ask.account.endswith(";"))
    pin = issuing.random_pin(hsm, ask.pin_length or issuing.PIN_DIGITS_USUAL, pin_digits_max(hsm))
    return PinKept(pin=seal_pin(hsm, pin, account))


@thales.command("JC")
def keep_terminal_pin(ask: KeepTerminalPin, hsm: Hsm) -> PinKept:
    """Bring a PIN from under a terminal PIN key under the LMK."""
    presented = PresentedPin(hsm.key(ask.key, Usage.TPK), ask.block, ask.block_format, ask.account)
    return PinKept(pin=pins.keep(hsm, presented, ask.key))


@thales.command("JE")
def keep_zone_pin(ask: KeepZonePin, hsm: Hsm) -> PinKept:
    """Bring a PIN from under a zone PIN key under the LMK."""
    presented = PresentedPin(hsm.key(ask.key, Usage.ZPK), ask.block, ask.block_format, ask.account)
    return PinKept(pin=pins.keep(hsm, presented, ask.key))


@thales.command("JG")
def release_pin(ask: ReleasePin, hsm: Hsm) -> PinReleased:
    """Bring a PIN from under the LMK under a zone PIN key."""
    key = hsm.destination(ask.key, Usage.ZPK)
    return PinReleased(block=pins.release(hsm, ask.pin, key, ask.block_format, ask.account, ask.key))


@thales.command("BC")
def compare_terminal_pin(ask: CompareTerminalPin, hsm: Hsm) -> Empty:
    """Verify a PIN under a terminal PIN key by comparison with one under the LMK."""
    presented = PresentedPin(hsm.key(ask.key, Usage.TPK), ask.block, ask.block_format, ask.account)
    pins.compare(hsm, presented, ask.pin, ask.key)
    return Empty()


@thales.command("BE")
def compare_zone_pin(ask: CompareZonePin, hsm: Hsm) -> Empty:
    """Verify a PIN under a zone PIN key by comparison with one under the LMK."""
    presented = PresentedPin(hsm.key(ask.key, Usage.ZPK), ask.block, ask.block_format, ask.account)
    pins.compare(hsm, presented, ask.pin, ask.key)
    return Empty()
