"""Request texts of any command, composed from its declaration, with keys that open as what the command asks for.

Key by key: a first request is executed to see what each of its keys is asked to be, and keys of that sort replace them.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from hypothesis import HealthCheck, find
from hypothesis import settings as hypothesis_settings
from support.appliances import Speaker
from support.tracing import fitting_key, sample_token, traced

from hsm.dialects.thales.codes import thales
from hsm.dialects.thales.fields import widths
from hsm.keys.masters import Lmk
from hsm.keys.usage import Usage, wanted
from hsm.refusal import KeySchemeInvalid, KeyTypeCodeInvalid, PinFormatInvalid, Refusal
from hsm.testing import values
from hsm.wire.codec import codec_of
from hsm.wire.kinds import Digits, Kind, Number, Pattern, Plain, Text, Widths
from hsm.wire.message import Message
from hsm.wire.shapes import Group, IfMore, Key, Maybe, Repeated, Until, When

ROUNDS_MAX = 6
USUAL_TEXTS = ("", "40000012345N", "0123456789012345")
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
        with traced() as opened:
            speaker(code + text)
        if not plan.learn({token: asked for token, (_, asked) in opened.items()}):
            break
    return code + text


@dataclass
class _Plan:
    """How the fields of one request are filled; keys by the path of their field."""

    lmk: Lmk
    sizes: Widths
    full: bool
    keys: dict[str, str] = field(default_factory=dict)

    def message(self, cls: type[Message], path: str = "") -> Message:
        seen: dict[str, Any] = {}
        for name, kind in cls.FIELDS.items():
            seen[name] = self._value(kind, seen, f"{path}/{name}")
        return cls(**seen)

    def learn(self, asked: Mapping[str, Any]) -> bool:
        """Make keys such as were *asked* for, by text; True when that changes any."""
        before = dict(self.keys)
        for path, token in before.items():
            if token in asked:
                key = fitting_key(asked[token], path, aes=self.full and self.lmk.kind == "aes-block")
                try:
                    self.keys[path] = sample_token(self.lmk, asked[token], key)
                except Refusal:
                    continue
        return self.keys != before

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
        return self._plain(kind, seen)

    def _key(self, path: str) -> str:
        if path not in self.keys:
            asked = wanted(Usage.ZPK)
            self.keys[path] = sample_token(self.lmk, asked, fitting_key(asked, path))
        return self.keys[path]

    def _plain(self, kind: Kind, seen: dict[str, Any]) -> Any:
        block = self.lmk.kind != "variant"
        if isinstance(kind, Text) and kind.wrong is KeyTypeCodeInvalid and kind.most == 3:
            return "FFF" if block and self.full else "001"
        if isinstance(kind, Text) and kind.wrong is KeySchemeInvalid:
            return "S" if block else "U"
        if isinstance(kind, Digits) and kind.wrong is PinFormatInvalid:
            return "47" if self.full else "01"
        if isinstance(kind, Digits) and kind.width == 12:
            return "400000123456"
        if isinstance(kind, Number) and kind.least <= 12 <= kind.most and kind.width == 2:
            return 12 if kind.most == 12 else max(kind.least, min(kind.most, 4))
        if isinstance(kind, Plain):
            return _simplest(kind, frozenset(self.sizes.items()))
        return _found(kind, self.sizes, seen)


@cache
def _simplest(kind: Plain, sizes: frozenset[tuple[str, int]]) -> Any:
    pattern = re.compile(kind.pattern(dict(sizes)))
    usual = next((text for text in USUAL_TEXTS if pattern.fullmatch(text)), None) if isinstance(kind, Pattern) else None
    return _found(kind, dict(sizes), {}) if usual is None else usual


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
