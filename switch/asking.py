"""What the switch asks of its HSMs, in its own words: frozen questions in, frozen answers out, no command of any HSM.

Keys are texts of the HSMs' dialect: cryptograms under an LMK, key blocks, or key specifiers.  PANs are 13 to 19 digits
with the check digit.  No question or answer shows a key, a PIN block, a PAN, a MAC or a verification value.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Generic, TypeVar

A_co = TypeVar("A_co", covariant=True)


class Holder(Enum):
    """With whom a key is shared."""

    TERMINAL = auto()
    ZONE = auto()


class PinFormat(Enum):
    """How a PIN block is made."""

    ISO_0 = auto()
    """ISO 9564-1 format 0, ANSI X9.8: what goes between zones."""
    ISO_3 = auto()
    DIEBOLD = auto()
    """The PIN and fill; the account number has no part in it."""


class CryptogramKey(Enum):
    """Under what key a chip makes its cryptograms, and its issuer the answers."""

    CARD = auto()
    """The card's master key itself: Visa cryptogram version 10."""
    COMMON_SESSION = auto()
    """EMV's common session key of the transaction counter: Visa cryptogram version 18."""


class Purpose(Enum):
    """What a zone key is for."""

    PIN = auto()
    MAC = auto()


class KeyForm(Enum):
    """How a key goes to the other side."""

    X9_17 = auto()
    """Enciphered in ECB mode, without attributes: scheme X."""
    TR_31 = auto()
    """An ANSI X9.143 (TR-31) key block."""


class Question(Generic[A_co]):
    """A question whose answer is of that type."""


@dataclass(frozen=True)
class PinBlock:
    """A PIN block: 8 bytes."""

    block: bytes = field(repr=False)


@dataclass(frozen=True)
class Verified:
    """Was it right?"""

    right: bool


@dataclass(frozen=True)
class CardVerified:
    """Was the cryptogram *right*?  Then *response* is the ARPC, 8 bytes."""

    right: bool
    response: bytes = field(default=b"", repr=False)


@dataclass(frozen=True)
class NewPvv:
    """The PIN verification value, 4 digits, of a PIN that was changed."""

    pvv: str = field(repr=False)


@dataclass(frozen=True)
class MacValue:
    """A MAC of 4 or 8 bytes."""

    mac: bytes = field(repr=False)


@dataclass(frozen=True)
class MadeKey:
    """A new key under the LMK and as it goes to the other side, and its check value (6 hexadecimal digits)."""

    check_value: str
    under_lmk: str = field(repr=False)
    sent: str = field(repr=False)


@dataclass(frozen=True)
class ReceivedKey:
    """A key from the other side, under the LMK now, and its check value (6 hexadecimal digits)."""

    check_value: str
    under_lmk: str = field(repr=False)


VERIFICATION_FAILED = "VerificationFailed"


class Cause(Enum):
    """Why there is no answer."""

    REFUSED = auto()
    """The HSM would not."""
    NOT_ASKED = auto()
    """No HSM was asked: none serves, or too much waits."""
    UNKNOWN = auto()
    """An HSM was asked and did not answer; it may have done it."""


@dataclass(frozen=True)
class NoAnswer:
    """The HSMs did not answer the question: *code* is what a refusing one said, *reason* what that means, if known."""

    cause: Cause
    code: str = ""
    reason: str = ""


@dataclass(frozen=True)
class TranslatePin(Question[PinBlock]):
    """Re-encipher a PIN block from *source* to *destination*, a zone's key."""

    holder: Holder
    source: str = field(repr=False)
    destination: str = field(repr=False)
    block: bytes = field(repr=False)
    pan: str = field(repr=False)
    from_format: PinFormat = PinFormat.ISO_0
    to_format: PinFormat = PinFormat.ISO_0


@dataclass(frozen=True)
class VerifyPinByPvv(Question[Verified]):
    """Verify a PIN by the Visa PVV method: *pvk* is a pair, *index* 0 to 6."""

    holder: Holder
    key: str = field(repr=False)
    pvk: str = field(repr=False)
    block: bytes = field(repr=False)
    pan: str = field(repr=False)
    index: str
    pvv: str = field(repr=False)
    format: PinFormat = PinFormat.ISO_0


@dataclass(frozen=True)
class VerifyPinByOffset(Question[Verified]):
    """Verify a PIN by the IBM 3624 method.

    *table* is the decimalisation table as the HSM wants it, empty where it lies with *pvk*; *validation* the data with N
    where the account goes in, *offset* as many digits as are checked.
    """

    holder: Holder
    key: str = field(repr=False)
    pvk: str = field(repr=False)
    block: bytes = field(repr=False)
    pan: str = field(repr=False)
    check_length: int
    table: str = field(repr=False)
    validation: str = field(repr=False)
    offset: str = field(repr=False)
    format: PinFormat = PinFormat.ISO_0


@dataclass(frozen=True)
class ChangePin(Question[NewPvv]):
    """Verify the old PIN by its PVV and make the PVV of the new one; both blocks lie under *key*.

    A wrong old PIN is a NoAnswer: REFUSED, with the reason VERIFICATION_FAILED.
    """

    holder: Holder
    key: str = field(repr=False)
    pvk: str = field(repr=False)
    block: bytes = field(repr=False)
    new_block: bytes = field(repr=False)
    pan: str = field(repr=False)
    index: str
    pvv: str = field(repr=False)
    format: PinFormat = PinFormat.ISO_0


@dataclass(frozen=True)
class VerifyCvv(Question[Verified]):
    """Verify a CVV (3 digits) of *pan*, *expiry* (YYMM) and *service_code* (3 digits; 000 for a CVV2, 999 for an iCVV)."""

    cvk: str = field(repr=False)
    cvv: str = field(repr=False)
    pan: str = field(repr=False)
    expiry: str
    service_code: str


@dataclass(frozen=True)
class VerifyArqc(Question[CardVerified]):
    """Verify an ARQC (8 bytes) of *data* and make the ARPC of *response_code* (2 bytes) by method 1 (EMV 4.3 Book 2 8.2.1).

    *imk_ac* is the issuer's master key, *sequence* the PAN's sequence number (2 digits), *counter* the application
    transaction counter (2 bytes); *data* are padded as the cryptogram's version has it.
    """

    imk_ac: str = field(repr=False)
    made_under: CryptogramKey
    pan: str = field(repr=False)
    sequence: str
    counter: bytes
    data: bytes = field(repr=False)
    arqc: bytes = field(repr=False)
    response_code: bytes


@dataclass(frozen=True)
class MakeMac(Question[MacValue]):
    """Make an ANSI X9.19 (retail) MAC of *content*, 1 byte or more, of *bytes_count* 4 or 8."""

    holder: Holder
    key: str = field(repr=False)
    content: bytes = field(repr=False)
    bytes_count: int = 8


@dataclass(frozen=True)
class VerifyMac(Question[Verified]):
    """Verify an ANSI X9.19 MAC of 4 or 8 bytes."""

    holder: Holder
    key: str = field(repr=False)
    content: bytes = field(repr=False)
    mac: bytes = field(repr=False)


@dataclass(frozen=True)
class NewZoneKey(Question[MadeKey]):
    """Make a double-length key for *purpose* and give it out under *zmk*.  Never asked twice."""

    purpose: Purpose
    zmk: str = field(repr=False)
    form: KeyForm = KeyForm.X9_17


@dataclass(frozen=True)
class ImportZoneKey(Question[ReceivedKey]):
    """Bring a key for *purpose* from under *zmk* to under the LMK.  Never asked twice."""

    purpose: Purpose
    zmk: str = field(repr=False)
    sent: str = field(repr=False)


@dataclass(frozen=True)
class NewTerminalKey(Question[MadeKey]):
    """Make a double-length terminal PIN key and give it out under *tmk*.  Never asked twice."""

    tmk: str = field(repr=False)
    form: KeyForm = KeyForm.X9_17
