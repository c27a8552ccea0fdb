"""The way out for a log that is not as it was written: it is put aside whole, and another begins."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

from hsm.audit.anchor import Anchor, AnchorBook, Sealer
from hsm.audit.chain import Chain
from hsm.audit.file import DATABASE_NAME, archive_name, begun_anew, event
from hsm.audit.segments import ARCHIVE_NAME
from hsm.ports import Clock

ARCHIVED = "ARCHIVED"
"""The first entry of the log that begins."""


def archived(directory: Path, clock: Clock, sealer: Sealer | None = None) -> Path:
    """Put the log of the state directory *directory*, in whatever condition, into ``archive/``; where it is now.

    The log that begins goes on counting where ``hsm.db`` says that the old one ended.  When that is not to be believed
    either, it has a new key and counts from 1.  No appliance may be running.  Raises AuditFileError, KeySealed.
    """
    with closing(AnchorBook(directory / DATABASE_NAME, sealer)) as book:
        key = book.key()
        anchor = book.anchor(Chain(key)) if key is not None else None
        if key is None or anchor is None:
            key, anchor = book.new_key(), Anchor()
        chain = Chain(key)
        first = event(anchor.sequence + 1, clock, ARCHIVED)
        file, mac = begun_anew(directory, chain, anchor, first)
        try:
            book.sync(chain, Anchor(first.sequence, mac))
        finally:
            os.close(file)
    return directory / ARCHIVE_NAME / archive_name(first)
