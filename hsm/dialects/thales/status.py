"""Diagnostics and status: NC."""

from __future__ import annotations

from typing import Annotated

from hsm.appliance import Hsm
from hsm.audit.record import Category
from hsm.dialects.thales.codes import thales
from hsm.wire.kinds import Text
from hsm.wire.message import Empty, Message

CATEGORY = Category.STATUS


class Diagnosed(Message):
    lmk_check_value: Annotated[str, Text("H", 16, 16)]
    firmware: Annotated[str, Text("A", 9, 9)]


@thales.command("NC")
def diagnose(ask: Empty, hsm: Hsm) -> Diagnosed:
    """Test the appliance and tell the check value of its LMK and its firmware version."""
    return Diagnosed(lmk_check_value=hsm.lmk_for().check_value, firmware=hsm.settings.firmware)
