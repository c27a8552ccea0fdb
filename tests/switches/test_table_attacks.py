"""Attacks A01 and A02 on decimalisation tables, played through: they find PINs on the old estate's box, and end at the
switches.  Source: Bond and Zielinski, UCAM-CL-TR-560 (2003)."""

from __future__ import annotations

from itertools import combinations
from random import Random

import pytest
from support.estate import ACCOUNT, TABLE, VALIDATION, Estate

from hsm.keys.usage import Usage

QUERIES_MAX = 40
PINS = [f"{Random(n).randrange(10_000):04d}" for n in range(6)]


class Attacker:
    """Has a PIN block that verifies with *offset*, and a host connection; knows no PIN."""

    def __init__(self, estate: Estate, command: str, pin: str, offset: str) -> None:
        usage = Usage.ZPK if command == "EA" else Usage.TPK
        block = estate.block(pin, "01", usage)
        self._estate = estate
        self._start = f"{command}{estate.key(usage)}{estate.key(Usage.PVK_IBM)}12{block}0104{ACCOUNT}"
        self._offset = offset
        self.queries = 0
        self.codes: list[str] = []

    def verifies(self, table: str = TABLE, lowered: tuple[int, ...] = ()) -> bool:
        digits = [(int(d) - (at in lowered)) % 10 for at, d in enumerate(self._offset)]
        offset = "".join(map(str, digits)).ljust(12, "F")
        self.queries += 1
        self.codes.append(self._estate.code(f"{self._start}{table}{VALIDATION}{offset}"))
        return self.codes[-1] in ("00", "02")

    def natural(self) -> str:
        """The natural PIN, digit by digit; spaces where nothing was learnt."""
        found = [" "] * 4
        for digit in range(10):
            table = TABLE.replace(str(digit), str((digit + 1) % 10))
            # A table says 0 to 9 and again 0 to 5: all places of the digit change together.
            if self.verifies(table):
                continue  # the digit is not in the natural PIN
            places = [at for at in range(4) if found[at] == " "]
            for subset in (s for size in range(1, len(places) + 1) for s in combinations(places, size)):
                if self.verifies(table, subset):
                    for at in subset:
                        found[at] = str(digit)
                    break
            if " " not in found:
                break
        return "".join(found)


def offset_for(estate: Estate, pin: str) -> str:
    """The offset that a card of *pin* carries."""
    zpk = estate.key(Usage.ZPK)
    sealed = estate.ask(f"JE{zpk}{estate.block(pin, '01')}01{ACCOUNT}")[4:]
    return estate.ask(f"DE{estate.key(Usage.PVK_IBM)}{sealed}04{ACCOUNT}{TABLE}{VALIDATION}")[4:8]


@pytest.mark.parametrize("command", ["EA", "DA"])
@pytest.mark.parametrize("pin", PINS)
def test_a01_finds_the_pin_on_an_old_box(command: str, pin: str) -> None:
    estate = Estate()
    offset = offset_for(estate, pin)
    attacker = Attacker(estate, command, pin, offset)
    assert attacker.verifies()
    natural = attacker.natural()
    assert "".join(str((int(a) + int(b)) % 10) for a, b in zip(natural, offset, strict=True)) == pin
    assert attacker.queries <= QUERIES_MAX


def test_a01_the_table_checks_alone_do_not_stop_it() -> None:
    """Changing one digit leaves 9 different ones, and none more than four times."""
    estate = Estate({"decimalisation-table-checks": "yes"})
    offset = offset_for(Estate(), PINS[0])
    assert " " not in Attacker(estate, "EA", PINS[0], offset).natural()


@pytest.mark.parametrize("profile", ["switch", "hardened"])
def test_a01_finds_nothing_with_tables_under_the_lmk(profile: str) -> None:
    hardened = Estate({"encrypted-decimalisation-tables": "yes"}) if profile == "switch" else Estate(profile="hardened")
    offset = offset_for(Estate(), PINS[0])
    attacker = Attacker(hardened, "EA", PINS[0], offset)
    assert attacker.natural() == "    "
    assert set(attacker.codes) <= {"25", "39"}
    # The bank's own table, under the LMK, goes on to work.
    legitimate = Attacker(Estate({"encrypted-decimalisation-tables": "yes"}), "EA", PINS[0], offset)
    assert legitimate.verifies(hardened.table())


def test_a01_ends_at_the_limit_of_failed_verifications() -> None:
    """39 before the 101st query, for every PIN that the attacker then tries."""
    estate = Estate({"fraud-detection": "yes"})
    offset = offset_for(Estate(), PINS[0])
    for _ in range(30):
        attacker = Attacker(estate, "EA", PINS[0], offset)
        attacker.natural()
        if "39" in attacker.codes:
            break
    assert attacker.codes[-1] == "39"
    assert not Attacker(estate, "EA", PINS[0], offset).verifies()
    assert estate.ask.appliance.fraud.counts.stopped
    assert estate.ask.appliance.settings.pin_verifies_per_minute == 100


def zero_table(digit: int) -> str:
    """1 where the usual table says *digit*, 0 everywhere else."""
    return "".join("1" if each == str(digit) else "0" for each in TABLE)


def test_a02_zero_tables_tell_which_digits_occur() -> None:
    """With a block of PIN 0000 and offset 0000, a table that maps a digit to 1 verifies if the digit does not occur."""
    old, hardened = Estate(), Estate({"decimalisation-table-checks": "yes"})
    natural = natural_of(old)
    trial = Attacker(old, "EA", "0000", "0000")
    assert {digit for digit in range(10) if not trial.verifies(zero_table(digit))} == {int(d) for d in natural}
    stopped = Attacker(hardened, "EA", "0000", "0000")
    assert not any(stopped.verifies(zero_table(digit)) for digit in range(10))
    assert set(stopped.codes) == {"25"}


def natural_of(estate: Estate) -> str:
    """The natural PIN of the account: what a PIN is whose offset is 0000."""
    pvk = estate.key(Usage.PVK_IBM)
    sealed = estate.ask(f"EE{pvk}{'0000'.ljust(12, 'F')}04{ACCOUNT}{TABLE}{VALIDATION}")[4:]
    return estate.ask(f"NG{ACCOUNT}{sealed}")[4:8]
