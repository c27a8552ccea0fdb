"""The appliance: its state, and the narrow view of it that commands receive.

State is a set of frozen records that are replaced whole.  Whatever a command may touch goes through ``Hsm``: keys out of
their wrappings, settings, randomness, storage; no LMK bytes, no files, no sockets.
"""

from __future__ import annotations

DEFAULT_LMK = "00"
CACHED_KEYS_MAX = 4096
