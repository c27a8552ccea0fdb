"""LSK, VSK and DSK as transcripts, and what hosts then find."""

from __future__ import annotations

import pytest
from psec import des
from support.ceremony import NAMES
from support.eracom import EracomSpeaker, make_eracom
from support.playbook import PIN, Operator, quick_cards, told

from hsm.console import keycards as _keycards  # noqa: F401  (declares GS)
from hsm.console import km as _km  # noqa: F401  (declares GKM)
from hsm.console import storedkeys as _storedkeys  # noqa: F401  (declares LSK)
from hsm.policy.position import Position
from hsm.storage.cards import Role

FIRST, SECOND = "0123456789ABCDEFFEDCBA9876543210", "1113151713151719191B1D1F1B1D1F21"
KEY = "D32F5BFB02523BCDCDBFC43154409DBA"
KVC = "95EDCA"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    quick_cards(monkeypatch)


class Host:
    """Asks once the appliance is online: hosts are not served while it is not."""

    def __init__(self, speaker: EracomSpeaker) -> None:
        self.speaker = speaker.speaker
        self.store = speaker.store
        self._ask = speaker
        self.appliance = speaker.appliance

    def __call__(self, request: str) -> str:
        self.appliance.move(Position.ONLINE)
        try:
            return self._ask(request)
        finally:
            self.appliance.move(Position.SECURE)


@pytest.fixture
def ask() -> Host:
    return Host(make_eracom(stored={}))


@pytest.fixture
def operator(ask: Host) -> Operator:
    return Operator(ask.speaker)


def summed(*parts: str) -> str:
    total = 0
    for part in parts:
        total ^= int(part, 16)
    return f"{total:0{len(parts[0])}X}"


def odd(digits: str) -> str:
    return "".join(f"{byte if byte.bit_count() % 2 else byte ^ 1:02X}" for byte in bytes.fromhex(digits))


def kvc(digits: str) -> str:
    return des.encrypt_tdes_ecb(bytes.fromhex(digits), bytes(8))[:3].hex().upper()


def under(key: str, clear: str, cbc: bool = False) -> str:
    raw, content = bytes.fromhex(key), bytes.fromhex(clear)
    made = des.encrypt_tdes_cbc(raw, bytes(8), content) if cbc else des.encrypt_tdes_ecb(raw, content)
    return made.hex().upper()


def officers(operator: Operator) -> str:
    return operator.puts_in(*operator.holders("OLGA", "OTTO", role=Role.OFFICER))


def types_components(operator: Operator, code: str, index: str, *components: str) -> str:
    shown = operator.types("LSK", code, index, "C", str(len(components[0]) // 16), str(len(components)), "K")
    for card, component in zip(operator.holders(*NAMES[: len(components)]), components, strict=True):
        shown += operator.puts_in(card) + operator.types(component, "Y")
    return shown


def stored(operator: Operator) -> set[tuple[str, int]]:
    domain = operator.appliance.state.domain
    return set() if domain is None else set(domain.stored)


def test_a_key_of_typed_components_is_there_for_hosts(ask: Host, operator: Operator) -> None:
    (other,) = (odd(summed(KEY, FIRST)),)
    shown = types_components(operator, "01", "7", FIRST, other)
    assert shown.endswith(f"Key check value: {KVC}\nStore this key? [Y/N] [N]: ")
    assert "Variants" not in shown
    assert stored(operator) == set()
    assert operator.types("Y") == "PPK 7 is stored.\nSecure-AUTH> "
    assert ask("EE0202 00 020007 01 00") == "EE02020001" + "03" + KVC
    assert ask("EE0202 00 020007 00 00") == "EE02020A"
    assert operator.types("VSK") == (
        f"Type Name     Index  Length  Variants  Check\n01   PPK      7      double  -         {KVC}\nSecure-AUTH> "
    )
    assert operator.types("VSK 02") == "No key is stored.\nSecure-AUTH> "


@pytest.mark.parametrize(
    ("parts", "word"), [((FIRST[:16], SECOND[:16]), "single"), ((FIRST + KEY[:16], SECOND + FIRST[:16]), "triple")]
)
def test_other_lengths(operator: Operator, parts: tuple[str, str], word: str) -> None:
    types_components(operator, "02", "9999", *parts)
    operator.types("Y")
    assert f"02   MPK      9999   {word}  -         {kvc(odd(summed(*parts)))}" in operator.types("VSK 02")


def test_a_kir_forms_of_the_components_of_a_zmk(ask: Host, operator: Operator) -> None:
    cards = operator.holders("ANN", "BEN")
    shown = operator.types("GS", "00", "2", "2", "000", "U") + operator.puts_in(*cards)
    made = told(shown, "Key check value")
    for code, name in (("04", "KIR"), ("03", "KIS"), ("10", "KI")):
        operator.types("LSK", code, "1", "C", "2", "2", "C")
        for card in cards:
            operator.puts_in(card)
            shown = operator.types("Y")
        assert "Variants of keys under it [N/E/A/S]" in shown
        assert f"Key check value: {made}" in operator.types("")
        assert f"{name} 1 is stored." in operator.types("Y")
    operator.types("LSK", "01", "1", "C", "2", "2", "C")
    assert "another sort of key" in operator.puts_in(cards[0])
    table = operator.types("VSK")
    assert "03   KIS      1      double  none      " + made in table
    assert "10   KI       1      double  eracom    " + made in table


def test_cards_made_for_the_type(operator: Operator) -> None:
    cards = operator.holders("ANN", "BEN", "CAT")
    shown = operator.types("GKM", "30", "2", "3") + operator.puts_in(*cards)
    made = told(shown, "Key check value")
    operator.types("LSK", "30", "5", "C", "2", "3", "")
    for card in cards:
        operator.puts_in(card)
        shown = operator.types("Y")
    assert f"Key check value: {made}" in shown
    operator.types("Y")
    assert stored(operator) == {("30", 5)}


@pytest.mark.parametrize(
    ("letter", "mask"), [("N", "00" * 16), ("E", "28" * 16), ("S", "28C0" * 8), ("A", ("08" + "00" * 7) * 2)]
)
def test_variants_hold_for_the_keys_under_it(ask: Host, operator: Operator, letter: str, mask: str) -> None:
    types_components(operator, "04", "3", FIRST, SECOND)
    operator.types(letter, "Y")
    kir = odd(summed(FIRST, SECOND))
    assert ask(f"EE0200 00 020003 01 00 10 {under(summed(kir, mask), KEY)}")[-6:] == KVC


@pytest.mark.parametrize("above", ["KIR", "KI"])
@pytest.mark.parametrize("mode", ["ECB", "CBC"])
def test_a_key_under_a_stored_transport_key(ask: Host, operator: Operator, above: str, mode: str) -> None:
    ask.store("04:1" if above == "KIR" else "10:1", FIRST)
    wrapping = FIRST if above == "KIR" else summed(FIRST, "28" * 16)
    operator.types("LSK", "01", "12", "T")
    officers(operator)
    shown = operator.types(above, "1", mode, under(wrapping, KEY, mode == "CBC"))
    assert f"Key check value: {KVC}\n" in shown
    assert operator.types("Y") == "PPK 12 is stored.\nSecure-AUTH> "
    assert ask("EE0202 00 020012 01 00") == "EE02020001" + "03" + KVC


def test_a_pvk_has_its_table(ask: Host, operator: Operator) -> None:
    shown = types_components(operator, "07", "1", FIRST, SECOND)
    assert shown.endswith("Enter decimalisation table (16 digits): ")
    assert operator.screen.secret
    operator.types("0123456789012345", "Y")
    assert "07   PVK      1      double  -         " in operator.types("VSK")
    domain = operator.appliance.domain
    assert domain.verification_key("\x02\x00\x01").table == "0123456789012345"
    operator.types("LSK", "07", "2", "C")
    assert "length" in operator.types("3")
    ask.store("04:1", FIRST + KEY[:16])
    operator.types("LSK", "07", "3", "T")
    officers(operator)
    operator.types("", "1", "", under(FIRST + KEY[:16], KEY + "0123456789012345"), "Y")
    assert domain.verification_key is not None
    assert operator.appliance.domain.verification_key("\x02\x00\x03").table == "0123456789012345"


@pytest.mark.parametrize(
    ("components", "code", "reason"),
    [
        ((FIRST, FIRST), "01", "weak DES key"),
        ((FIRST, SECOND, FIRST), "01", "Two components are equal"),
        ((FIRST[:16], SECOND[:16]), "24", "length"),
    ],
)
def test_keys_refused(operator: Operator, components: tuple[str, ...], code: str, reason: str) -> None:
    assert reason in types_components(operator, code, "1", *components)
    assert operator.outcome() == "NO"
    assert stored(operator) == set()


def test_settings_of_keys_hold() -> None:
    halves = Operator(make_eracom({"prevent-single-des-masquerade": "yes"}, {}).speaker)
    types_components(halves, "01", "1", FIRST, summed(FIRST, "5D" * 16))
    assert halves.outcome() == "NO"
    both = Operator(make_eracom({"prevent-single-des-masquerade": "yes"}, {}).speaker)
    same = "0123456789ABCDEF" * 2
    other = "1113151713151719" * 2
    types_components(both, "01", "1", same, other)
    assert both.outcome() == "NO"
    loose = Operator(make_eracom({}, {}).speaker)
    assert "Store this key?" in types_components(loose, "01", "1", same, other)
    single = Operator(make_eracom({"allow-single-des": "no"}, {}).speaker)
    types_components(single, "01", "1", same[:16], other[:16])
    assert single.outcome() == "NO"


def test_under_a_weaker_transport_key(operator: Operator, ask: Host) -> None:
    strict = make_eracom({"weaker-kek-allowed": "no"}, {})
    strict.store("04:1", FIRST)
    at = Operator(strict.speaker)
    at.types("LSK", "01", "1", "T")
    officers(at)
    at.types("", "1", "", under(FIRST, KEY + FIRST[:16]))
    assert at.outcome() == "NO"
    operator.types("LSK", "01", "1", "T")
    officers(operator)
    assert "stored under that index" in operator.types("", "1", "", under(FIRST, KEY))


def test_places_are_not_overwritten_and_must_exist(operator: Operator) -> None:
    types_components(operator, "01", "1", FIRST, SECOND)
    operator.types("Y")
    assert "type 01 index 1 is in use: delete it first (DSK)." in operator.types("LSK", "01", "1")
    assert "Expected two digits" in operator.types("LSK", "99")
    operator.shell.interrupt()
    assert "Expected a number from 1 to 9999" in operator.types("LSK", "01", "0")
    operator.shell.interrupt()
    assert "No key is stored at type 02 index 1." in operator.types("DSK", "02", "1")


def test_deleting_takes_two_officers_and_a_word(ask: Host, operator: Operator) -> None:
    ask.store("01:1", KEY)
    ask.store("01:2", KEY)
    operator.types("DSK", "01", "1")
    assert f"PPK 1, check value: {KVC}\n" in officers(operator)
    assert "Not deleted." in operator.types("")
    operator.types("DSK", "01", "1")
    officers(operator)
    assert "Deleted." in operator.types("Y")
    assert stored(operator) == {("01", 2)}
    assert ask("EE0202 00 020001 01 00") == "EE02020A"
    assert ask("EE0202 00 020002 01 00")[:8] == "EE020200"


def test_without_a_km() -> None:
    operator = Operator(make_eracom(km=None).speaker)
    for name in ("LSK", "DSK"):
        assert "No KM is loaded." in operator.types(name, "01", "1")
    assert "No KM is loaded." in operator.types("VSK")
    assert "VSK takes nothing or one key type" in operator.types("VSK 99")


@pytest.mark.parametrize("name", ["LSK", "DSK"])
def test_ceremonies_need_the_secure_state(operator: Operator, name: str) -> None:
    operator.appliance.move(Position.ONLINE)
    assert f"{name} needs the secure state." in operator.types(name)


def test_a_dropped_line_stores_nothing(operator: Operator) -> None:
    types_components(operator, "01", "1", FIRST, SECOND)
    operator.shell.hang_up("dropped")
    assert stored(operator) == set()
    assert operator.outcome() == "GU"


def test_the_place_is_looked_at_again_at_the_end(ask: Host, operator: Operator) -> None:
    types_components(operator, "01", "1", FIRST, SECOND)
    ask.store("01:1", KEY)
    assert "is in use" in operator.types("Y")
    operator.appliance.load_domain(None)
    ask.appliance.load_domain(make_eracom(stored={}).appliance.state.domain)
    types_components(operator, "01", "1", FIRST, SECOND)
    operator.appliance.load_domain(None)
    assert "No KM is loaded." in operator.types("Y")


def test_configured_variants_hold_for_stored_keys() -> None:
    ask = Host(make_eracom({"km-variants": "04=48"}, {}))
    operator = Operator(ask.speaker)
    types_components(operator, "04", "1", FIRST, SECOND)
    operator.types("N", "Y")
    kir = odd(summed(FIRST, SECOND))
    assert ask(f"EE0200 00 020001 01 00 10 {under(kir, KEY)}")[-6:] == KVC
    domain = ask.appliance.state.domain
    assert domain is not None
    variant = summed("22" * 8 + "66" * 8, "48" * 16)
    assert domain.stored["04", 1].cryptogram.hex().upper() == under(variant, kir)


def test_pins_of_cards_are_asked_before_components(operator: Operator) -> None:
    (ann,) = operator.holders("ANN")
    operator.types("LSK", "01", "1", "C", "2", "2", "K", ann.serial)
    assert operator.screen.prompt == "Enter PIN: "
    assert operator.types("99999").endswith("Enter PIN: ")
    assert operator.types(PIN) == "Enter component 1: "
    assert operator.screen.secret
