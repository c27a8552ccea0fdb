"""What all kinds of rows are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import quote

_PLAIN = re.compile(r"[A-Za-z0-9 .:_~-]*").fullmatch
"""What ``quote`` would leave as it is; two ids are made for each message."""


def key(*parts: str) -> str:
    """One id of several parts, which stay apart whatever characters they hold.

    >>> key("bank a", "A/1"), key("bank", " a/A/1")
    ('bank a/A%2F1', 'bank/ a%2FA%2F1')
    """
    return "/".join([part if _PLAIN(part) else quote(part, safe=" .:-_") for part in parts])


@dataclass(frozen=True)
class Row:
    """*id* is the primary key.  ``TABLE`` names the table; ``INDEXES`` are the other ways in."""

    TABLE: ClassVar[str] = ""
    INDEXES: ClassVar[tuple[tuple[str, ...], ...]] = ()
    id: str
