"""Which PIN block formats may come in, go out, and be turned into which.

Sources: ISO 9564-1:2017 clause 9.6 and PCI PIN v3.1 requirement 3-3 for the restricted table (formats 0, 3 and 4 among
each other; 1 to any of these or itself; 2 only to a chip card; nothing else), payShield's CONFIGPB and "enable PIN block
format 34 as output format" for the rest.
"""

from __future__ import annotations

from hsm.crypto.pinblock import PinBlockFormat as Format
from hsm.policy.settings import Settings
from hsm.refusal import PinFormatDisabled, PinFormatInvalid

_BOUND = (Format.ISO_0, Format.ISO_3, Format.ISO_4)
_CODES = {f.value: f for f in Format}


class PinFormats:
    """The formats that *settings* allow; one look-up a question."""

    def __init__(self, settings: Settings) -> None:
        enabled = [f for f in Format if f.value in settings.enabled_pin_block_formats]
        strict = settings.restrict_pin_block_usage
        leaving = [f for f in enabled if f is not Format.ISO_2 or settings.format_34_to_zpk]
        self._entering = {f.value: f for f in enabled if not strict or f in (*_BOUND, Format.ISO_1)}
        self._leaving = {f.value: f for f in leaving if not strict or f in _BOUND}
        to_cards = [Format.ISO_2] if Format.ISO_2 in enabled else []
        self._for_cards = {f.value: f for f in to_cards}
        self._card_pairs = {(a.value, b.value): (a, b) for a in self._entering.values() for b in to_cards}
        self._pairs = {(a.value, b.value): (a, b) for a in enabled for b in leaving if not strict or _permitted(a, b)}

    def entering(self, code: str, *, for_card: bool = False) -> Format:
        """The format of a PIN block that is only read.  Raises PinFormatInvalid, PinFormatDisabled.

        A block *for_card* lies under a key that only PINs on their way to cards and mailers lie under.
        """
        return self._entering.get(code) or (self._for_cards.get(code) if for_card else None) or _refused(code)

    def leaving(self, code: str) -> Format:
        """The format of a PIN block made from a PIN that was kept without one."""
        return self._leaving.get(code) or _refused(code)

    def translation(self, source: str, destination: str, *, to_card: bool = False) -> tuple[Format, Format]:
        """Both formats of a translation, *to_card* as in ``entering``.  Raises PinFormatInvalid, PinFormatDisabled."""
        pair = self._pairs.get((source, destination))
        if pair is None and to_card:
            pair = self._card_pairs.get((source, destination))
        if pair is None:
            raise PinFormatDisabled if source in _CODES and destination in _CODES else PinFormatInvalid
        return pair


def _permitted(source: Format, destination: Format) -> bool:
    if destination in _BOUND:
        return source in (*_BOUND, Format.ISO_1)
    return source is destination is Format.ISO_1


def _refused(code: str) -> Format:
    raise PinFormatDisabled if code in _CODES else PinFormatInvalid
