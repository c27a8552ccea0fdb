"""The file in which transport keys go to another HSM: each under the zone master key, with its check value.

{"zmk-kcv": "08D7B4",
 "keys": [{"name": "970499-01-TK-DATA", "type": "00", "kcv": "0A1B2C", "cryptogram": "…"}, …]}
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field

from switch.perso.terms import CHECK_VALUE, NAME, Content, KeyName, Refused

TEXT_CHARS_MAX = 65_536
KEYS_MAX = 64


@dataclass(frozen=True)
class SentKey:
    """A key under the zone master key, in ECB: 16 bytes."""

    named: KeyName
    cryptogram: bytes = field(repr=False)


@dataclass(frozen=True)
class KeyFile:
    """Keys of different names under a zone master key of that check value."""

    zmk_check_value: str
    keys: tuple[SentKey, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Of the keys, in order."""
        return tuple(key.named.name for key in self.keys)

    def text(self) -> str:
        """As it goes to the bureau."""
        keys = [
            {
                "name": key.named.name,
                "type": key.named.content.value,
                "kcv": key.named.check_value,
                "cryptogram": key.cryptogram.hex().upper(),
            }
            for key in self.keys
        ]
        return json.dumps({"zmk-kcv": self.zmk_check_value, "keys": keys}, indent=1) + "\n"


def read_keys(text: str, file: str) -> KeyFile:
    """The keys in *text*.  Raises Refused, naming key and field."""
    try:
        found = json.loads(text) if len(text) <= TEXT_CHARS_MAX else None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or not isinstance(found.get("keys"), list):
        raise Refused(file, None, "", "a JSON object with keys")
    zmk = _text(found, "zmk-kcv", CHECK_VALUE, file, 0)
    keys = tuple(_key(each, file, number) for number, each in enumerate(found["keys"], start=1))
    if not 0 < len(keys) <= KEYS_MAX or len({key.named.name for key in keys}) != len(keys):
        raise Refused(file, None, "keys", f"1 to {KEYS_MAX} keys, each with a name of its own")
    return KeyFile(zmk, keys)


def _key(found: object, file: str, number: int) -> SentKey:
    if not isinstance(found, dict):
        raise Refused(file, number, "", "a key is an object")
    types = {content.value: content for content in Content}
    content = types.get(_text(found, "type", re.compile("[0-9]{2}"), file, number))
    if content is None:
        raise Refused(file, number, "type", f"one of {', '.join(types)}")
    name = _text(found, "name", NAME, file, number)
    check_value = _text(found, "kcv", CHECK_VALUE, file, number)
    cryptogram = _text(found, "cryptogram", re.compile("[0-9A-F]{32}"), file, number)
    return SentKey(KeyName(name, content, check_value), bytes.fromhex(cryptogram))


def _text(found: dict[str, object], place: str, pattern: re.Pattern[str], file: str, number: int) -> str:
    text = found.get(place)
    if not isinstance(text, str) or not pattern.fullmatch(text):
        raise Refused(file, number, place, "missing, or of another form")
    return text
