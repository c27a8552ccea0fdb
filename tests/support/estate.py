"""Keys, PIN blocks and decimalisation tables of a bank, made beside the appliance rather than by its commands."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

from support.appliances import Speaker, make_speaker
from support.tracing import fitting_key, sample_token

from hsm.crypto.blockcipher import Algorithm
from hsm.crypto.parity import with_odd
from hsm.crypto.pinblock import PinBlockFormat, write
from hsm.keys.secret import ClearKey
from hsm.keys.transport import wrap
from hsm.keys.usage import Usage, wanted
from hsm.operations.decimalisation import seal_table

ACCOUNT = "400000123456"
PAN = "54000001234568"  # what format 48 wants: a digit, the account, a check digit
TABLE = "0123456789012345"
VALIDATION = "40000012345N"


class Estate:
    """An appliance and the things a bank holds for it; the keys are the same in every estate."""

    def __init__(
        self,
        settings: Mapping[str, str] | None = None,
        *,
        lmk: str = "test-variant",
        profile: str = "legacy",
        authorise: str = "all",
    ) -> None:
        self.ask: Speaker = make_speaker(settings or {}, (f"00={lmk}",), authorise, (), profile)
        self.lmk = self.ask.appliance.lmks["00"]
        self._draw = Random(3)

    def clear(self, usage: Usage, key_bytes: int = 16, seed: str = "") -> ClearKey:
        """The estate's key for *usage*: AES when *key_bytes* is 32, else DES."""
        if key_bytes == 32:
            return fitting_key(wanted(usage), usage.name + seed, aes=True)
        return ClearKey(with_odd(Random(usage.name + seed).randbytes(key_bytes)))

    def key(self, usage: Usage, key_bytes: int = 16, seed: str = "") -> str:
        """That key under the LMK."""
        return self.holding(usage, self.clear(usage, key_bytes, seed))

    def holding(self, usage: Usage, key: ClearKey) -> str:
        """*key* under the LMK, as the commands that want *usage* open it."""
        separated = self.ask.appliance.settings.enforce_key_type_002_separation
        return sample_token(self.lmk, wanted(usage, separated), key)

    def travelling(self, key: ClearKey, scheme: str, zmk: str = "") -> str:
        """*key* under the estate's ZMK (of seed *zmk*)."""
        return wrap(self.clear(Usage.ZMK, seed=zmk), key, scheme, self._draw.randbytes)

    def block(self, pin: str, fmt: str, usage: Usage = Usage.ZPK, key_bytes: int = 16, account: str = ACCOUNT) -> str:
        """*pin* as a PIN block under the key for *usage*."""
        bound = PAN if fmt == "48" else account
        under = self.clear(usage, key_bytes)
        assert under.algorithm is not Algorithm.AES or fmt == "48"
        return write(PinBlockFormat(fmt), under.cipher, pin, bound, self._draw.randbytes).hex().upper()

    def table(self, text: str = TABLE) -> str:
        """A decimalisation table under the LMK."""
        return seal_table(self.ask.appliance.view(None, self.ask), text)

    def code(self, request: str) -> str:
        """The two characters that say how *request* went."""
        return self.ask(request)[2:4]


def account_for(*formats: str) -> str:
    """The account as a message with PIN blocks of these *formats* gives it."""
    if "48" in formats:
        return PAN + ";"
    return ACCOUNT.rjust(18, "1") if "04" in formats else ACCOUNT
