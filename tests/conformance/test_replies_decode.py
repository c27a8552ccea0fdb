"""Whoever holds the declarations alone can read every witnessed reply: clients, ``hsm call`` and ``hsm decode`` do."""

from __future__ import annotations

from pathlib import Path

import pytest

from hsm.dialects.thales.codes import thales
from hsm.dialects.thales.families import load
from hsm.dialects.thales.fields import widths
from hsm.policy.settings import Settings
from hsm.spec.witnessed import Exchange, exchanges
from hsm.wire.codec import codec_of

load()
FOLDER = Path(__file__).parents[2] / "protocol-spec" / "thales" / "vectors"
ANSWERED = [
    each
    for each in exchanges(FOLDER)
    if each.command in thales.commands and not each.open_ended and each.reply[2:4] == b"00"
]


@pytest.mark.parametrize("exchange", ANSWERED, ids=lambda each: f"{each.command}-{each.id}")
def test_every_field_is_read_and_written_back(exchange: Exchange) -> None:
    settings = Settings()
    for name, text in exchange.settings:
        settings = settings.changed(name, text)
    codec = codec_of(thales.commands[exchange.command].answers, widths(settings))
    answer = codec.parse(exchange.reply[4:].decode("latin-1"))
    assert codec.build(answer) == exchange.reply[4:]
