"""The one door of Thales commands: parse, gate, do, build, audit.

A table for the settings in force is made once and again after each change; a request then costs one look-up.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Any

from hsm.appliance import DEFAULT_LMK, Appliance, Hsm
from hsm.audit.place import place_of
from hsm.audit.record import UNKNOWN_COMMAND, Category
from hsm.dialects.dialect import Command
from hsm.dialects.thales.codes import reply_code, thales
from hsm.dialects.thales.ebcdic import arrived, departing
from hsm.dialects.thales.families import load
from hsm.dialects.thales.fields import widths
from hsm.refusal import Advised, CommandDisabled, InputInvalid, InternalFault, LmkIdsIncompatible, Refusal
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
    closed: bool


class Dispatcher:
    """Executes requests of one appliance."""

    def __init__(self, appliance: Appliance) -> None:
        load()
        self._appliance = appliance
        self._done = appliance.audit.done
        self._spent = appliance.load.spent
        self._peer = ""
        self._ebcdic = False
        self._entries: dict[str, _Entry] = {}
        self._views: dict[tuple[str | None, str | None, int], Hsm] = {}
        self._version = -1

    def _renew(self) -> None:
        """Make table and views again: settings, LMKs or authority have changed."""
        appliance = self._appliance
        self._version = appliance.version
        sizes = widths(appliance.settings)
        self._views = {}
        self._entries = {
            code: _Entry(
                c, codec_of(c.asks, sizes).take, codec_of(c.answers, sizes).text, f"{c.reply}00",
                not appliance.gate.enables(code),
            )
            for code, c in thales.commands.items()
        }  # fmt: skip

    def changes_state(self, text: str) -> bool:
        """Must the owner of the state execute the request *text* (code, fields and all)?"""
        command = thales.commands.get(text[:2])
        return command is not None and command.changes_state

    def execute(
        self, text: str, port_lmk: str | None = None, peer: str = "", ebcdic: bool = False, header_chars: int = 4
    ) -> str:
        """The reply to *text*: both without header (of *header_chars*).  Never raises for a bad request.

        *port_lmk* is the LMK that the host port is tied to, if it is; *ebcdic* says that text was translated on arrival.
        """
        if self._version != self._appliance.version:
            self._renew()
        entry = self._entries.get(text[:2])
        if entry is None:
            return self._unknown(text, peer)
        trailer = place = ""
        began = perf_counter()
        try:
            if entry.closed:
                raise CommandDisabled
            message, end = entry.take(text[2:])
            lmk = message.__dict__.get("lmk")
            if end != len(text) - 2:
                lmk, trailer = self._tail(text, end + 2, lmk)
            view = self._views.get((lmk, port_lmk, header_chars)) or self._view(lmk, port_lmk, header_chars)
            self._peer, self._ebcdic = peer, ebcdic
            if entry.command.needs is not None:
                view.authorise(entry.command.needs.format_map(message.__dict__))
            if ebcdic:
                message = arrived(message)
            answer = entry.command.does(message, view)
            if ebcdic:
                answer = departing(answer)
            if type(answer) is Advised:
                code = thales.code_of(entry.command, answer.reason)
                reply = entry.command.reply + code + entry.text(answer.answer) + trailer
            else:
                code, reply = "00", entry.success + entry.text(answer) + trailer
        except Refusal as e:
            code = thales.code_of(entry.command, type(e))
            reply = entry.command.reply + code + (trailer or _trailer(text))
        except WireError as e:
            place = e.field.partition(".")[0].replace(" ", "_")
            code = thales.code_of(entry.command, e.wrong or InputInvalid)
            reply = entry.command.reply + code + _trailer(text)
        except Exception as e:  # whatever is broken in us, the host gets an answer and others go on
            code = thales.code_of(None, InternalFault)
            reply = entry.command.reply + code + _trailer(text)
            place = place_of(e)
        self._spent(began, ended := perf_counter())
        spent_us = int((ended - began) * 1_000_000)
        self._done(entry.command.code, code, entry.command.category, peer, duration_us=spent_us, place=place)
        return reply

    def _within(self, port_lmk: str | None, header_chars: int, text: str) -> str:
        """The reply to a request within the one being executed: from the same host, over the same port."""
        return self.execute(text, port_lmk, self._peer, self._ebcdic, header_chars)

    def _view(self, lmk: str | None, port_lmk: str | None, header_chars: int) -> Hsm:
        """The view of the appliance under the LMK that the request names, else its port's.

        Raises LmkInvalid, and LmkIdsIncompatible when ports are tied to their LMK and the request names another.
        """
        named = lmk
        if port_lmk is not None:
            tied = self._appliance.settings.enforce_host_port_lmk
            if lmk is None:
                # The first port goes with the default LMK, but a key block there may still name its own.
                named = port_lmk if tied or port_lmk != DEFAULT_LMK else None
            elif lmk != port_lmk and tied:
                raise LmkIdsIncompatible
        # An LMK that a request names goes for the requests within it as well, as if it were their port's.
        within = partial(self._within, lmk or port_lmk, header_chars)
        view = self._views[lmk, port_lmk, header_chars] = self._appliance.view(named, within, header_chars)
        return view

    def _tail(self, text: str, at: int, lmk: str | None) -> tuple[str | None, str]:
        found = _TAIL(text, at)
        if found is None or (found[1] and lmk):
            raise WireError("end of message", at, "% and an LMK identifier, X'19' and a trailer, or nothing")
        return found[1] or lmk, found[2] or ""

    def _unknown(self, text: str, peer: str) -> str:
        """No such command: the reply code is still one higher, so that the host can match it (see decisions)."""
        code = text[:2] if _CODE(text) else "ZY"
        refused = thales.code_of(None, InputInvalid)
        self._done(UNKNOWN_COMMAND, refused, Category.STATUS, peer)
        return reply_code(code) + refused + _trailer(text)


def _trailer(text: str) -> str:
    found = _TRAILER(text)
    return found.group() if found else ""
