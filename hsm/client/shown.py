"""Exchanges as text for a terminal: bytes and decoded fields, masked."""

from __future__ import annotations

from collections.abc import Iterator

from hsm.client.explain import Explained, explain, explain_eracom
from hsm.wire.kinds import Widths

MEANING_CHARS_MAX = 90


def exchange_lines(way: str, frame: bytes, header_chars: int, ebcdic: bool, widths: Widths) -> Iterator[str]:
    """*frame* that goes ('>') or comes ('<'): a line of what is on the wire, then a line a field."""
    explained = explain(frame, reply=way == "<", header_chars=header_chars, ebcdic=ebcdic, widths=widths)
    yield f"{way} {len(frame):04X} {explained.shown}"
    yield from field_lines(explained)


def eracom_lines(way: str, frame: bytes) -> Iterator[str]:
    """As ``exchange_lines``, of the content of an Eracom frame."""
    explained = explain_eracom(frame, reply=way == "<")
    yield f"{way} {len(frame):04X} {explained.shown}"
    yield from field_lines(explained)


def field_lines(explained: Explained) -> Iterator[str]:
    """A line a field: where it begins, its name, its content (masked) and what it is; last, what is wrong."""
    names = max((len(part.name) for part in explained.parts), default=0)
    for part in explained.parts:
        meaning = part.meaning
        if len(meaning) > MEANING_CHARS_MAX:
            meaning = meaning[: MEANING_CHARS_MAX - 3] + "..."
        yield f"    {part.start:4d}  {part.name:{names}}  {part.shows}   ({meaning})"
    if explained.wrong:
        yield f"    WRONG: {explained.wrong}"
