"""An appliance in memory that speaks Eracom, in hexadecimal without frames."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from support.appliances import Speaker, make_speaker

from hsm.dialects.eracom.dispatch import Dispatcher
from hsm.dialects.eracom.session import EracomSession
from hsm.keys.domain import Domain, stored_key
from hsm.keys.domaintypes import DOMAIN_KEY_TYPES
from hsm.keys.km import Km, VariantScheme
from hsm.keys.published import PUBLISHED_KMS

STORED = MappingProxyType(
    {
        "02:1": "11" * 16,
        "00:1": "22" * 16,
        "01:1": "11" * 16,
        "01:22": "66" * 16,
        "04:1": "0123456789ABCDEFFEDCBA9876543210",
    }
)
"""The stored keys of the acceptance exchanges, and a KIR."""


class EracomSpeaker:
    """Sends requests in hexadecimal, from the function code on, to an appliance of its own."""

    def __init__(self, speaker: Speaker) -> None:
        self.speaker = speaker
        self.appliance = speaker.appliance
        self.dispatcher = Dispatcher(speaker.appliance)

    def __call__(self, request: str) -> str:
        """The reply to *request*; blanks are for the eye."""
        text = bytes.fromhex(request).decode("latin-1")
        return self.dispatcher.execute(text, "127.0.0.1:1").encode("latin-1").hex().upper()

    def session(self, *, worker: bool = False) -> EracomSession:
        """A connection to the appliance."""
        return EracomSession(self.dispatcher, "127.0.0.1:1", worker=worker)

    def store(self, place: str, key: str, scheme: VariantScheme | None = None) -> None:
        """Keep *key* at *place*, as ``--stored-key`` does."""
        domain = self.appliance.state.domain
        assert domain is not None
        code, _, index = place.partition(":")
        stored = stored_key(domain.km, bytes.fromhex(key), DOMAIN_KEY_TYPES[code], scheme)
        self.appliance.load_domain(domain.storing((code, int(index)), stored))


def make_eracom(
    settings: Mapping[str, str] | None = None, stored: Mapping[str, str] = STORED, km: str | None = "test-2266"
) -> EracomSpeaker:
    """An appliance with the published KM *km* and clear keys *stored* under it; *settings* as for ``make_speaker``."""
    made = EracomSpeaker(make_speaker(settings))
    if km is not None:
        made.appliance.load_domain(Domain(Km(PUBLISHED_KMS[km], km)))
        for place, key in stored.items():
            made.store(place, key)
    return made


def spec(content: str) -> str:
    """Hexadecimal of a key specifier, led by its count."""
    size = len(content) // 2
    return (f"{size:02X}" if size < 128 else f"{0x8000 | size:04X}") + content
