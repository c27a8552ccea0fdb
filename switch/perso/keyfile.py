"""The file in which an issuer's keys go to the bureau: each under the zone master key, with its check value.

{"issuer": "970499", "version": "01", "zmk-kcv": "08D7B4",
 "keys": [{"name": "970499-01-TK-DATA", "type": "00", "kcv": "0A1B2C", "cryptogram": "…"}, …]}
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field

from switch.perso.terms import CHECK_VALUE, ISSUER_KEYS, NAME, Content, KeyName, Refused, key_name

TEXT_CHARS_MAX = 65_536


@dataclass(frozen=True)
class SentKey:
    """A key under the zone master key, in ECB: 16 bytes."""

    named: KeyName
    cryptogram: bytes = field(repr=False)


@dataclass(frozen=True)
class KeyFile:
    """TKissuer of a *version* (2 digits): a key for each kind of content."""

    issuer: str
    version: str
    zmk_check_value: str
    keys: tuple[SentKey, ...]

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
        told = {"issuer": self.issuer, "version": self.version, "zmk-kcv": self.zmk_check_value, "keys": keys}
        return json.dumps(told, indent=1) + "\n"


def read_keys(text: str, file: str) -> KeyFile:
    """The keys in *text*.  Raises Refused, naming key and field."""
    try:
        found = json.loads(text) if len(text) <= TEXT_CHARS_MAX else None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or not isinstance(found.get("keys"), list):
        raise Refused(file, None, "", "a JSON object with keys")
    issuer = _text(found, "issuer", NAME, file, 0)
    version = _text(found, "version", re.compile("[0-9]{2}"), file, 0)
    zmk = _text(found, "zmk-kcv", CHECK_VALUE, file, 0)
    keys = tuple(_key(each, file, number, issuer, version) for number, each in enumerate(found["keys"], start=1))
    if [key.named.content for key in keys] != list(ISSUER_KEYS):
        raise Refused(file, None, "keys", f"{', '.join(ISSUER_KEYS.values())}, in this order")
    return KeyFile(issuer, version, zmk, keys)


def _key(found: object, file: str, number: int, issuer: str, version: str) -> SentKey:
    if not isinstance(found, dict):
        raise Refused(file, number, "", "a key is an object")
    types = {content.value: content for content in Content}
    content = types.get(_text(found, "type", re.compile("[0-9]{2}"), file, number))
    if content is None:
        raise Refused(file, number, "type", f"one of {', '.join(types)}")
    name = _text(found, "name", NAME, file, number)
    if name != key_name(issuer, version, content):
        raise Refused(file, number, "name", f"expected {key_name(issuer, version, content)}")
    check_value = _text(found, "kcv", CHECK_VALUE, file, number)
    cryptogram = _text(found, "cryptogram", re.compile("[0-9A-F]{32}"), file, number)
    return SentKey(KeyName(name, content, check_value), bytes.fromhex(cryptogram))


def _text(found: dict[str, object], place: str, pattern: re.Pattern[str], file: str, number: int) -> str:
    text = found.get(place)
    if not isinstance(text, str) or not pattern.fullmatch(text):
        raise Refused(file, number, place, "missing, or of another form")
    return text
