"""Request texts of any command, composed from its declaration, with keys that open as what the command asks for.

Key by key: a first request is executed to see what each of its keys is asked to be, and keys of that sort replace them.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from hypothesis import HealthCheck, find
from hypothesis import settings as hypothesis_settings
from support.appliances import Speaker
from support.tracing import Opened, fitting_key, presented, sample_token, traced

from hsm.dialects.thales.codes import thales
from hsm.dialects.thales.fields import widths
from hsm.keys.masters import Lmk
from hsm.keys.usage import Usage, wanted
from hsm.refusal import KeySchemeInvalid, KeyTypeCodeInvalid, PinFormatInvalid, Refusal
from hsm.testing import values
from hsm.wire.codec import codec_of
from hsm.wire.kinds import Account, Choice, Code, Digits, Kind, Number, Plain, Text, Widths
from hsm.wire.message import Message
from hsm.wire.shapes import BlockUnder, Cases, Group, IfMore, Key, Maybe, Prefixed, Repeated, Until, When

ROUNDS_MAX = 6
SAMPLE_PIN = "5926"
SAMPLE_BLOCK = "89ABCDEF01234567"
DATA = SAMPLE_BLOCK.encode()
USUAL_TEXTS = ("", "40000012345N", "0000FFFFFFFF", "0123456789012345", SAMPLE_BLOCK)
"""Tried before a search for what a hand-written expression takes: no account digits, validation data, a table."""
QUIET = hypothesis_settings(
    database=None, derandomize=True, max_examples=50, deadline=None, suppress_health_check=list(HealthCheck)
)


def composed_request(code: str, speaker: Speaker, *, full: bool) -> str:
    """A request of *code* for *speaker*, whose key cache must be off; *full* fills in optional fields."""
    command = thales.commands[code]
    lmk = speaker.appliance.lmks["00"]
    sizes = widths(speaker.appliance.settings)
    build = codec_of(command.asks, sizes).text
    plan = _Plan(lmk, sizes, full)
    text = ""
    for _ in range(ROUNDS_MAX):
        text = build(plan.message(command.asks))
        with traced() as opened, presented() as pins:
            speaker(code + text)
        view = speaker.appliance.view(None, speaker)
        if not plan.learn(opened, {**pins.blocks(SAMPLE_PIN), **pins.sealed(SAMPLE_PIN, view)}):
            break
    return code + text


@dataclass
class _Plan:
    """How the fields of one request are filled; keys by the path of their field."""

    lmk: Lmk
    sizes: Widths
    full: bool
    keys: dict[str, str] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    written: dict[str, str] = field(default_factory=dict)

    def message(self, cls: type[Message], path: str = "") -> Message:
        seen: dict[str, Any] = {}
        for name, kind in cls.FIELDS.items():
            seen[name] = self._value(kind, seen, f"{path}/{name}")
        return cls(**seen)

    def learn(self, opened: Opened, pins: Mapping[str, str]) -> bool:
        """Make keys such as were asked for, and use *pins* for the texts that stood there; True when it changes any."""
        before = (dict(self.keys), dict(self.texts))
        for path, token in before[0].items():
            if token in opened:
                asked = opened[token][1]
                key = fitting_key(asked, path, aes=self.full and self.lmk.kind == "aes-block")
                with suppress(Refusal):
                    self.keys[path] = sample_token(self.lmk, asked, key)
        for path, text in self.written.items():
            if text in pins and text not in self.texts.values():
                self.texts[path] = pins[text]
        return (self.keys, self.texts) != before

    def _value(self, kind: Kind, seen: dict[str, Any], path: str) -> Any:
        if isinstance(kind, Maybe | IfMore):
            return self._value(kind.inner, seen, path) if self.full else None
        if isinstance(kind, When):
            return self._value(kind.inner, seen, path) if seen[kind.name] in kind.values else None
        if isinstance(kind, Until):
            return self._value(kind.inner, seen, path)
        if isinstance(kind, Group):
            return self.message(kind.of, path)
        if isinstance(kind, Repeated):
            times = kind.count if isinstance(kind.count, int) else int(seen[kind.count])
            return tuple(self._value(kind.inner, seen, f"{path}.{i}") for i in range(times))
        if isinstance(kind, Key):
            return self._key(path)
        value = self._plain(kind, seen, path)
        if isinstance(kind, Plain | BlockUnder):
            self.written[path] = value.hex().upper() if isinstance(value, bytes) else str(value)
        return value

    def _key(self, path: str) -> str:
        if path not in self.keys:
            asked = wanted(Usage.ZPK)
            self.keys[path] = sample_token(self.lmk, asked, fitting_key(asked, path))
        return self.keys[path]

    def _plain(self, kind: Kind, seen: dict[str, Any], path: str) -> Any:
        block = self.lmk.kind != "variant"
        if isinstance(kind, Cases):
            return self._value(kind.chosen(seen), seen, path)
        if isinstance(kind, Text) and kind.wrong is KeyTypeCodeInvalid and kind.most == 3:
            return "FFF" if block and self.full else "001"
        if isinstance(kind, Text) and kind.wrong is KeySchemeInvalid:
            return "S" if block else "U"
        if isinstance(kind, Digits) and kind.wrong is PinFormatInvalid:
            return "47" if self.full else "01"
        if isinstance(kind, Prefixed):
            return DATA
        if isinstance(kind, Plain):
            found = self.texts.get(path)
            return _simplest(kind, frozenset(self.sizes.items())) if found is None else kind.decode(found)
        if isinstance(kind, BlockUnder):
            digits = kind.digits(seen[kind.key])
            return bytes.fromhex(self.texts.get(path, "")[:digits] or (SAMPLE_BLOCK * 2)[:digits])
        return _found(kind, self.sizes, seen)


@cache
def _simplest(kind: Plain, sizes: frozenset[tuple[str, int]]) -> Any:
    """A value of *kind* that is likely to be taken: a maximum PIN length of 12, a check length of 4."""
    if isinstance(kind, Number):
        return 12 if kind.most == 12 else max(kind.least, min(kind.most, 4)) if kind.width == 2 else kind.least
    if isinstance(kind, Choice | Code):
        return kind.decode(next(iter(kind.table())))
    if isinstance(kind, Account):
        return "400000123456"
    pattern = re.compile(kind.pattern(dict(sizes)))
    for text in USUAL_TEXTS:
        if pattern.fullmatch(text):
            return kind.decode(text)
    return _found(kind, dict(sizes), {})


def _found(kind: Kind, sizes: Widths, seen: Mapping[str, Any]) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return find(values(kind, sizes, seen), lambda _: True, settings=QUIET)


def key_tokens(message: Message) -> Iterator[str]:
    """Every key in *message*."""
    for name, kind in message.FIELDS.items():
        yield from _tokens(kind, getattr(message, name))


def _tokens(kind: Kind, value: Any) -> Iterator[str]:
    while isinstance(kind, Maybe | IfMore | When | Until):
        kind = kind.inner
    if value is None:
        return
    if isinstance(kind, Key):
        yield value
    elif isinstance(kind, Group):
        yield from key_tokens(value)
    elif isinstance(kind, Repeated):
        for each in value:
            yield from _tokens(kind.inner, each)
