"""A dialect as data: what the JSON of ``protocol-spec`` holds, and the schema of it."""

from __future__ import annotations

import dataclasses
import inspect
from typing import Any

from hsm.dialects.dialect import Command, Dialect
from hsm.refusal import Refusal
from hsm.wire.export import KINDS, message_data

FORMAT = 1
"""Raised when a reader of the JSON would have to change."""


def dialect_data(dialect: Dialect) -> dict[str, Any]:
    """Every command of *dialect* with its messages, and what each refusal is called on its wire."""
    return {
        "format": FORMAT,
        "dialect": dialect.name,
        "refusals": {
            reason.__name__: {"code": code, "meaning": _first_line(reason)}
            for reason, code in sorted(dialect.refusals.items(), key=lambda item: item[0].__name__)
        },
        "commands": {code: _command_data(command) for code, command in sorted(dialect.commands.items())},
    }


def _command_data(command: Command) -> dict[str, Any]:
    data: dict[str, Any] = {
        "reply": command.reply,
        "family": command.module,
        "purpose": command.purpose,
        "changes_state": command.changes_state,
        "request": message_data(command.asks),
        "answer": message_data(command.answers),
    }
    if command.needs is not None:
        data["needs"] = command.needs
    if command.refusals:
        data["refusals"] = {reason.__name__: code for reason, code in command.refusals.items()}
    return data


def _first_line(reason: type[Refusal]) -> str:
    return inspect.cleandoc(reason.__doc__ or "").partition("\n")[0]


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of ``commands.json``."""
    text, flag, whole = {"type": "string"}, {"type": "boolean"}, {"type": "integer"}
    kind, message = {"$ref": "#/$defs/kind"}, {"$ref": "#/$defs/message"}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Host commands of one dialect",
        "type": "object",
        "required": ["format", "dialect", "refusals", "commands"],
        "properties": {
            "format": {"const": FORMAT},
            "dialect": text,
            "refusals": {
                "additionalProperties": _record({"code": text, "meaning": text}, required=("code", "meaning"))
            },
            "commands": {
                "additionalProperties": _record(
                    {
                        "reply": text, "family": text, "purpose": text, "changes_state": flag, "needs": text,
                        "refusals": {"type": "object", "additionalProperties": text},
                        "request": message, "answer": message,
                    },
                    required=("reply", "family", "purpose", "request", "answer"),
                )
            },
        },
        "$defs": {
            "message": _record(
                {"name": text, "fields": {"type": "array", "items": _record({"name": text, "type": kind})}},
                required=("name", "fields"),
            ),
            "width": {"oneOf": [whole, _record({"setting": text, "default": whole})]},
            "kind": {"oneOf": [_kind_schema(name) for name in KINDS]},
        },
    }  # fmt: skip


def _record(properties: dict[str, Any], required: tuple[str, ...] = ()) -> dict[str, Any]:
    made: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
    return made | ({"required": list(required)} if required else {})


def _kind_schema(name: str) -> dict[str, Any]:
    parameters = {
        parameter.name: _parameter_schema(parameter.name, str(parameter.type))
        for parameter in dataclasses.fields(KINDS[name])
    }
    fixed = {"kind": {"const": name}, "notation": {"type": "string"}, "sensitive": {"const": True}}
    return _record({**fixed, **parameters}, required=("kind", "notation"))


def _parameter_schema(name: str, declared: str) -> dict[str, Any]:
    by_name: dict[str, dict[str, Any]] = {
        "wrong": {"type": "string"},
        "inner": {"$ref": "#/$defs/kind"},
        "of": {"type": "object"},
        "doubled": {"type": "array", "prefixItems": [{"type": "string"}, {}], "minItems": 2},
        "binary": {"type": ["boolean", "array"]},
        "values": {"type": "array"},
        "texts": {"type": "array", "items": {"type": "string"}},
        "types": {"type": "array", "items": {"type": "string"}},
        "count": {"type": ["integer", "string"]},
    }
    if name in by_name:
        return by_name[name]
    if "Width" in declared:
        return {"$ref": "#/$defs/width"}
    return {"type": {"int": "integer", "bool": "boolean"}.get(declared, "string")}
