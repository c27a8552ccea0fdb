"""Zone master keys: BY GG GY."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from support.appliances import Speaker, make_speaker
from support.opened import check_digits, opened, pair_of

COMPONENTS = (
    "A235EDF4C58A2CB0C84641D07319CF21",
    "FF43378ED5D85B1BC465BF000335FBF1",
    "2EC8A0412B5D0E86E3C1E5ABFA19B3F5",
)
ZMK = "2EC8A0412B5D0E86E3C1E5ABFA19B3F5"
SENT = "79E1B5D8DC672AF00137070260B5FA8E"

Desk = Callable[..., Speaker]

speak = make_speaker()


@pytest.mark.parametrize("count", [2, 3])
def test_the_zmk_is_the_sum_of_its_components(count: int) -> None:
    shares = [opened(c, pair_of("000")) for c in COMPONENTS[:count]]
    total = int.from_bytes(shares[0], "big")
    for share in shares[1:]:
        total ^= int.from_bytes(share, "big")
    key = bytes(b if b.bit_count() % 2 else b ^ 1 for b in total.to_bytes(16, "big"))
    reply = speak(f"GY{count}{''.join(COMPONENTS[:count])};0U1")
    assert opened(reply[4:37], pair_of("000")) == key
    assert reply[37:] == check_digits(key)[:6]


def test_components_may_lie_under_the_variant(desk: Desk) -> None:
    strict = desk({"zmk-component-variant": "yes"})
    tokens = [strict(f"A0{'0'}100U")[4:37] for _ in range(3)]
    reply = strict("GG" + "".join(tokens) + ";0U1")
    keys = [int.from_bytes(opened(token, pair_of("100")), "big") for token in tokens]
    formed = (keys[0] ^ keys[1] ^ keys[2]).to_bytes(16, "big")
    assert opened(reply[4:37], pair_of("000")) == formed, "three odd bytes sum to an odd byte"
    assert strict("GG" + "".join(COMPONENTS)) == "GH10"
    assert strict("GG" + tokens[0] + tokens[1] + COMPONENTS[2]) == "GH11"


@pytest.mark.parametrize(
    ("request_text", "reply"),
    [
        ("GY1" + COMPONENTS[0], "GZ03"),
        ("GY0", "GZ03"),
        ("GYX", "GZ03"),
        ("GY3" + COMPONENTS[0], "GZ15"),
        ("GY2" + COMPONENTS[0] * 2, "GZ11"),
        ("GG" + COMPONENTS[0] * 2 + COMPONENTS[1][:-1], "GH15"),
        ("GG" + COMPONENTS[0] + COMPONENTS[1] + "A135EDF4C58A2CB0C84641D07319CF21", "GH11"),
        ("GG" + "".join(COMPONENTS) + ";002", "GH15"),
        ("GG" + "".join(COMPONENTS) + ";0X1", "GH26"),
        ("GG" + "".join(COMPONENTS) + ";0T1", "GH27"),
    ],
)
def test_refusals(request_text: str, reply: str) -> None:
    assert speak(request_text) == reply


def test_equal_components_are_refused_where_components_are_distinct(desk: Desk) -> None:
    thrice = "GY3" + COMPONENTS[0] * 2 + COMPONENTS[1]
    assert speak(thrice).startswith("GZ00")
    assert desk({"distinct-components": "yes"})(thrice) == "GZ15"


def test_single_length_zmks(desk: Desk) -> None:
    single = desk({"zmk-length": "single"})
    parts = [single("A00000Z")[4:20] for _ in range(2)]
    reply = single("GY2" + "".join(parts))
    keys = [int.from_bytes(opened(part, pair_of("000")), "big") for part in parts]
    total = (keys[0] ^ keys[1]).to_bytes(8, "big")
    assert opened(reply[4:20], pair_of("000")) == bytes(b if b.bit_count() % 2 else b ^ 1 for b in total)


@pytest.mark.parametrize(("activities", "code"), [("", "17"), ("import.001", "17"), ("import.000", "00")])
def test_a_zmk_comes_in_only_when_authorised(desk: Desk, activities: str, code: str) -> None:
    assert desk(authorise=activities)(f"BY{ZMK}{SENT};XU0")[2:4] == code


@pytest.mark.parametrize(("activities", "code"), [("", "17"), ("component.001", "17"), ("component.000", "00")])
def test_a_zmk_is_formed_only_when_authorised(desk: Desk, activities: str, code: str) -> None:
    assert desk(authorise=activities)("GG" + "".join(COMPONENTS))[2:4] == code


def test_keys_may_be_in_user_storage(desk: Desk) -> None:
    speaker = desk({"user-storage-length": "variable"})
    speaker.appliance.storage.write("001", (b"U1457FF6ADF6250C66C368416B4C9D383", b"2B930A07119F93A8"))
    assert speaker("FAK001K002;001") == "FB00BAB32D775A38E4AB73936E"
    assert speaker("FAK001K003;001") == "FB12"


def test_zmk_translation_can_be_switched_off(desk: Desk) -> None:
    assert desk({"zmk-translation": "no"})(f"BY{ZMK}{SENT};XU0") == "BZ68"


def test_a_zmk_without_tag_is_a_key_of_x917(desk: Desk) -> None:
    assert desk({"x917-import": "no"})(f"BY{ZMK}{SENT};XU0") == "BZ26"


def test_components_in_key_blocks() -> None:
    speaker = make_speaker(lmks=("00=test-variant", "01=test-3des-block"))
    first = "S0007252TBc1E0001C9ED3207A1A79BCA1CAB8C05FEC9429E2232067D1F9E908F15E9DCA7"
    second = "S0007252TBc2E000125276E9C8BC0FA0F70109274FAB9647EF89A189C019465182A345009"
    reply = speaker(f"GY2{first}{second};001")
    assert (reply[:21], reply[-6:]) == ("GZ00S0007252TB00E0001", "2AE082")
    assert speaker(f"GY2{first}{first};001") == "GZB5"
    assert speaker(f"GY2{first}{second};0U1") == "GZ26"
