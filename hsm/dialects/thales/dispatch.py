"""The one door of Thales commands: parse, gate, do, build, audit.

A table for the settings in force is made once and again after each change; a request then costs one look-up.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from hsm.appliance import DEFAULT_LMK, Appliance, Hsm
from hsm.audit.place import place_of
from hsm.audit.record import UNKNOWN_COMMAND, Category
from hsm.dialects.dialect import Command, closed
from hsm.dialects.thales.codes import reply_code, thales
from hsm.dialects.thales.ebcdic import arrived, departing
from hsm.dialects.thales.families import load
from hsm.dialects.thales.fields import widths
from hsm.refusal import Advised, InputInvalid, InternalFault, LmkIdsIncompatible, Refusal
from hsm.wire.codec import codec_of
from hsm.wire.message import WireError

_TAIL = re.compile("(?:%([0-9]{2}))?(\x19[\x20-\x7e]{0,32})?", re.DOTALL).fullmatch
_TRAILER = re.compile("\x19[\x20-\x7e]{0,32}\\Z", re.DOTALL).search
_CODE = re.compile("[0-9A-Z]{2}").match


@dataclass(frozen=True, slots=True)
class _Entry:
    """A command as the settings in force have it."""

    command: Command
    take: Callable[[str], tuple[Any, int]]
    text: Callable[[Any], str]
    success: str
    closed: type[Refusal] | None


class Dispatcher:
    """The commands of one appliance, under the settings in force."""

    def __init__(self, appliance: Appliance) -> None:
        load()
        self.appliance = appliance
        self._entries: dict[str, _Entry] = {}
        self._version = -1
        self.owners_codes = frozenset(code for code, command in thales.commands.items() if command.changes_state)
        """Codes of the commands that the owner of the state must execute."""

    def entries(self) -> dict[str, _Entry]:
        """The commands by code, made again when settings have changed."""
        appliance = self.appliance
        if self._version != appliance.version:
            self._version = appliance.version
            sizes = widths(appliance.settings)
            self._entries = {
                code: _Entry(
                    c, codec_of(c.asks, sizes).take, codec_of(c.answers, sizes).text, f"{c.reply}00",
                    closed(c, appliance),
                )
                for code, c in thales.commands.items()
            }  # fmt: skip
        return self._entries

    def changes_state(self, text: str) -> bool:
        """Must the owner of the state execute the request *text* (code, fields and all)?"""
        return text[:2] in self.owners_codes

    def execute(
        self, text: str, port_lmk: str | None = None, peer: str = "", ebcdic: bool = False, header_chars: int = 4
    ) -> str:
        """The reply to the one request *text*; see ``Window``, which whoever has more of them keeps."""
        return Window(self, port_lmk, peer, ebcdic, header_chars).execute(text)


class Window:
    """One host at the dispatcher: what is the same for all its requests.

    *port_lmk* is the LMK that its port is tied to, if it is; *peer* its address; *ebcdic* says that its requests were
    translated on arrival; *header_chars* is how long its headers are.
    """

    __slots__ = (
        "_appliance", "_dispatcher", "_done", "_ebcdic", "_entries", "_header_chars", "_peer", "_port_lmk", "_version",
        "_views",
    )  # fmt: skip

    def __init__(
        self, dispatcher: Dispatcher, port_lmk: str | None, peer: str, ebcdic: bool, header_chars: int
    ) -> None:
        self._dispatcher = dispatcher
        self._appliance = dispatcher.appliance
        self._done = dispatcher.appliance.audit.done
        self._port_lmk = port_lmk
        self._peer = peer
        self._ebcdic = ebcdic
        self._header_chars = header_chars
        self._renew()

    def _renew(self) -> None:
        self._version = self._appliance.version
        self._entries = self._dispatcher.entries()
        self._views: dict[str | None, Hsm] = {}

    def execute(self, text: str) -> str:
        """The reply to *text*: both without header, from the command code on.  Never raises for a bad request."""
        if self._version != self._appliance.version:
            self._renew()
        entry = self._entries.get(text[:2])
        if entry is None:
            return self._unknown(text)
        command = entry.command
        place, trailer = "", None
        began = perf_counter()
        try:
            if entry.closed is not None:
                raise entry.closed
            message, end = entry.take(text[2:])
            lmk, trailer = message.__dict__.get("lmk"), ""
            if end != len(text) - 2:
                trailer = None
                lmk, trailer = _tail(text, end + 2, lmk)
            view = self._views.get(lmk) or self._view(lmk)
            if command.needs is not None:
                view.authorise(command.needs.format_map(message.__dict__))
            if self._ebcdic:
                message = arrived(message)
            answer = command.does(message, view)
            if self._ebcdic:
                answer = departing(answer)
            if type(answer) is Advised:
                code = thales.code_of(command, answer.reason)
                reply = command.reply + code + entry.text(answer.answer) + trailer
            else:
                code, reply = "00", entry.success + entry.text(answer) + trailer
        except Refusal as e:
            code = thales.code_of(command, type(e))
            reply = command.reply + code + _trailer(text, trailer)
        except WireError as e:
            place = e.field.partition(".")[0].replace(" ", "_")
            code = thales.code_of(command, e.wrong or InputInvalid)
            reply = command.reply + code + _trailer(text)
        except Exception as e:  # whatever is broken in us, the host gets an answer and others go on
            code = thales.code_of(None, InternalFault)
            reply = command.reply + code + _trailer(text, trailer)
            place = place_of(e)
        category, lasting = command.category, command.changes_state
        if not self._done(command.code, code, category, self._peer, began=began, place=place, lasting=lasting):
            # The audit log can't be written, so what it would have told of is not answered.
            return command.reply + thales.code_of(None, InternalFault) + _trailer(text, trailer)
        return reply

    def _view(self, lmk: str | None) -> Hsm:
        """The view of the appliance under the LMK that the request names, else its port's.

        Raises LmkInvalid, and LmkIdsIncompatible when ports are tied to their LMK and the request names another.
        """
        named, port_lmk = lmk, self._port_lmk
        if port_lmk is not None:
            tied = self._appliance.settings.enforce_host_port_lmk
            if lmk is None:
                # The first port goes with the default LMK, but a key block there may still name its own.
                named = port_lmk if tied or port_lmk != DEFAULT_LMK else None
            elif lmk != port_lmk and tied:
                raise LmkIdsIncompatible
        # An LMK that a request names goes for the requests within it as well, as if it were their port's.
        within = Window(self._dispatcher, lmk or port_lmk, self._peer, self._ebcdic, self._header_chars)
        view = self._views[lmk] = self._appliance.view(named, within.execute, self._header_chars)
        return view

    def _unknown(self, text: str) -> str:
        """No such command: the reply code is still one higher, so that the host can match it (see decisions)."""
        code = text[:2] if _CODE(text) else "ZY"
        refused = thales.code_of(None, InputInvalid)
        if not self._done(UNKNOWN_COMMAND, refused, Category.STATUS, self._peer):
            refused = thales.code_of(None, InternalFault)
        return reply_code(code) + refused + _trailer(text)


def _tail(text: str, at: int, lmk: str | None) -> tuple[str | None, str]:
    """What follows the message from *at* on: the LMK that it names and its trailer.  Raises WireError."""
    found = _TAIL(text, at)
    if found is None or (found[1] and lmk):
        raise WireError("end of message", at, "% and an LMK identifier, X'19' and a trailer, or nothing")
    return found[1] or lmk, found[2] or ""


def _trailer(text: str, read: str | None = None) -> str:
    """The trailer as it was *read*, or what looks like one where the request could not be read to its end.

    Binary fields may hold what looks like one.
    """
    if read is not None:
        return read
    found = _TRAILER(text)
    return found.group() if found else ""
