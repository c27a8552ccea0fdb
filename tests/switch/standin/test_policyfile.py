from __future__ import annotations

import pytest

from switch.hsmdialect import ERACOM
from switch.link.lines import ConfigError
from switch.standin.cardfile import read_cards
from switch.standin.policy import CardLine, Listing, Trigger
from switch.standin.policyfile import read_policies

CARD = "0f3a90c47b215d6e8f01234567abcdef"
POLICY = """[[policy]]
name = "basic"
services = ["withdrawal", "purchase"]
triggers = ["signed-off", "timed-out"]
currency = "VND"
amount-a-day = 2000000
count-a-day = 3
exposure = 500000000
pvk = "U1234567890ABCDEF1234567890ABCDEF"
cards = "basic.csv"
listed-only = true
"""
CARDS = f"""# who has which limit
card,list,response,amount,pvki,pvv
{CARD},limit,,3000000,1,4921
{CARD[::-1]},negative,43,,,
{"0" * 32},positive,,,,
"""


def test_a_policy_is_read_with_its_cards() -> None:
    policies = read_policies("standin.toml", POLICY, {"basic.csv": CARDS}.__getitem__)
    policy = policies["basic"]
    assert policy.services == {"withdrawal", "purchase"}
    assert policy.triggers == {Trigger.SIGNED_OFF, Trigger.TIMED_OUT}
    assert (policy.currency, policy.amount_a_day, policy.count_a_day) == ("704", 2_000_000, 3)
    assert (policy.exposure, policy.pin_tries, policy.listed_only, policy.reason_element) == (500_000_000, 3, True, 60)
    assert policy.cards[CARD] == CardLine(Listing.LIMIT, "", 3_000_000, "1", "4921")
    assert policy.cards[CARD[::-1]] == CardLine(Listing.NEGATIVE, "43")
    assert "4921" not in repr(policies)
    assert "U1234" not in repr(policies)


def test_keys_are_those_of_the_hsms_dialect() -> None:
    policy = POLICY.replace("U1234567890ABCDEF1234567890ABCDEF", "020001")
    assert read_policies("standin.toml", policy, {"basic.csv": CARDS}.__getitem__, ERACOM)["basic"].pvk == "020001"
    with pytest.raises(ConfigError, match="pvk: expected a key specifier of the Eracom dialect"):
        read_policies("standin.toml", POLICY, {"basic.csv": CARDS}.__getitem__, ERACOM)
    with pytest.raises(ConfigError, match="line 3: pvki: expected a digit from 1 to 6, or nothing"):
        read_policies("standin.toml", policy, {"basic.csv": CARDS.replace(",1,4921", ",0,4921")}.__getitem__, ERACOM)


@pytest.mark.parametrize(
    ("written", "instead", "told"),
    [
        ('"withdrawal", "purchase"', '"transfer"', "line 3: policy.0.services: expected some of withdrawal, purchase"),
        ('"withdrawal", "purchase"', "", "services"),
        ('"signed-off", "timed-out"', '"bored"', "triggers"),
        ('"VND"', '"XXZ"', "line 5: policy.0.currency"),
        ("amount-a-day = 2000000", "amount-a-day = 0", "amount-a-day"),
        ("count-a-day = 3\n", "", "count-a-day"),
        ("exposure = 500000000", "exposure = -1", "exposure"),
        ("U1234567890ABCDEF1234567890ABCDEF", "short", "pvk: expected a key under the LMK, as the HSM gave it"),
        ('cards = "basic.csv"\n', "", "listed-only"),
        ("listed-only = true", "listed-only = true\nfoo = 1", "foo: expected nothing"),
        ('name = "basic"', 'name = "b c"', "name"),
        ("[[policy]]", "[[policies]]", "policies"),
        ("[[policy]]", "[[policy", "syntax"),
        ('listed-only = true\n', "listed-only = true\n" + POLICY, "no other policy"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_policy_is_told_with_its_place(written: str, instead: str, told: str) -> None:
    assert written in POLICY
    with pytest.raises(ConfigError, match=r"standin\.toml") as caught:
        read_policies("standin.toml", POLICY.replace(written, instead, 1), {"basic.csv": CARDS}.__getitem__)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("written", "instead", "told"),
    [
        (CARD, "9704110000000007", "line 3: card: expected 32 hexadecimal digits"),
        (CARD[::-1], CARD, "line 4: card: expected each card once"),
        ("limit,,3000000", "limit,,", "amount"),
        ("limit,,3000000", "positive,,3000000", "amount"),
        ("negative,43", "negative,", "response"),
        ("negative,43", "negative,00", "response"),
        ("limit,,3000000", "limit,41,3000000", "response"),
        ("1,4921", ",4921", "both or neither"),
        ("1,4921", "1,492", "pvv"),
        ("1,4921", "7,4921", "pvki"),
        ("1,4921", "1,4921,1", "line: expected 6 values"),
        ("positive,,,,", "gone,,,,", "line 5: list"),
        ("card,list", "list,card", "line 2: columns"),
        (CARD, '"x', "comma-separated"),
    ],
)
def test_what_is_wrong_in_a_card_line_is_told_with_its_place(written: str, instead: str, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_cards("basic.csv", CARDS.replace(written, instead, 1))
    assert told in str(caught.value)
    assert "9704110000000007" not in str(caught.value)
