"""The one door of Eracom functions: parse, gate, do, build, audit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from hsm.appliance import Appliance, Hsm
from hsm.audit.apart import AuditApart
from hsm.audit.place import place_of
from hsm.audit.record import UNKNOWN_COMMAND, Category
from hsm.dialects.dialect import Command, closed
from hsm.dialects.eracom.codes import LONG_CODES, SUCCESS, UNKNOWN_FUNCTION, eracom
from hsm.dialects.eracom.families import load
from hsm.keys.specifier import parsed
from hsm.refusal import (
    FunctionModifierInvalid,
    InternalFault,
    KeySpecLengthInvalid,
    MessageLengthInvalid,
    Refusal,
)
from hsm.wire.codec import Codec, codec_of
from hsm.wire.counts import count_at, counted
from hsm.wire.kinds import Kind
from hsm.wire.message import WireError
from hsm.wire.shapes import Group, KeySpec, Repeated, ToEnd

WRAPPER = "\xe3"
_WRAPPED = WRAPPER + "\x00\x01\x01"
"""The meta-function, its modifier, and type and version of what it wraps."""
_ID_CHARS = 4
FAULT = eracom.code_of(None, InternalFault)


raw = eracom.spelling.wire


def code_of(text: str) -> str:
    """The function code that the request *text* begins with, one character or three, whether or not there is such."""
    return text[:3] if text[:1] in LONG_CODES else text[:1]


@dataclass(frozen=True, slots=True)
class _Entry:
    """A function as the settings in force have it."""

    command: Command
    codec: Codec[Any]
    take: Callable[[str], tuple[Any, int]]
    text: Callable[[Any], str]
    code: str
    length: int
    success: str
    closed: type[Refusal] | None


class Dispatcher:
    """The functions of one appliance, under the settings in force."""

    def __init__(self, appliance: Appliance) -> None:
        load()
        self.appliance = appliance
        self.audit = AuditApart(appliance.audit, eracom.name, FAULT)
        self._entries: dict[str, _Entry] = {}
        self._version = -1
        self.owners_codes = frozenset(raw(code) for code, command in eracom.commands.items() if command.changes_state)
        """Codes, as they stand in requests, of the functions that the owner of the state must execute."""

    def entries(self) -> dict[str, _Entry]:
        """The functions by code as it stands in requests, made again when settings have changed."""
        appliance = self.appliance
        if self._version != appliance.version:
            self._version = appliance.version
            made = {}
            for code, command in eracom.commands.items():
                key, asks = raw(code), codec_of(command.asks)
                text, why = codec_of(command.answers).text, closed(command, appliance)
                made[key] = _Entry(command, asks, asks.take, text, key, len(key), key + "\x00", why)
            self._entries = made
        return self._entries

    def changes_state(self, text: str) -> bool:
        """Must the owner of the state execute the request *text*?"""
        if text[:1] == WRAPPER and self.appliance.settings.eracom_wrapper:
            text = (_unwrapped(text) or ("", ""))[1]
        return code_of(text) in self.owners_codes

    def execute(self, text: str, peer: str = "") -> str:
        """The reply to the one request *text*; see ``Window``, which whoever has more of them keeps."""
        return Window(self, peer).execute(text)


class Window:
    """One host at the dispatcher; *peer* is its address."""

    __slots__ = ("_appliance", "_dispatcher", "_done", "_entries", "_peer", "_version", "_view")

    def __init__(self, dispatcher: Dispatcher, peer: str) -> None:
        self._dispatcher = dispatcher
        self._appliance = dispatcher.appliance
        self._done = dispatcher.audit.done
        self._peer = peer
        self._renew()

    def _renew(self) -> None:
        self._version = self._appliance.version
        self._entries = self._dispatcher.entries()
        self._view: Hsm | None = None

    def execute(self, text: str) -> str:
        """The reply to *text*: both from the function code on; characters are bytes.  Never raises for a bad request."""
        if self._version != self._appliance.version:
            self._renew()
        entry = self._entries.get(text[:3]) or self._entries.get(text[:1])
        if entry is None:
            return self._unknown(text)
        command = entry.command
        place = ""
        began = perf_counter()
        try:
            if entry.closed is not None:
                raise entry.closed
            view = self._view or self._opened()
            body = text[entry.length :]
            message, end = entry.take(body)
            if end != len(body):
                raise MessageLengthInvalid
            if command.needs is not None:
                view.authorise(command.needs.format_map(message.__dict__))
            answer: Any = command.does(message, view)
            code, reply = SUCCESS, entry.success + entry.text(answer)
        except (WireError, MessageLengthInvalid):
            reason, place = _fault(entry.codec, text[entry.length :], view)
            code = eracom.code_of(command, reason)
            reply = entry.code + raw(code)
        except Refusal as e:
            code = eracom.code_of(command, type(e))
            reply = entry.code + raw(code)
        except Exception as e:  # whatever is broken in us, the host gets an answer and others go on
            code = FAULT
            reply = entry.code + raw(code)
            place = place_of(e)
        category, lasting = command.category, command.changes_state
        if not self._done(command.code, code, category, self._peer, began=began, place=place, lasting=lasting):
            # The audit log can't be written, so what it would have told of is not answered.
            return entry.code + raw(FAULT)
        return reply

    def _opened(self) -> Hsm:
        """The view of the appliance.  Raises InternalFault when its self-test has failed."""
        view = self._view = self._appliance.view(None)
        return view

    def _unknown(self, text: str) -> str:
        if text[:1] == WRAPPER and self._appliance.settings.eracom_wrapper:
            return self._within(text)
        code = code_of(text)
        return code + raw(self._refused(UNKNOWN_FUNCTION if code else eracom.refusals[MessageLengthInvalid]))

    def _refused(self, outcome: str) -> str:
        """The *outcome* of what is no function, entered; or that it can't be."""
        return outcome if self._done(UNKNOWN_COMMAND, outcome, Category.STATUS, self._peer) else FAULT

    def _within(self, text: str) -> str:
        """The reply to a request in the wrapper E3, in the same wrapper; a wrapper within a wrapper is no function."""
        found = _unwrapped(text)
        if found is None:
            return WRAPPER + raw(self._refused(eracom.refusals[MessageLengthInvalid]))
        message_id, inner = found
        reply = WRAPPER + raw(UNKNOWN_FUNCTION) if inner[:1] == WRAPPER else self.execute(inner)
        return _WRAPPED + raw(SUCCESS) + message_id + counted(reply)


def _unwrapped(text: str) -> tuple[str, str] | None:
    """Message identifier and request in the wrapper *text*; None when it is none."""
    at = len(_WRAPPED) + _ID_CHARS
    found = count_at(text, at)
    if not text.startswith(_WRAPPED) or found is None or found[1] + found[0] != len(text):
        return None
    return text[len(_WRAPPED) : at], text[found[1] :]


def _fault(codec: Codec[Any], body: str, hsm: Hsm) -> tuple[type[Refusal], str]:
    """What is wrong first, and the field, of a request that does not read: see the chapter for the order."""
    values, fault = codec.survey(body)
    if body and next(iter(codec.cls.FIELDS), "") == "modifier" and "modifier" not in values:
        return FunctionModifierInvalid, "modifier"
    for name, _, given in _specifiers(codec, values):
        try:
            parsed(given)
        except Refusal as e:
            return type(e), name
    if fault is None:
        return MessageLengthInvalid, ""
    reason, place = fault.wrong or MessageLengthInvalid, fault.name.partition(".")[0].replace(" ", "_")
    if reason in (MessageLengthInvalid, KeySpecLengthInvalid):
        return reason, place
    for name, kind, given in _specifiers(codec, values):
        try:
            hsm.domain.check(given, kind.types)
        except Refusal as e:
            return type(e), name
    return reason, place


def _specifiers(codec: Codec[Any], values: dict[str, Any]) -> Iterator[tuple[str, KeySpec, str]]:
    """The key specifiers among *values*: field, kind, text."""
    return _within(codec.cls.FIELDS, values)


def _within(fields: Mapping[str, Kind], values: dict[str, Any]) -> Iterator[tuple[str, KeySpec, str]]:
    for name, kind in fields.items():
        if name not in values:
            continue
        inner = kind.inner if isinstance(kind, ToEnd | Repeated) else kind
        for given in values[name] if inner is not kind else (values[name],):
            if isinstance(inner, KeySpec):
                yield name, inner, given
            elif isinstance(inner, Group):
                yield from _within(inner.of.FIELDS, given.__dict__)
