"""Why the appliance says no: a closed tree of reasons.

An operation raises the reason; each dialect owns the number that its hosts know for it.  A refusal carries no text about
the request, so that nothing secret can travel in one.  ``Advised`` is the other half: an answer that is given, with a
warning code in place of 00.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

M = TypeVar("M", covariant=True)


class Refusal(Exception):
    """The appliance will not do what was asked; subclasses say why."""


@dataclass(frozen=True)
class Advised(Generic[M]):
    """An answer given in full, but under the code of *reason* instead of success."""

    reason: type[Refusal]
    answer: M


class InputInvalid(Refusal):
    """A field is missing, too short, too long or outside its range."""


class ComponentsEqual(InputInvalid):
    """Two components are equal, so that they cancel."""


class VerificationFailed(Refusal):
    """A PIN, MAC, card value or cryptogram does not verify."""


class ParityForced(Refusal):
    """Advice: an imported key had wrong parity, which was made odd."""


class KeyLengthUnsuitable(Refusal):
    """Advice: the algorithm is defined for a single-length key and the key is longer."""


class ComponentCountInvalid(Refusal):
    """Too few or too many key components."""


class KeyTypeCodeInvalid(Refusal):
    """No such key type code."""


class KeyLengthFlagInvalid(Refusal):
    """The key length flag does not exist or contradicts the key."""


class SourceKeyParity(Refusal):
    """The first (source) key does not decrypt to a key of odd parity."""


class DestinationKeyParity(Refusal):
    """The second (destination) key does not decrypt to a key of odd parity, or is all zero."""


class KeyUnsound(DestinationKeyParity):
    """A key or component is all zero, or a part of it is a weak DES key."""


class StorageUnavailable(Refusal):
    """User storage holds nothing there."""


class LmkInvalid(Refusal):
    """No LMK is loaded under that identifier."""


class Tampered(LmkInvalid):
    """A tamper event destroyed the LMKs, and CLEARTAMPER has not been given since."""


class LmkPinInvalid(Refusal):
    """A PIN under the LMK does not decrypt."""


class NotAuthorised(Refusal):
    """The activity needs the authorised state."""


class DieboldTableInvalid(Refusal):
    """There is no Diebold table, or values are missing or stand in it twice."""


class PinBlockInvalid(Refusal):
    """The PIN block does not hold a PIN of the format and account given."""


class IndexInvalid(Refusal):
    """A storage index, count or offset is out of range."""


class AccountInvalid(Refusal):
    """The account number is not what the field allows."""


class PinFormatInvalid(Refusal):
    """No such PIN block format code."""


class PinFormatDisabled(Refusal):
    """The PIN block format, or the translation between two formats, is switched off."""


class PinLengthInvalid(Refusal):
    """The PIN is not of 4 to 12 digits, or longer than asked for."""


class DecimalisationTableInvalid(Refusal):
    """The decimalisation table fails its checks or is not under the LMK."""


class KeySchemeInvalid(Refusal):
    """The key scheme tag does not exist, or not for this use."""


class KeyLengthInvalid(Refusal):
    """Key lengths do not go together, or the length is not permitted."""


class KeyTypeInvalid(Refusal):
    """The key is not of the type this command takes."""


class KeyFunctionForbidden(Refusal):
    """This may not be done with a key of this type."""


class ReferenceNumberInvalid(Refusal):
    """The PIN mailer reference number is wrong."""


class KeyChangeStorageInvalid(Refusal):
    """The key change storage is empty or corrupt."""


class DataFormatInvalid(Refusal):
    """Message data is not of the form the mode asks for."""


class FraudDetected(Refusal):
    """A fraud limit was reached: PIN verification stays refused until an officer enables it again."""


class InternalFault(Refusal):
    """Something is broken on our side; the audit log has the place."""


class MigrationForbidden(Refusal):
    """This key may not be migrated."""


class MigrationTargetInvalid(Refusal):
    """The key type to migrate to is not allowed."""


class ChainFlagInvalid(Refusal):
    """The header flag of a command chain is neither 0 nor 1."""


class ChainCountInvalid(Refusal):
    """The number of commands in a chain is wrong."""


class CommandUnlicensed(Refusal):
    """The command is not part of this appliance's licence."""


class CommandDisabled(Refusal):
    """The command is switched off."""


class KeyMasquerades(Refusal):
    """A key of double or triple length has equal parts: it is a shorter key in disguise."""


class DataLengthInvalid(Refusal):
    """A data length does not match the data or the block size."""


class PinLengthMismatch(Refusal):
    """The PIN's length is not the one the appliance is configured for, or is a weak PIN's."""


class WeakPin(Refusal):
    """The PIN is in a table of excluded PINs."""


class CheckValueLengthInvalid(Refusal):
    """A key check value is of no known length."""


class LmkSchemesIncompatible(Refusal):
    """Keys under a variant LMK and under a key-block LMK were given together."""


class LmkIdsIncompatible(Refusal):
    """The LMK identifier given and the one the port or command uses differ."""


class KeyBlockLmkIdsIncompatible(Refusal):
    """Two key blocks name different LMKs, or one that the request does not."""


class KeyBlockAuthenticationFailed(Refusal):
    """A key block's authenticator is wrong."""


class KeyBlockLengthInvalid(Refusal):
    """The key in a key block is of the wrong length for its use."""


class KeyBlockUsageInvalid(Refusal):
    """A key block's key usage does not allow this."""


class KeyBlockAlgorithmInvalid(Refusal):
    """A key block's algorithm does not allow this."""


class KeyBlockModeInvalid(Refusal):
    """A key block's mode of use does not allow this."""


class KeyBlockVersionInvalid(Refusal):
    """A key block's key version number does not allow this."""


class KeyBlockExportabilityInvalid(Refusal):
    """A key block's exportability does not allow this."""


class KeyBlockOptionalCountInvalid(Refusal):
    """A key block's number of optional blocks is wrong."""


class KeyBlockOptionalInvalid(Refusal):
    """An optional block of a key block is wrong."""


class KeyBlockComponentsInvalid(Refusal):
    """Key-block components do not belong together."""


class KeyBlockHeaderInvalid(Refusal):
    """A key block's header is malformed."""


class CommandSpecific(Refusal):
    """A reason that one command alone knows; it declares the code."""


class ExcludedPinsInvalid(CommandSpecific):
    """The excluded PINs that a request brings along are not as many as it says."""


class HashInvalid(CommandSpecific):
    """No such hash identifier."""


class ModeInvalid(CommandSpecific):
    """No such mode, or not in this combination."""


class CardSchemeInvalid(CommandSpecific):
    """No such scheme of card keys and cryptograms."""


class InputFormatInvalid(CommandSpecific):
    """No such input format."""


class OutputFormatInvalid(CommandSpecific):
    """No such output format."""


class AlgorithmInvalid(CommandSpecific):
    """No such algorithm, or not with this key."""


class PaddingInvalid(CommandSpecific):
    """No such padding."""


class MacSizeInvalid(CommandSpecific):
    """No such MAC size."""


class RandomLengthInvalid(CommandSpecific):
    """No random value of that length can be had."""


class NetworkOptionInvalid(CommandSpecific):
    """No such network statistics."""


class DestinationModeInvalid(ModeInvalid):
    """The mode for the destination, of two, is wrong."""


class DestinationKeyTypeCodeInvalid(KeyTypeCodeInvalid):
    """The key type code of the destination key, of two, is wrong."""


class MessageLengthInvalid(InputInvalid):
    """The message is shorter or longer than its fields."""


class DigitsInvalid(InputInvalid):
    """A field of digits holds something else."""


class FunctionModifierInvalid(InputInvalid):
    """No such function modifier, or not with this function."""


class FieldsInconsistent(InputInvalid):
    """Fields that are right each by itself contradict each other."""


class CheckLengthInvalid(InputInvalid):
    """More digits are to be checked than there are, or too few to tell anything."""


class PinEmpty(PinLengthInvalid):
    """A PIN of no digits."""


class PvkIndexInvalid(IndexInvalid):
    """No such index of a PIN verification key."""


class PrinterUnavailable(Refusal):
    """The printer takes no page: its tray is full, or its pages can't be kept."""


class KeySpecLengthInvalid(InputInvalid):
    """A key specifier is cut off, or not as long as its format."""


class KeySpecUnsupported(InputInvalid):
    """No such key specifier format, or none whose layout is public."""


class KeySpecContentInvalid(InputInvalid):
    """A key specifier holds what its format does not allow."""


class KeySpecForbidden(InputInvalid):
    """A key specifier is of a format that does not do here."""


class VariantSchemeInvalid(KeySchemeInvalid):
    """No such variant scheme of transport keys, or none for keys of this type."""


class KeyNotStored(StorageUnavailable):
    """No key, or no decimalisation table with it, is stored under that index."""


class LogEmpty(StorageUnavailable):
    """There is no error log: no error was entered in it."""


class LogFileInvalid(InputInvalid):
    """There is no error log file of that number."""


class LogIndexInvalid(InputInvalid):
    """No entry of the error log has that index."""


class LogTimeInvalid(InputInvalid):
    """A date and time to look for in the error log are none."""


class LogDirectionInvalid(InputInvalid):
    """Neither before nor after: no such way to go through the error log."""


class DomainUnavailable(LmkInvalid):
    """No Domain Master Key is loaded."""
