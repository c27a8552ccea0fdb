"""What commands about keys ask: which LMK, what sort of key, a key under an LMK or a ZMK, a component."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from hsm.appliance import Hsm
from hsm.console.desk import Desk
from hsm.console.dialogue import TRIES_MAX, Abandoned, Ask, Dialogue, Say, asked, chosen, confirmed, lmk_id, matching
from hsm.crypto.blockcipher import Algorithm
from hsm.keys import keyparts
from hsm.keys.checkvalue import check_value
from hsm.keys.generate import ALGORITHMS
from hsm.keys.secret import BlockAttributes, ClearKey
from hsm.keys.usage import KeyType, key_type
from hsm.operations import generate
from hsm.refusal import KeyLengthInvalid, KeyTypeCodeInvalid

TOKEN_CHARS_MAX = 1_000
MODES = ("B", "C", "D", "E", "G", "N", "S", "T", "V", "X", "Y")
EXPORTABILITIES = ("E", "N", "S")
_DES = {"1": "D1", "2": "T2", "3": "T3"}
_AES = {"1": "A1", "2": "A2", "3": "A3"}
_LOOSE_TOKEN = re.compile(
    "[0-9A-F]{16}|[0-9A-F]{32}|[0-9A-F]{48}|[UX][0-9A-F]{32}|[TY][0-9A-F]{48}|[UXTYSR]?K[0-9A-F]{3}"
)
_BLOCK_TOKEN = re.compile("[SR][!-~ ]{16,}")


@dataclass(frozen=True, slots=True)
class Sort:
    """What a key or component is to be.

    Under a variant LMK it has a *key_type* and a *scheme*; under a key-block LMK *attributes*, and its scheme is S.
    """

    lmk_id: str
    algorithm: Algorithm
    key_bytes: int
    key_type: KeyType | None
    scheme: str
    attributes: BlockAttributes | None

    @property
    def purpose(self) -> str:
        """The sub-category of activities with it: key usage or key type code."""
        if self.attributes is not None:
            return self.attributes.usage
        return "FFF" if self.key_type is None else self.key_type.code

    def component(self, number: int) -> Sort:
        """The sort of component *number* of such a key: in a key block it has version c1, c2 and so on."""
        if self.attributes is None:
            return self
        return replace(self, attributes=replace(self.attributes, key_version=f"c{number}"))


def chosen_lmk(desk: Desk) -> Dialogue[Hsm]:
    """The appliance under the LMK that the operator names.  Raises LmkInvalid."""
    return desk.hsm((yield from lmk_id()))


def schemes_of(hsm: Hsm) -> tuple[str, ...]:
    """The schemes of keys under a variant LMK; X and Y are for who may send them out."""
    return ("U", "T", "X", "Y", "Z", "0") if hsm.settings.x917_export else ("U", "T", "Z", "0")


def in_blocks(hsm: Hsm) -> bool:
    """Is this under a key-block LMK?"""
    return hsm.lmk_for().kind != "variant"


def key_sort(hsm: Hsm, *, sized: bool = True, versioned: bool = True) -> Dialogue[Sort]:
    """What a key is to be: length, key type and key scheme; under a key-block LMK the attributes in place of the type.

    The length is asked for first where it is *sized*, else it follows from the scheme; under an AES LMK 1, 2 and 3 are
    128, 192 and 256 bits of AES.  Components are not *versioned*: their versions count them.  Raises KeySchemeInvalid,
    and KeyLengthInvalid for a length that scheme or type does not go with.
    """
    if in_blocks(hsm):
        return (yield from _block_sort(hsm, versioned=versioned))
    length = ""
    if sized:
        length = yield from chosen("Enter key length", tuple(_DES))
    row = yield from asked_type()
    scheme = yield from chosen("Enter key scheme", schemes_of(hsm))
    key_bytes = generate.des_bytes_for(hsm, scheme, row)
    algorithm = Algorithm.DES if key_bytes == 8 else Algorithm.TDES
    if (length and ALGORITHMS[_DES[length]] != (algorithm, key_bytes)) or key_bytes not in row.des_bytes:
        raise KeyLengthInvalid
    return Sort(hsm.lmk_id, algorithm, key_bytes, row, scheme, None)


def _block_sort(hsm: Hsm, *, versioned: bool) -> Dialogue[Sort]:
    lengths = _DES
    if (
        hsm.lmk_for().algorithm is Algorithm.AES
        and (yield from chosen("Enter algorithm", ("3DES", "AES"), "AES")) == "AES"
    ):
        lengths = _AES
    length = yield from chosen("Enter key length", tuple(lengths))
    algorithm, key_bytes = ALGORITHMS[lengths[length]]
    scheme = yield from chosen("Enter key scheme", ("S",), "S")
    attributes = yield from asked_attributes(lengths[length][0], versioned=versioned)
    return Sort(hsm.lmk_id, algorithm, key_bytes, None, scheme, attributes)


def asked_attributes(letter: str = "", *, versioned: bool = True) -> Dialogue[BlockAttributes]:
    """The attributes of a key block for a key of the algorithm with that *letter*, without optional blocks."""
    usage = yield from matching("Enter key usage: ", "[0-9A-Z]{2}", "two characters, such as 72 or P0")
    mode = yield from chosen("Enter mode of use", MODES, "N")
    version = "00"
    if versioned:
        version = yield from asked(
            Ask("Enter key version number [00]: "), lambda answer: _digits_of_version(answer or "00"), "two digits"
        )
    exportability = yield from chosen("Enter exportability", EXPORTABILITIES, "E")
    return BlockAttributes(usage, letter, mode, version, exportability)


def _digits_of_version(answer: str) -> str:
    if not re.fullmatch("[0-9]{2}", answer):
        raise ValueError
    return answer


def asked_type() -> Dialogue[KeyType]:
    """A key type of those that block cipher keys have."""

    def read(answer: str) -> KeyType:
        try:
            row = key_type(answer.upper())
        except KeyTypeCodeInvalid:
            raise ValueError from None
        if not row.des_bytes:
            raise ValueError
        return row

    return (yield from asked(Ask("Enter key type: "), read, "a key type code such as 001"))


def token(prompt: str) -> Dialogue[str]:
    """A key in any scheme, or its place in user storage; key blocks stay in the case they have."""

    def read(answer: str) -> str:
        if answer[:1].upper() in ("S", "R") and len(answer) > len("SK000"):
            answer = answer[0].upper() + answer[1:]
            form = _BLOCK_TOKEN
        else:
            answer = "".join(answer.split()).upper()
            form = _LOOSE_TOKEN
        if not form.fullmatch(answer):
            raise ValueError
        return answer

    return (
        yield from asked(Ask(prompt, chars_max=TOKEN_CHARS_MAX), read, "a key: 16, 32 or 48 digits, U, T, X, Y, S or R")
    )


def atalla_variant(hsm: Hsm) -> Dialogue[str]:
    """The Atalla variant of a ZMK, none by default; asked for where the settings allow one at all."""
    if not hsm.settings.atalla_variants:
        return ""

    def read(answer: str) -> str:
        if not re.fullmatch("[0-9]{0,2}", answer):
            raise ValueError
        return answer

    return (yield from asked(Ask("Enter Atalla variant [none]: "), read, "one or two digits, or nothing"))


def typed_component(what: str, algorithm: Algorithm, key_bytes: int) -> Dialogue[ClearKey]:
    """The component *what* (``component 1``), typed in secret and confirmed by its check value.

    Asked again when the check value is not what the custodian's paper says.  Raises KeyUnsound for zeros, and Abandoned.
    """
    digits = 2 * key_bytes
    for _ in range(TRIES_MAX):
        text = yield from matching(
            f"Enter {what}: ", f"[0-9A-F]{{{digits}}}", f"{digits} hexadecimal digits", secret=True
        )
        found = keyparts.typed(text, algorithm)
        if not found.parity_was_odd:
            yield Say("Its parity was wrong and has been made odd.")
        yield Say(f"Check value: {check_value(found.component)}")
        if (yield from confirmed("Is that correct?")):
            return found.component
    raise Abandoned("Not confirmed: given up.")


def under_lmk(desk: Desk, sort: Sort, key: ClearKey) -> str:
    """*key*, a component or formed of some, under the LMK as it is now, if its *sort* is still authorised."""
    hsm = desk.hsm(sort.lmk_id)
    hsm.authorise(f"component.{sort.purpose}")
    return generate.under_lmk(hsm, key.with_attributes(sort.attributes), sort.key_type, sort.scheme)
