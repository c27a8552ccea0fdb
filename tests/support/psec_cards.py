"""Card verification values by psec, where it gives any."""

from __future__ import annotations

from hypothesis import assume
from psec import cvv


def psec_cvv(key: bytes, pan: str, expiry: str, service_code: str) -> str:
    """psec's CVV.  Rarely it has fewer than 3 digits, where hexadecimal ones must be counted twice: no witness then."""
    value = cvv.generate_cvv(key, pan, expiry, service_code)
    assume(len(value) == 3)
    return value
