"""Switches that guard PINs: each pair shows the old estate's box doing it and the hardened one refusing, and that an
ordinary transaction goes on.  Numbers are those of the attack catalogue."""

from __future__ import annotations

import pytest
from support.estate import ACCOUNT, PAN, TABLE, VALIDATION, Estate, account_for

from hsm.keys.usage import Usage

FORMATS = ("01", "02", "03", "04", "05", "34", "35", "41", "42", "46", "47", "48")
KNOWN = ("01", "02", "03", "04", "05", "34", "35", "47", "48")
BOUND = ("01", "47", "48")


def verify_by_offset(estate: Estate, *, command: str = "EA", table: str = TABLE, offset: str = "0000") -> str:
    usage = Usage.ZPK if command == "EA" else Usage.TPK
    return (
        f"{command}{estate.key(usage)}{estate.key(Usage.PVK_IBM)}12{estate.block('1234', '01', usage)}01"
        f"04{ACCOUNT}{table}{VALIDATION}{offset.ljust(12, 'F')}"
    )


def with_table(estate: Estate, command: str, table: str) -> str:
    """A request of each command that takes a decimalisation table."""
    zpk, pvk, block = estate.key(Usage.ZPK), estate.key(Usage.PVK_IBM), estate.block("1234", "01")
    sealed = estate.ask(f"JE{zpk}{block}01{ACCOUNT}")[4:]
    rule = f"{table}{VALIDATION}"
    return {
        "DA": verify_by_offset(estate, command="DA", table=table),
        "EA": verify_by_offset(estate, table=table),
        "DE": f"DE{pvk}{sealed}04{ACCOUNT}{rule}",
        "EE": f"EE{pvk}000000000000"[: len(f"EE{pvk}")] + f"0000FFFFFFFF04{ACCOUNT}{rule}",
        "BK": f"BK001{zpk}{pvk}{block}0104{ACCOUNT}{rule}",
        "DU": f"DU001{zpk}{pvk}{block}0104{ACCOUNT}{rule}0000FFFFFFFF{block}",
    }[command]


@pytest.mark.parametrize("command", ["DA", "EA", "DE", "EE", "BK", "DU"])
def test_s1_only_tables_under_the_lmk(command: str) -> None:
    old, hardened = Estate(), Estate({"encrypted-decimalisation-tables": "yes"})
    assert old.code(with_table(old, command, TABLE)) in ("00", "01", "02")
    assert hardened.code(with_table(hardened, command, TABLE)) == "25"
    assert hardened.code(with_table(hardened, command, hardened.table())) in ("00", "01", "02")


@pytest.mark.parametrize(
    "table", ["0" * 16, "1" + "0" * 15, "0000012345678912", "1111122345678900", "0123012301230123", "0001112223334567"]
)
def test_s2_tables_are_diverse(table: str) -> None:
    old, hardened = Estate(), Estate({"decimalisation-table-checks": "yes"})
    good = len(set(table)) >= 8 and max(table.count(digit) for digit in table) <= 4
    assert old.code(verify_by_offset(old, table=table)) in ("01", "02")
    assert (hardened.code(verify_by_offset(hardened, table=table)) == "25") is not good


def translated(estate: Estate, command: str, came: str, goes: str) -> str:
    """The code of a translation; format 48 goes with AES keys, which only a key-block LMK holds."""
    source = Usage.TPK if command == "CA" else Usage.ZPK
    sizes = [32 if fmt == "48" else 16 for fmt in (came, goes)]
    block = estate.block("1234", came, source, sizes[0]) if came in KNOWN else "0123456789ABCDEF"
    keys = estate.key(source, sizes[0]) + estate.key(Usage.ZPK, sizes[1])
    if command == "JE+JG":
        zpk = estate.key(Usage.ZPK, sizes[0])
        kept = estate.ask(f"JE{zpk}{block}{came}{account_for(came)}")
        if kept[2:4] != "00":
            return kept[2:4]
        return estate.code(f"JG{estate.key(Usage.ZPK, sizes[1])}{goes}{account_for(goes)}{kept[4:]}")
    return estate.code(f"{command}{keys}12{block}{came}{goes}{account_for(came, goes)}")


def permitted(came: str, goes: str) -> bool:
    """PCI PIN requirement 3-3, and ISO 9564-1 clause 9.6."""
    return (came in BOUND and goes in BOUND) or (came == "05" and goes in (*BOUND, "05"))


@pytest.mark.parametrize("command", ["CA", "CC", "JE+JG"])
def test_s3_translations_are_those_of_the_table(command: str) -> None:
    """A04 and A05: the full matrix, under a key-block LMK so that format 48 is there too."""
    strict = Estate({"restrict-pin-block-usage": "yes"}, lmk="test-aes-block")
    for came in FORMATS:
        for goes in FORMATS:
            code = translated(strict, command, came, goes)
            may = permitted(came, goes) and not (command == "JE+JG" and goes == "05")
            if may:
                assert code == "00", (came, goes, code)
            else:
                assert code in (("69",) if came in KNOWN and goes in KNOWN else ("23", "69", "22", "15")), (
                    came, goes, code,
                )  # fmt: skip


@pytest.mark.parametrize("command", ["CA", "CC", "JE+JG"])
def test_s3_off_everything_known_translates(command: str) -> None:
    old = Estate(lmk="test-aes-block")
    for came in KNOWN:
        for goes in KNOWN:
            code = translated(old, command, came, goes)
            assert code == "00" or "04" in (came, goes), (came, goes, code)


def test_a04_the_account_of_a_pin_can_not_be_changed_by_way_of_format_05() -> None:
    """Victim's PIN to format 05, which binds no account, and from there to the attacker's account."""
    won = {}
    for profile in ("no", "yes"):
        estate = Estate({"restrict-pin-block-usage": profile})
        zpk = estate.key(Usage.ZPK)
        reply = estate.ask(f"CC{zpk}{zpk}12{estate.block('1234', '01')}0105{ACCOUNT}")
        won[profile] = reply[2:4]
        if reply[2:4] == "00":
            second = estate.ask(f"CC{zpk}{zpk}12{reply[6:22]}0501999999999999")
            assert second[6:22] == estate.block("1234", "01", account="999999999999")
    assert won == {"no": "00", "yes": "69"}


def test_s4_formats_are_switched_off_one_by_one() -> None:
    estate = Estate({"enabled-pin-block-formats": "01,05,47"})
    assert translated(estate, "CC", "01", "47") == "00"
    assert translated(estate, "CC", "01", "03") == "69"
    assert translated(estate, "CC", "03", "01") == "69"
    assert translated(Estate(), "CC", "01", "03") == "00"


def test_s4_format_34_to_a_zone() -> None:
    assert translated(Estate(), "CC", "01", "34") == "00"
    assert translated(Estate({"format-34-to-zpk": "no"}), "CC", "01", "34") == "69"
    assert translated(Estate({"format-34-to-zpk": "no"}), "CC", "34", "01") == "00"


@pytest.mark.parametrize("command", ["CC", "JE"])
def test_a03_the_account_digit_oracle(command: str) -> None:
    """Which account digits make a PIN that is none tells PIN digits; fraud detection ends it, right accounts included."""
    answers = {}
    for switch in ("no", "yes"):
        estate = Estate({"restrict-pin-block-usage": switch, "fraud-detection": switch, "pin-attack-limit": "30"})
        zpk, block = estate.key(Usage.ZPK), estate.block("1294", "01")
        start = f"CC{zpk}{zpk}12{block}0101" if command == "CC" else f"JE{zpk}{block}01"
        others = [(at, digit) for at in range(12) for digit in "0123456789"]
        answers[switch] = [estate.code(f"{start}{ACCOUNT[:at]}{digit}{ACCOUNT[at + 1 :]}") for at, digit in others]
        assert estate.code(start + ACCOUNT) == {"no": "00", "yes": "39"}[switch]
    assert set(answers["no"]) == {"00", "20"}
    assert answers["yes"].count("20") == 30
    assert set(answers["yes"][answers["yes"].index("39") :]) == {"39"}


@pytest.mark.parametrize("limit", ["pin-verifies-per-minute", "pin-verifies-per-hour"])
def test_s13_failed_verifications_are_limited(limit: str) -> None:
    """A07: the one that reaches the limit is answered, the next is not, and neither is a right PIN, until an officer."""
    estate = Estate({"fraud-detection": "yes", limit: "10"})
    right = verify_by_offset(estate, offset=offset_of(estate))
    assert estate.code(right) == "02"
    wrong = verify_by_offset(estate, offset=f"{(int(offset_of(estate)) + 1) % 10_000:04d}")
    assert [estate.code(wrong) for _ in range(11)] == ["01"] * 10 + ["39"]
    assert estate.code(right) == "39"
    estate.ask.appliance.fraud.enable_again()
    assert estate.code(right) == "02"
    old = Estate({limit: "10"})
    assert {old.code(wrong) for _ in range(30)} == {"01"}


def offset_of(estate: Estate) -> str:
    """The offset of PIN 1234."""
    zpk, pvk, block = estate.key(Usage.ZPK), estate.key(Usage.PVK_IBM), estate.block("1234", "01")
    sealed = estate.ask(f"JE{zpk}{block}01{ACCOUNT}")[4:]
    return estate.ask(f"DE{pvk}{sealed}04{ACCOUNT}{TABLE}{VALIDATION}")[4:8]


def test_s14_clear_pins() -> None:
    assert Estate().code(f"BA1234F{ACCOUNT}") == "00"
    assert Estate({"select-clear-pins": "no"}).code(f"BA1234F{ACCOUNT}") == "17"
    assert Estate(authorise="").code(f"BA1234F{ACCOUNT}") == "17"
    assert Estate({"select-clear-pins": "no"}).code(f"NG{ACCOUNT}12345") == "17"


def test_s16_offsets_longer_than_the_check_length() -> None:
    old, hardened = Estate(), Estate({"variable-length-offset": "no"})
    assert old.code(verify_by_offset(old, offset="000000")) in ("01", "02")
    assert hardened.code(verify_by_offset(hardened, offset="000000")) == "15"
    assert hardened.code(verify_by_offset(hardened, offset=offset_of(hardened))) == "02"


def test_s18_account_translation_and_a28_pins_are_bound_to_accounts() -> None:
    old, hardened = Estate(), Estate({"account-translation": "no"})
    zpk, other = old.key(Usage.ZPK), "987654321098"
    sealed = old.ask(f"JE{zpk}{old.block('1234', '01')}01{ACCOUNT}")[4:]
    moved = old.ask(f"QK{ACCOUNT}{sealed}{other}")
    if moved[2:4] != "00":
        moved = old.ask(f"QK{sealed}{ACCOUNT}{other}")
    assert moved[2:4] == "00"
    assert moved[4:] != sealed
    assert hardened.code(f"QK{ACCOUNT}{sealed}{other}") == "68"
    # Without that command text moved to another account is no PIN, or another one.
    block = old.block("1234", "01", account=other)
    assert old.code(f"BE{zpk}{block}01{other}{moved[4:]}") == "00"
    assert old.code(f"BE{zpk}{block}01{other}{sealed}") in ("14", "01")


@pytest.mark.parametrize("pin", ["0000", "1234", "1111"])
def test_s12_weak_pins(pin: str) -> None:
    """A29, for the commands that take a PIN of the cardholder's choice."""
    for settings, code in (({}, "02"), ({"weak-pin-check": "yes"}, "86")):
        estate = Estate(settings)
        zpk, pvk = estate.key(Usage.ZPK), estate.key(Usage.PVK_IBM)
        chosen = f"BK001{zpk}{pvk}{estate.block(pin, '01')}0104{ACCOUNT}{TABLE}{VALIDATION}"
        assert estate.code(chosen) == code
        assert estate.code(chosen.replace(estate.block(pin, "01"), estate.block("7392", "01"))) == "02"


def test_s12_the_weak_pin_is_told_only_to_who_knows_the_current_one() -> None:
    estate = Estate({"weak-pin-check": "yes"})
    zpk, pvk = estate.key(Usage.ZPK), estate.key(Usage.PVK_IBM)
    current, weak = estate.block("7392", "01"), estate.block("1111", "01")

    def change(offset: str, chosen: str) -> str:
        rule = f"04{ACCOUNT}{TABLE}{VALIDATION}"
        return estate.code(f"DU001{zpk}{pvk}{current}01{rule}{offset.ljust(12, 'F')}{chosen}")

    assert change("0000", weak) == change("0000", current) == "01"
    assert PAN.endswith(ACCOUNT[-5:] + PAN[-1])
