"""Secrets are opened in few places, compared in constant time, and never printed."""

from __future__ import annotations

import ast

import pytest
from support.sources import Source, sources

REVEALING = ("hsm.crypto", "hsm.keys", "hsm.operations.lmkpin")
ALL = sources("hsm") + sources("switch")
SECRETS = {
    "key", "clear_key", "pin", "clear_pin", "mac", "cryptogram", "cvv", "pvv", "offset", "check_value_given",
    "secret", "passphrase", "password", "authenticator", "digest", "tag",
}  # fmt: skip


def call_names(source: Source) -> list[str]:
    return [
        node.func.attr
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    ]


@pytest.mark.parametrize("source", ALL, ids=lambda source: source.module)
def test_only_crypto_and_keys_reveal(source: Source) -> None:
    if not any(source.module == place or source.module.startswith(place + ".") for place in REVEALING):
        assert "reveal" not in call_names(source)


def compared(source: Source) -> list[str]:
    """Comparisons by == or != in which both sides could be secrets."""
    found = []
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Compare) and any(isinstance(op, ast.Eq | ast.NotEq) for op in node.ops):
            sides = [node.left, *node.comparators]
            names = [
                s.attr if isinstance(s, ast.Attribute) else s.id
                for s in sides
                if isinstance(s, ast.Attribute | ast.Name)
            ]
            constant = any(isinstance(s, ast.Constant) for s in sides)
            if not constant and any(name.strip("_") in SECRETS for name in names):
                found.append(f"{source.module}:{node.lineno} {ast.unparse(node)}")
    return found


def test_secrets_are_compared_in_constant_time() -> None:
    assert [each for source in ALL for each in compared(source)] == []


@pytest.mark.parametrize("source", ALL, ids=lambda source: source.module)
def test_no_traceback_shows_locals(source: Source) -> None:
    banned = ("captureVars=True", "capture_locals=True", "format_exc(", "print_exc(", "cgitb", "faulthandler")
    assert [word for word in banned if word in source.text] == []
