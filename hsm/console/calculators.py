"""Values worked out by hand: CV PV ED, and the DES calculators N $ T.

What calculates on a key that is typed uses nothing of the appliance's, so that it runs in any state and needs no
authorisation; the key is not echoed.  CV, PV and ED use an LMK and are authorised: with them an operator could find
out what belongs to a card that he does not hold.
"""

from __future__ import annotations

from hsm.console.declaration import OFFLINE, console
from hsm.console.desk import Desk
from hsm.console.dialogue import Dialogue, Say, chosen, matching
from hsm.console.keyquestions import chosen_lmk, token
from hsm.crypto.blockcipher import cipher
from hsm.keys.usage import Usage
from hsm.operations import cards, pvv
from hsm.operations.decimalisation import TABLE_DIGITS, seal_table
from hsm.operations.pvv import PvvRule

BLOCK_DIGITS = 16


@console.command("CV")
def card_value(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """Work out a card verification value (CVV, CVC).

    Asks for the LMK, the CVK, and the card's account number, expiry date (four digits as the issuer orders them) and
    service code (000 for a CVV2, 999 for an iCVV).  Runs in any state; needs the activity misc.
    """
    hsm = yield from chosen_lmk(desk)
    hsm.authorise("misc")
    cvk = yield from token("Enter CVK: ")
    pan = yield from matching("Enter account number: ", "[0-9]{1,19}", "up to 19 digits")
    expiry = yield from matching("Enter expiry date: ", "[0-9]{4}", "four digits")
    service_code = yield from matching("Enter service code: ", "[0-9]{3}", "three digits")
    hsm = desk.hsm(hsm.lmk_id)
    hsm.authorise("misc")
    yield Say(f"CVV: {cards.generate_cvv(hsm.key(cvk, Usage.CVK), pan, expiry, service_code)}")


@console.command("PV")
def pin_value(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """Work out a Visa PIN verification value.

    Asks for the LMK, the PVK, 11 digits of the account number (the right-most without the check digit), the PVK index,
    and the left-most four digits of the PIN, which are not echoed.  Runs in any state; needs the activity pin.clear and
    with it the setting "Select clear PINs".
    """
    hsm = yield from chosen_lmk(desk)
    hsm.authorise("pin.clear")
    pvk = yield from token("Enter PVK: ")
    account = yield from matching("Enter account number: ", "[0-9]{11}", "11 digits")
    index = yield from matching("Enter PVK index: ", "[0-9]", "one digit")
    pin = yield from matching("Enter PIN: ", "[0-9]{4}", "four digits", secret=True)
    hsm = desk.hsm(hsm.lmk_id)
    hsm.authorise("pin.clear")
    yield Say(f"PVV: {pvv.make(hsm, pin, PvvRule(hsm.key(pvk, Usage.PVK_VISA), account, index))}")


@console.command("ED", OFFLINE)
def encrypt_table(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """Encrypt a decimalisation table, as hosts must give it.

    Asks for the LMK and the table, 16 digits; shows 16 hexadecimal digits, 32 under an AES LMK.  Where the tables are
    checked, one of fewer than 8 different digits, or of more than four alike, is refused.  Needs the offline or secure
    state and the activity admin.
    """
    hsm = yield from chosen_lmk(desk)
    hsm.authorise("admin")
    table = yield from matching("Enter decimalisation table: ", f"[0-9]{{{TABLE_DIGITS}}}", f"{TABLE_DIGITS} digits")
    hsm = desk.hsm(hsm.lmk_id)
    hsm.authorise("admin")
    yield Say(f"Encrypted decimalisation table: {seal_table(hsm, table)}")


@console.command("N")
def single_des(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """Encipher and decipher with a typed single-length DES key.

    Asks for the key, which is not echoed, and 16 digits of data.  Its parity does not matter.  Runs in any state.
    """
    yield from _calculate(8, doubled=False)


@console.command("$")
def double_des(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """Encipher and decipher with a typed double-length DES key.

    Asks for the key, which is not echoed, whether the data is single (16 digits) or double (32), and the data, whose
    blocks are taken one by one.  Runs in any state.
    """
    yield from _calculate(16)


@console.command("T")
def triple_des(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """Encipher and decipher with a typed triple-length DES key.

    Asks for the key, which is not echoed, whether the data is single (16 digits) or double (32), and the data, whose
    blocks are taken one by one.  Runs in any state.
    """
    yield from _calculate(24)


def _calculate(key_bytes: int, *, doubled: bool = True) -> Dialogue[None]:
    key_digits, digits = 2 * key_bytes, BLOCK_DIGITS
    text = yield from matching(
        "Enter key: ", f"[0-9A-F]{{{key_digits}}}", f"{key_digits} hexadecimal digits", secret=True
    )
    if doubled and (yield from chosen("Single or double length data", ("S", "D"), "S")) == "D":
        digits *= 2
    given = yield from matching("Enter data: ", f"[0-9A-F]{{{digits}}}", f"{digits} hexadecimal digits")
    ready, block = cipher(bytes.fromhex(text)), bytes.fromhex(given)
    yield Say(f"Encrypted: {ready.encrypt(block).hex().upper()}\nDecrypted: {ready.decrypt(block).hex().upper()}")
