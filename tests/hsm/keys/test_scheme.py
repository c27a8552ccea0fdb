"""What a key's text tells of it."""

from __future__ import annotations

from hsm.keys.scheme import is_block, stored_at

HEX = "0123456789ABCDEF"
BLOCK = "S00072P0TB00E0001EA421618B34F5FA1A77F7CF6480111B97CF0FAE7BD77D589EC921EF9"


def test_kinds_of_token() -> None:
    assert [is_block(token) for token in (BLOCK, "RB0080", "U" + HEX * 2, HEX, "")] == [True, True, False, False, False]
    assert [stored_at(token) for token in ("K01F", "SK01F", BLOCK, HEX, "")] == ["01F", "01F", None, None, None]
