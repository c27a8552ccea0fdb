"""Where the appliance's two key switches stand: what it will do for hosts and for custodians."""

from __future__ import annotations

from enum import Enum


class Position(Enum):
    """Online serves hosts; offline is for configuration; secure, with both keys turned, for what touches LMKs."""

    ONLINE = "online"
    OFFLINE = "offline"
    SECURE = "secure"

    @property
    def serves_hosts(self) -> bool:
        """Are host commands executed?"""
        return self is Position.ONLINE
