"""What the appliance tells of itself."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from support.appliances import Speaker

from hsm.appliance import Hsm
from hsm.operations import status
from hsm.operations.status import Compliance, LmkAlgorithm
from hsm.policy.choices import Profile
from hsm.policy.settings import Settings

Desk = Callable[..., Speaker]


def view(speak: Speaker) -> Hsm:
    return speak.appliance.view(None, speak)


def test_the_hardened_profile_complies() -> None:
    hardened = Settings.of(Profile.HARDENED)
    assert status.compliance(hardened) is Compliance.FULL
    assert status.compliance(hardened.changed("restrict-pin-block-usage", "no")) is Compliance.OTHERWISE_LACKING
    lacking = hardened.changed("enforce-key-type-002-separation", "no")
    assert status.compliance(lacking) is Compliance.TERMINAL_KEYS_MIXED


@pytest.mark.parametrize(
    ("peer", "address"),
    [
        ("192.0.2.254", "C00002FE"),
        ("::ffff:192.0.2.1", "C0000201"),
        ("2001:db8::1", "00000000"),
        ("::1", "00000000"),
        ("?", "00000000"),
    ],
)
def test_a_peer_in_four_bytes(peer: str, address: str) -> None:
    assert status.ipv4_of(peer).hex().upper() == address


def test_lmks_by_identifier(desk: Desk) -> None:
    speak = desk(lmks=("07=test-aes-block", "00=test-variant", "01=test-3des-block"), authorise="export,pin.clear")
    told = [
        (each.lmk_id, each.activities_count, each.is_variant, each.algorithm) for each in status.lmk_states(view(speak))
    ]
    assert told == [
        ("00", 2, True, LmkAlgorithm.TDES_2KEY),
        ("01", 2, False, LmkAlgorithm.TDES_3KEY),
        ("07", 2, False, LmkAlgorithm.AES_256),
    ]


def test_volumes_count_refusals_and_leave_out_the_unused(desk: Desk) -> None:
    speak = desk()
    speak("NC")
    speak("NC%55")
    speak("B20000")
    assert status.volumes(view(speak), ("B2", "NC", "NO")) == (("B2", 1), ("NC", 2))


def test_authority_of_one_lmk_is_cancelled(desk: Desk) -> None:
    speak = desk(lmks=("00=test-variant", "01=test-variant"))
    status.cancel_authority(speak.appliance.view("01", speak))
    assert [each.activities_count > 0 for each in status.lmk_states(view(speak))] == [True, False]
