"""Everything about the appliance that can be set, each declared once.

A declaration gives the kind of value, the words a payShield's CS and QS screens use, what it means, its value in either
profile, and which of the switches S1 to S23 of the attack catalogue it is; switches that no command here consults have
no setting yet (S11 belongs to HMAC commands, half of S22 to RSA import).  Parsing, ``--set``, the configuration
file, listings and the manual all read these declarations.  The record is frozen: a change makes another record.
"""

from __future__ import annotations

from dataclasses import dataclass

from hsm.policy.choices import DataEncryption, M6Layout, SocketDigits, StorageLength, ZmkLength
from hsm.policy.declaration import setting, switch
from hsm.policy.declared import DeclaredSettings
from hsm.policy.values import (
    USUAL_PINS,
    Choice,
    Codes,
    ExcludedPins,
    KmVariants,
    Selection,
    Span,
    Text,
    YesNo,
)

_EVERYTHING = Selection.everything()


@dataclass(frozen=True, slots=True)
class Settings(DeclaredSettings):
    """What is set.  Attributes are the host names with underscores; the values here are the legacy profile's."""

    # --- lengths and layouts -------------------------------------------------------------------------------------
    encrypted_pin_length: int = setting(
        Span(5, 13, "characters"),
        "PIN length",
        "Characters of a PIN under the LMK: one more than the longest PIN that can be kept.",
        legacy=5,
        hardened=5,
        erases=True,
    )
    zmk_length: ZmkLength = setting(
        Choice(ZmkLength),
        "ZMK length",
        "Length of a ZMK that a host sends without scheme tag.",
        legacy=ZmkLength.DOUBLE,
        hardened=ZmkLength.DOUBLE,
    )
    m6_layout: M6Layout = setting(
        Choice(M6Layout),
        "M6/M8 message layout",
        "Whether M6 and M8 carry a two-digit algorithm (HSM 8000) or a MAC size and a one-digit algorithm (payShield).",
        legacy=M6Layout.AUTO,
        hardened=M6Layout.AUTO,
    )
    user_storage_length: StorageLength = setting(
        Choice(StorageLength),
        "User storage key length",
        "Fixed slots hold keys of one length; variable ones hold any value, and its kind is checked at each use.",
        legacy=StorageLength.SINGLE,
        hardened=StorageLength.VARIABLE,
        number="S23",
    )
    # --- keys ----------------------------------------------------------------------------------------------------
    restrict_kcv: bool = switch(
        "Restrict Key Check Values to 6 hex chars",
        "A check value of 16 digits is answered as 6 digits and ten zeros.",
        hardened=True,
        number="S10",
    )
    allow_single_des: bool = switch(
        "Enable Single-DES",
        "Keys of 8 bytes may be generated, formed, imported, exported and used.",
        legacy=True,
        number="S8",
        erases=True,
    )
    prevent_single_des_masquerade: bool = switch(
        "Prevent Single-DES keys masquerading as double or triple-length key",
        "A double- or triple-length key with equal parts is refused (75).",
        hardened=True,
        number="S8",
        erases=True,
    )
    enforce_key_type_002_separation: bool = switch(
        "Enforce key type 002 separation for PCI HSM compliance",
        "TPK is type 70D, TMK 80D and TKR 90D under LMK pair 36-37; otherwise they share type 002 with the PVK.",
        hardened=True,
        number="S5",
        erases=True,
    )
    trusted_format_only: bool = switch(
        "Key export and import in trusted format only",
        "Keys cross the border in key blocks alone; variant and X9.17 cryptograms under a ZMK are refused, and Eracom's, "
        "which are all bare.",
        hardened=True,
        number="S6",
    )
    x917_import: bool = switch(
        "Enable X9.17 for import", "Key schemes X and Y are taken in from under a ZMK.", legacy=True, number="S7"
    )
    x917_export: bool = switch(
        "Enable X9.17 for export", "Key schemes X and Y are given out under a ZMK.", legacy=True, number="S7"
    )
    enforce_multiple_components: bool = switch(
        "Enforce Multiple Key Components",
        "FK forms no key of a single component, and none of halves or thirds, of which each is a part of the key itself.",
        hardened=True,
        number="S9",
    )
    distinct_components: bool = switch(
        "Enforce distinct key components",
        "Two equal components, which would cancel, are refused when a key is formed.",
        hardened=True,
        number="S9",
    )
    zmk_component_variant: bool = switch(
        "ZMK components under a variant of LMK 04-05",
        "GG and GY take components of key type 100, as the HSM 8000 manual says; when off they are like ZMKs, type 000, "
        "as in the one public exchange.",
        hardened=True,
    )
    atalla_variants: bool = switch(
        "Atalla ZMK variant support",
        "One or two digits after the fields of a key-exchange command choose an Atalla variant of the ZMK.",
        legacy=True,
        hardened=True,
    )
    atalla_variant_match: bool = switch(
        "Enforce Atalla variant match to Thales key type",
        "An Atalla variant is accepted only with the key types it stands for.",
        hardened=True,
        number="S17",
    )
    disguise_key_length: bool = switch(
        "Additional padding to disguise key length",
        "Key blocks are padded to the longest key of their algorithm, so that their length tells nothing.",
        hardened=True,
        number="S21",
    )
    weaker_lmk_allowed: bool = switch(
        "Enable 2DES LMK encryption of 3DES keys and 2048-bit RSA keys",
        "A double-length LMK may protect triple-length DES keys and RSA keys of 2048 bits or more.",
        legacy=True,
        number="S21",
    )
    weaker_kek_allowed: bool = switch(
        "Enable transport of keys under a weaker key-encrypting key",
        "A key may cross the border under a ZMK or TMK weaker than itself, such as a double-length key under a single.",
        legacy=True,
    )
    test_and_live_lmks: bool = switch(
        "Allow test and live LMKs together",
        "The published test LMKs may be loaded beside others, old and new ones included (attack A20).",
    )
    zmk_translation: bool = switch(
        "Enable ZMK translate command",
        "The command that takes a ZMK in from under another ZMK (BY) may be used.",
        legacy=True,
        governs=("BY",),
    )
    key_cache: bool = setting(
        YesNo(("on", "off")),
        "Key cache",
        "Opened keys stay ready, in a bounded cache that every change of LMK, setting or state empties.",
        legacy=True,
        hardened=True,
    )
    # --- PINs ----------------------------------------------------------------------------------------------------
    encrypted_decimalisation_tables: bool = switch(
        "Decimalization tables Encrypted",
        "Decimalisation tables come under the LMK.  When off, a table of 16 decimal digits is taken as plaintext; "
        "one with letters can only be under the LMK and is read so.",
        hardened=True,
        number="S1",
    )
    decimalisation_table_checks: bool = switch(
        "Enable decimalization table checks",
        "A decimalisation table has at least 8 different digits and none more than 4 times, else it is refused (25).",
        hardened=True,
        number="S2",
    )
    restrict_pin_block_usage: bool = switch(
        "Restrict PIN block usage for PCI HSM compliance",
        "PIN blocks are translated only as PCI PIN requirement 3-3 allows; all faults of a PIN block are one answer.",
        hardened=True,
        number="S3",
        erases=True,
    )
    enabled_pin_block_formats: Selection = setting(
        Codes("PIN block format"),
        "CONFIGPB",
        "PIN block formats in use; another is refused (69).",
        legacy=_EVERYTHING,
        hardened=Selection.only(("01", "05", "34", "47", "48")),
        number="S4",
    )
    format_34_to_zpk: bool = switch(
        "Enable PIN Block Format 34 as output format for PIN Translations to ZPK",
        "A PIN block for a chip card (ISO format 2) may leave under a zone key.",
        legacy=True,
        number="S4",
    )
    weak_pin_check: bool = switch(
        "Enable weak PIN checking",
        "A PIN in the table of excluded PINs may not be chosen (81, 86).",
        hardened=True,
        number="S12",
    )
    excluded_pins: frozenset[str] = setting(
        ExcludedPins(),
        "Excluded PIN tables",
        "PINs, by length, that the weak PIN check refuses; 'usual' is the built-in table.",
        legacy=USUAL_PINS,
        hardened=USUAL_PINS,
        number="S12",
    )
    select_clear_pins: bool = switch(
        "Select clear PINs",
        "Commands that take or give a clear PIN may be used: BA and NG when authorised, and EE0600.",
        legacy=True,
        number="S14",
        governs=("EE0600",),
    )
    pin_mailing: bool = switch(
        "Enable PIN mailing", "PINs may be printed, for officers to release.", governs=("EE0E05", "EE0E06", "E2")
    )
    variable_length_offset: bool = switch(
        "Enable support for variable length PIN offset",
        "An IBM offset may be as long as the PIN; when off it is as long as the check length.",
        legacy=True,
        number="S16",
    )
    account_translation: bool = switch(
        "Enable translation of account number for LMK encrypted PINs",
        "A PIN under the LMK may be bound to another account (QK).",
        legacy=True,
        number="S18",
        governs=("QK",),
    )
    # --- data and MACs -------------------------------------------------------------------------------------------
    data_encryption: DataEncryption = setting(
        Choice(DataEncryption),
        "Enable ZEK/TEK encryption of ASCII data or Binary data or None",
        "What the host may encipher with data keys: text alone, anything, or nothing.",
        legacy=DataEncryption.BINARY,
        hardened=DataEncryption.ASCII,
        number="S15",
    )
    # --- fraud ---------------------------------------------------------------------------------------------------
    fraud_detection: bool = switch(
        "Enable PIN fraud detection",
        "When too many PIN verifications fail, they are all refused (39) until an officer enables them again.",
        hardened=True,
        number="S13",
    )
    pin_verifies_per_minute: int = setting(
        Span(1, 999_999, "failed PIN verifications"),
        "HSM Fraud Detection: PIN verification failures per minute",
        "Failed verifications allowed in a minute.",
        legacy=100,
        hardened=100,
        number="S13",
    )
    pin_verifies_per_hour: int = setting(
        Span(1, 999_999, "failed PIN verifications"),
        "HSM Fraud Detection: PIN verification failures per hour",
        "Failed verifications allowed in an hour.",
        legacy=1000,
        hardened=1000,
        number="S13",
    )
    pin_attack_limit: int = setting(
        Span(1, 999_999, "attacks"),
        "HSM Fraud Detection: PIN attack limit",
        "Signs of a PIN attack (a block that holds no PIN, a refused decimalisation table) allowed in all; after that no "
        "PIN block is opened, not even to translate it.",
        legacy=100,
        hardened=100,
        number="S13",
    )
    # --- commands and authority ----------------------------------------------------------------------------------
    enabled_commands: Selection = setting(
        Codes("command", functions=True),
        "CONFIGCMDS",
        "Host commands in use; another is refused (68).",
        legacy=_EVERYTHING,
        hardened=Selection.everything().without(("BQ", "LC")),
        number="S20",
    )
    enforce_host_port_lmk: bool = switch(
        "Ensure LMK Identifier in command corresponds with host port",
        "A request may name no other LMK than the one its port is tied to.",
        hardened=True,
        number="S20",
    )
    multiple_authorised_activities: bool = switch(
        "Enable multiple authorised activities",
        "Officers name the activities that they authorise, one by one; when off they authorise everything at once.",
        hardened=True,
        number="S22",
    )
    km_variants: tuple[tuple[str, int], ...] = setting(
        KmVariants(),
        "Variants of the Domain Master Key",
        "The byte over the KM that keys of a type lie under, by key type, for types whose byte is not public. Keys under "
        "the KM, stored ones too, open only with the bytes they were made with.",
        legacy=(),
        hardened=(),
    )
    eracom_wrapper: bool = switch(
        "Eracom meta-function E3",
        "A request in the wrapper E3, which gives it a message identifier, is executed.",
    )
    translate_data_extension: bool = switch(
        "Eracom extensions EEF001 and EEF002",
        "Data move from one transport key to another of one kind: KTK and KTM, PTK, DPK; keys are bound to a mode of use "
        "and an exportability. No device has these functions.",
        governs=("EEF001", "EEF002"),
    )
    translate_to_card_keys: bool = switch(
        "Eracom extension EEF001 to card keys",
        "Data also move to card keys (key specifiers 50, 51), which then encipher and decipher nothing for the host.",
    )
    issuer_signing_extension: bool = switch(
        "Eracom extensions EEF003 and EEF004",
        "RSA keys of issuers are made, and sign the static data of chip cards. No device has these functions.",
        governs=("EEF003", "EEF004"),
    )
    authorisation_time_limit: bool = switch(
        "Enforce Authorization Time Limit",
        "An activity ends after 12 hours at the latest.",
        hardened=True,
        number="S19",
    )
    # --- what status commands report -----------------------------------------------------------------------------
    firmware: str = setting(
        Text(r"[0-9A-Z]{4}-[0-9A-Z]{4}", "four letters or digits, a dash and four more"),
        "Firmware version",
        "Reported by NC, NO and VR.",
        legacy="0001-0900",
        hardened="0001-0900",
    )
    serial: str = setting(
        Text(r"[0-9A-Z]{12}", "twelve capital letters or digits"),
        "Serial number",
        "Reported by J2, J4, J8 and JK.",
        legacy="Z00000000001",
        hardened="Z00000000001",
    )
    socket_digits: SocketDigits = setting(
        Choice(SocketDigits),
        "TCP sockets in status replies",
        "Digits of the number of TCP sockets that NO reports; payShield 10K has four from firmware 1.8a on.",
        legacy=SocketDigits.TWO,
        hardened=SocketDigits.TWO,
    )
