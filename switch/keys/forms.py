"""The words about a key as a network's messages: MTI, DE 39, 48, 53, 70 and 123.

Three kinds: our own, whose DE 48 has tags (the dialect ``napas``); a label and a key in DE 48 as public code that imitates
Banknetvn has them (``banknet``); a cryptographic service message in DE 123 (ANSI X9.17) as networks of the region print it.
DE 7 and 11 are the link's; so is DE 15.  What a form has no place for it doesn't say: the two latter have no check at a
connection and name no version in force, and a label names no version at all, so a repeat is known by its check value alone,
and the switch alone makes keys there: of two makers neither could tell a late offer from a new one.  The link, which
matches an answer to its offer by DE 11, puts the offer's version into the answer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from switch.codec.message import Message, Parts, Value
from switch.keys.effects import Direction, KeyType
from switch.keys.line import VERSION_MAX
from switch.keys.words import Check, NotTaken, Offer, Taken, Wanted, Why, Word

ASK, PUSH, NEW_KEY, ECHO = "101", "161", "162", "301"
"""DE 70; PUSH offers a key in the first two forms, and asks for one in the third, which offers it by NEW_KEY."""

APPROVED = "00"
REFUSALS: Mapping[Why, str] = {
    Why.GLARE: "91",
    Why.STALE: "94",
    Why.OUT_OF_STEP: "21",
    Why.CHECK_VALUE: "63",
    Why.ROLE: "12",
    Why.HSM: "96",
}
REASONS = {code: why for why, code in REFUSALS.items()}
UNDER_ZMK = re.compile(r"[XU][0-9A-F]{32}|[A-DS][0-9A-Z]{1,3}[0-9A-Za-z]{28,400}")
"""A key under the ZMK: two keys' length in ANSI X9.17 (X) or variant (U) form, or a TR-31 or Thales key block."""
KCV = re.compile(r"[0-9A-F]{6}")


class FormError(Exception):
    """A message about keys that says nothing of this form; *field* is to blame.  No content is told."""

    def __init__(self, field: int, expected: str) -> None:
        super().__init__(f"DE {field}: expected {expected}")
        self.field = field


@dataclass(frozen=True)
class Said:
    """*word* about the line *type*, *direction*."""

    type: KeyType
    direction: Direction
    word: Word


class Form(Protocol):
    """A network's way to write the words."""

    def write(self, said: Said) -> Message | None:
        """The message, without DE 7 and 11; None for a word that the form doesn't have."""

    def read(self, message: Message) -> Said | None:
        """What *message* says; None when it isn't about keys.  Raises FormError."""


def _network(message: Message, *codes: str) -> bool:
    return message.mti in ("0800", "0801", "0810") and message.fields.get(70) in codes


def _answer_fields(word: Taken | NotTaken) -> dict[int, Value]:
    return {39: APPROVED if isinstance(word, Taken) else REFUSALS.get(word.why, "96")}


def _matched(pattern: re.Pattern[str], value: object, field: int, expected: str) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise FormError(field, expected)
    return value


def _version(value: object, field: int) -> int:
    return int(_matched(re.compile("[0-9]{6}"), value, field, f"a version, 0 to {VERSION_MAX}, of six digits"))


class Tagged:
    """Our own: DE 53 = type 2, direction 2, 00, version 6, 0000; DE 48 = tags 01 key under the ZMK, 02 its check value,
    03 version, 04 version in force with the sender (in an offer: that which it follows)."""

    def write(self, said: Said) -> Message | None:
        """As the protocol has it."""
        word = said.word
        tags: dict[str, str | None] = {}
        number, code, mti, answer = 0, PUSH, "0800", dict[int, Value]()
        match word:
            case Offer(version, kcv, base, under_zmk):
                number = version or 0
                tags = {"01": under_zmk, "02": kcv, "03": _digits(version), "04": _digits(base)}
            case Taken(version, kcv):
                number, mti, answer = version or 0, "0810", _answer_fields(word)
                tags = {"02": kcv, "03": _digits(version)}
            case NotTaken(version, _, highest):
                number, mti, answer = version or 0, "0810", _answer_fields(word)
                tags = {"03": _digits(version), "04": _digits(highest)}
            case Wanted(in_force):
                code, tags = ASK, {"04": _digits(in_force)}
            case Check(in_force, kcv):
                code, tags = ECHO, {"02": kcv or None, "04": _digits(in_force)}
        told = Parts([(tag, value) for tag, value in tags.items() if value is not None])
        security = f"{said.type.value}{said.direction.value}00{number:06d}0000"
        return Message(mti, {**answer, **({48: told} if told else {}), 53: security, 70: code})

    def read(self, message: Message) -> Said | None:
        """As the protocol has it."""
        if not _network(message, ASK, PUSH, ECHO) or (message.fields[70] == ECHO and 53 not in message.fields):
            return None
        if message.mti == "0810" and message.fields[70] != PUSH:
            return None
        kind, direction = _security(message)
        tags = message.fields.get(48, Parts(()))
        if not isinstance(tags, Parts):
            raise FormError(48, "tags 01 to 04")
        version = _version(tags["03"], 48) if "03" in tags else None
        in_force = _version(tags["04"], 48) if "04" in tags else None
        kcv = _matched(KCV, tags["02"], 48, "a check value, six hexadecimal digits") if "02" in tags else ""
        word: Word
        if message.mti == "0810":
            code = str(message.fields.get(39, ""))
            taken = code == APPROVED
            word = Taken(version, kcv) if taken else NotTaken(version, REASONS.get(code, Why.OTHER), in_force)
        elif message.fields[70] == ASK:
            word = Wanted(in_force)
        elif message.fields[70] == ECHO:
            word = Check(in_force or 0, kcv)
        else:
            key = _matched(UNDER_ZMK, tags.get("01"), 48, "a key under the ZMK")
            word = Offer(version, kcv, in_force, key)
        return Said(kind, direction, word)


class Labelled:
    """As the imitated Banknetvn: DE 48 = label of six characters (ZPK or MAK, direction 2, 0) and the key under the ZMK.

    The answer has the receiver's check value in the key's place.
    """

    LABELS: Mapping[KeyType, str] = {KeyType.ZPK: "ZPK", KeyType.ZAK: "MAK"}

    def write(self, said: Said) -> Message | None:
        """As the protocol has it."""
        if said.type not in self.LABELS or isinstance(said.word, Check):
            return None
        label = f"{self.LABELS[said.type]}{said.direction.value}0"
        match said.word:
            case Wanted():
                return Message("0800", {48: label, 70: ASK})
            case Offer(_, _, _, under_zmk):
                return Message("0800", {48: _labelled(label, under_zmk), 70: PUSH})
            case Taken(_, kcv):
                return Message("0810", {39: APPROVED, 48: _labelled(label, kcv), 70: PUSH})
            case NotTaken() as refusal:
                return Message("0810", {**_answer_fields(refusal), 48: label, 70: PUSH})

    def read(self, message: Message) -> Said | None:
        """As the protocol has it."""
        if not _network(message, ASK, PUSH) or (message.mti == "0810" and message.fields[70] != PUSH):
            return None
        told = message.fields.get(48)
        label, rest = (told.get("label"), told.get("key")) if isinstance(told, Parts) else (told, None)
        found = re.fullmatch(r"(ZPK|MAK)(0[0-2])0", label) if isinstance(label, str) else None
        if not found:
            raise FormError(48, "a label of six characters")
        kind = next(each for each, name in self.LABELS.items() if name == found[1])
        word: Word
        if message.mti == "0810":
            code = str(message.fields.get(39, ""))
            kcv = _matched(KCV, rest, 48, "a check value, six hexadecimal digits") if rest is not None else ""
            word = Taken(None, kcv) if code == APPROVED else NotTaken(None, REASONS.get(code, Why.OTHER))
        elif message.fields[70] == ASK:
            word = Wanted(None)
        else:
            word = Offer(None, "", None, _matched(UNDER_ZMK, rest, 48, "a key under the ZMK"))
        return Said(kind, Direction(found[2]), word)


@dataclass(frozen=True)
class ServiceMessages:
    """Cryptographic service messages of ANSI X9.17 in DE 123, between the parties *us* and *them* (1 to 16 characters).

    RSI asks for a key, KSM brings one (KD, with the counter CTP as its version), RSM takes it and ESM refuses it.
    """

    us: str
    them: str

    def write(self, said: Said) -> Message | None:
        """As the protocol has it."""
        security = f"{said.type.value}{said.direction.value}000000000000"
        match said.word:
            case Check():
                return None
            case Wanted():
                fields: dict[int, Value] = {70: PUSH, 123: self._message("RSI", "SVR/")}
            case Offer(version, _, _, under_zmk):
                fields = {70: NEW_KEY, 123: self._message("KSM", f"KD/{under_zmk} CTP/{_digits(version or 0)}")}
            case Taken(version, kcv):
                fields = {
                    39: APPROVED,
                    70: NEW_KEY,
                    123: self._message("RSM", f"CTP/{_digits(version or 0)} KCV/{kcv}"),
                }
            case NotTaken(version) as refusal:
                code = REFUSALS.get(refusal.why, "96")
                told = self._message("ESM", f"CTP/{_digits(version or 0)} ERF/{code}")
                fields = {39: code, 70: NEW_KEY, 123: told}
        return Message("0810" if 39 in fields else "0800", {**fields, 53: security})

    def read(self, message: Message) -> Said | None:
        """As the protocol has it."""
        if not _network(message, PUSH, NEW_KEY):
            return None
        kind, direction = _security(message)
        found = re.fullmatch(
            r"CSM\(MCL/([A-Z]{3}) RCV/(\S{1,16}) ORG/(\S{1,16}) (.*?) ?\)", str(message.fields.get(123, ""))
        )
        if not found or (found[2], found[3]) != (self.us, self.them):
            raise FormError(123, "a cryptographic service message from the partner to us")
        named = dict(pair.split("/", 1) for pair in found[4].split(" ") if "/" in pair)
        counter = _version(named["CTP"], 123) if named.get("CTP") else 0
        word: Word
        if message.mti == "0810":
            taken = message.fields.get(39) == APPROVED and found[1] == "RSM"
            if not taken and found[1] != "ESM":
                return None  # the answer to an RSI: the key itself will follow
            kcv = _matched(KCV, named["KCV"], 123, "a check value") if named.get("KCV") else ""
            why = REASONS.get(named.get("ERF", ""), Why.OTHER)
            word = Taken(counter or None, kcv) if taken else NotTaken(counter or None, why)
        elif found[1] == "RSI":
            word = Wanted(None)
        elif found[1] == "KSM":
            word = Offer(counter or None, "", None, _matched(UNDER_ZMK, named.get("KD"), 123, "a key under the ZMK"))
        else:
            raise FormError(123, "RSI or KSM")
        return Said(kind, direction, word)

    def _message(self, kind: str, rest: str) -> str:
        return f"CSM(MCL/{kind} RCV/{self.them} ORG/{self.us} {rest} )"


def _digits(version: int | None) -> str | None:
    return None if version is None else f"{version:06d}"


def _labelled(label: str, rest: str) -> Parts | str:
    return Parts([("label", label), ("key", rest)]) if rest else label


def _security(message: Message) -> tuple[KeyType, Direction]:
    """Type and direction of DE 53."""
    told = str(message.fields.get(53, ""))
    try:
        return KeyType(told[:2]), Direction(told[2:4])
    except ValueError:
        raise FormError(53, "a key's type and direction in its first four digits") from None
