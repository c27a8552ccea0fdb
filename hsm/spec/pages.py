"""Manual pages in Markdown, from declarations and witnessed exchanges."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable

from hsm import refusal
from hsm.dialects.dialect import Command, Dialect, Spelling
from hsm.policy.declaration import Declaration, declared_in
from hsm.policy.settings import Settings
from hsm.refusal import Refusal
from hsm.spec.witnessed import Exchange
from hsm.wire.codec import codec_of
from hsm.wire.kinds import Kind
from hsm.wire.message import Message, is_sensitive
from hsm.wire.shapes import KeySpec

SPECIFIER_REASONS = (
    refusal.KeySpecLengthInvalid,
    refusal.KeySpecUnsupported,
    refusal.KeySpecContentInvalid,
    refusal.KeySpecForbidden,
    refusal.IndexInvalid,
    refusal.KeyNotStored,
)
"""What any key specifier may be refused for."""
DERIVED = "<!-- Derived from the declarations by `python -m hsm.spec.derive`; never edited. -->\n"


def command_page(command: Command, dialect: Dialect, witnessed: Iterable[Exchange]) -> str:
    """The manual page of *command*, with its *witnessed* exchanges."""
    parts = [
        DERIVED,
        f"# {command.code}: {command.purpose.rstrip('.')}\n",
        f"Request `{command.code}`, answer `{command.reply}`. Family: {command.module}.\n",
        _needs(command),
        "## Request\n",
        _table(command.asks, lambda kind: dialect.code_of(command, kind.wrong) if kind.wrong else ""),
        "## Answer\n",
        f"`{command.reply}` `00`, then\n" if command.answers.FIELDS else f"`{command.reply}` `00` and nothing more.\n",
        _table(command.answers, lambda kind: "") if command.answers.FIELDS else "",
        "## Refused with\n",
        _refusals(command, dialect),
        f"## Remarks\n\n{command.remarks}\n" if command.remarks else "",
        _examples(command, dialect.spelling, sorted(witnessed, key=lambda exchange: exchange.id)),
    ]
    return "\n".join(part for part in parts if part)


def index_page(dialect: Dialect) -> str:
    """The list of commands by family."""
    families = sorted({command.module for command in dialect.commands.values()})
    lines = [DERIVED, f"# {dialect.name.capitalize()} host commands\n"]
    for family in families:
        lines += [f"## {family}\n", "| request | answer | purpose |", "|---|---|---|"]
        for code, command in sorted(dialect.commands.items()):
            if command.module == family:
                lines.append(f"| [{code}]({code}.md) | {command.reply} | {_cell(command.purpose)} |")
        lines.append("")
    return "\n".join(lines)


def settings_page() -> str:
    """Every setting: name, what it may be, what both profiles make it, what it means."""
    lines = [
        DERIVED,
        "# Settings\n",
        "Set with `hsm serve --set NAME=VALUE` or in the `[settings]` table of the configuration file. "
        "`--profile legacy` (the default) and `--profile hardened` set all of them.\n",
    ]
    for found in declared_in(Settings):
        lines += [f"## {found.name}\n", f"{_wording(found)}\n", f"{found.doc}\n", _values(found)]
    return "\n".join(lines)


def _wording(found: Declaration) -> str:
    number = f" (switch {found.number} of the published attacks)" if found.number else ""
    return f"*{found.wording}*{number}"


def _values(found: Declaration) -> str:
    lines = [f"* Value: {found.kind.expected}"]
    lines += [f"* Legacy: `{found.kind.format(found.legacy)}`; hardened: `{found.kind.format(found.hardened)}`"]
    if found.erases:
        lines.append("* A change erases the LMKs.")
    if found.governs:
        lines.append(f"* Commands that need it: {', '.join(found.governs)}")
    return "\n".join(lines) + "\n"


def _needs(command: Command) -> str:
    notes = []
    if command.needs is not None:
        activity = re.sub(r"\{(\w+)\}", lambda m: f"<{m[1].replace('_', ' ')}>", command.needs)
        notes.append(f"Needs the activity `{activity}` authorised.")
    if command.changes_state:
        notes.append("Changes what the appliance keeps.")
    return " ".join(notes) + "\n" if notes else ""


def _table(message: type[Message], code_of: Callable[[Kind], str]) -> str:
    """The fields of *message*; *code_of* gives the code for a malformed field where it has one of its own."""
    lines = ["| field | format | |", "|---|---|---|"]
    for name, kind in message.FIELDS.items():
        notes = [f"else {code}"] if (code := code_of(kind)) else []
        notes += ["masked wherever shown"] if is_sensitive(kind) else []
        lines.append(f"| {name.replace('_', ' ')} | {_cell(kind.notation)} | {'; '.join(notes)} |")
    if len(lines) == 2:
        return "No fields.\n"
    return "\n".join(lines) + "\n"


def reasons(command: Command, dialect: Dialect) -> list[type[Refusal]]:
    """What the declaration says that *command* may be refused for."""
    found: set[type[Refusal]] = {*dialect.always, *command.refusals, *_wrongs(command.asks)}
    if command.needs is not None:
        found.add(refusal.NotAuthorised)
    return sorted(found, key=lambda reason: reason.__name__)


def _wrongs(message: type[Message]) -> Iterable[type[Refusal]]:
    for kind in message.FIELDS.values():
        each: object = kind
        while isinstance(each, Kind):
            if isinstance(each, KeySpec):
                yield from SPECIFIER_REASONS
            if each.wrong is not None:
                yield each.wrong
            each = getattr(each, "inner", None)
        inner = getattr(kind, "of", None)
        if isinstance(inner, type) and issubclass(inner, Message):
            yield from _wrongs(inner)


def _refusals(command: Command, dialect: Dialect) -> str:
    rows = sorted((dialect.code_of(command, reason), _meaning(reason)) for reason in reasons(command, dialect))
    lines = ["| code | because |", "|---|---|"]
    lines += [f"| {code} | {_cell(meaning)} |" for code, meaning in rows]
    return "\n".join(lines) + "\n\nKeys, PINs and key blocks have reasons of their own: see [refusals](refusals.md).\n"


def _meaning(reason: type[Refusal]) -> str:
    return inspect.cleandoc(reason.__doc__ or "").partition("\n")[0]


def _examples(command: Command, spelling: Spelling, witnessed: list[Exchange]) -> str:
    if not witnessed:
        return ""
    lines = ["## Witnessed\n", "One blank between fields is for the eye alone.\n"]
    for exchange in witnessed:
        lines += [
            f"{exchange.id}: {_sentences(exchange.note, exchange.source, exchange.verified)}\n",
            "```",
            f"> {_spaced(spelling, command.asks, exchange.request, reply=False)}",
            f"< {_spaced(spelling, command.answers, exchange.reply, reply=True)}{'...' if exchange.open_ended else ''}",
            "```\n",
        ]
    return "\n".join(lines)


def _sentences(*texts: str) -> str:
    return " ".join(f"{text.strip().rstrip('.')}." for text in texts if text.strip())


def _spaced(spelling: Spelling, message: type[Message], wire: bytes, *, reply: bool) -> str:
    """*wire* with a blank between fields, and bytes that are no text as hexadecimal, in brackets beside text."""
    text = wire.decode("latin-1")
    _, at = spelling.code_at(text)
    lead = [text[:at]]
    if reply:
        _, end = spelling.outcome_at(text, at)
        lead, at = [*lead, text[at:end]], end
    spans = codec_of(message).spans(text[at:])
    pieces = [text[at:][start:end] for _, start, end in spans if end > start]
    rest = text[at + (spans[-1][2] if spans else 0) :]
    shown = [piece for piece in (*lead, *pieces, rest) if piece]
    return " ".join(_hex(piece) if spelling.hexadecimal else _printable(piece) for piece in shown)


def _hex(piece: str) -> str:
    return piece.encode("latin-1").hex().upper()


def _printable(piece: str) -> str:
    if all(" " <= letter <= "~" for letter in piece):
        return piece
    return f"[{_hex(piece)}]"


def refusals_page(dialect: Dialect, other: Dialect) -> str:
    """What each reason to refuse is called in *dialect*, and in the *other*, where the same fault is told."""
    lines = [DERIVED, f"# What {dialect.name.capitalize()} hosts are told\n"]
    lines += [
        f"The code for each reason, and the code that {other.name.capitalize()} hosts get for the same fault. A code that "
        "stands for more than one reason hides the difference.\n",
        f"| {dialect.name.capitalize()} | {other.name.capitalize()} | because |",
        "|---|---|---|",
    ]
    rows = sorted((dialect.code_of(None, each), other.code_of(None, each), _meaning(each)) for each in _all(Refusal))
    return "\n".join([*lines, *(f"| {own} | {their} | {_cell(meaning)} |" for own, their, meaning in rows)]) + "\n"


def _all(reason: type[Refusal]) -> set[type[Refusal]]:
    found = {each for child in reason.__subclasses__() for each in _all(child)}
    return found | (set() if reason is Refusal else {reason})


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
