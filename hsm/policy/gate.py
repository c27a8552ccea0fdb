"""May this command run now?  The one gate that host commands and console commands both pass.

A gate belongs to one state of settings and authority; when either changes, another gate takes its place.  All that a
plain command costs is one look into a frozen set.
"""

from __future__ import annotations

from hsm.policy.authority import Authority, Interface
from hsm.policy.position import Position
from hsm.policy.settings import Settings
from hsm.ports import Clock
from hsm.refusal import CommandDisabled, LmkIdsIncompatible, NotAuthorised

CLEAR_PIN = "pin.clear"


class Gate:
    """What *settings* enable and *authority* permits, by *clock*; hosts are served in one *position* only."""

    __slots__ = ("_authority", "_clear_pins", "_clock", "_listed", "_port_lmk_only", "_refuses_listed", "_serving")

    def __init__(
        self, settings: Settings, authority: Authority, clock: Clock, position: Position = Position.ONLINE
    ) -> None:
        enabled = settings.enabled_commands.without(settings.switched_off())
        self._listed = enabled.listed
        self._serving = position.serves_hosts
        self._refuses_listed = enabled.all_but
        self._clear_pins = settings.select_clear_pins
        self._port_lmk_only = settings.enforce_host_port_lmk
        self._authority = authority
        self._clock = clock

    def admit(self, command: str) -> None:
        """Raises CommandDisabled when the host command with code *command* is switched off, or hosts are not served."""
        if not self.enables(command):
            raise CommandDisabled

    def enables(self, command: str) -> bool:
        """Is the host command with code *command* switched on, and the appliance online?"""
        return self._serving and (command in self._listed) is not self._refuses_listed

    def authorise(self, activity: str, lmk_id: str, interface: Interface = Interface.HOST) -> None:
        """Raises NotAuthorised unless *activity* (``category[.sub]``) is authorised under *lmk_id* over *interface*.

        Clear PINs (``pin.clear``) need the setting "Select clear PINs" as well.
        """
        if activity == CLEAR_PIN and not self._clear_pins:
            raise NotAuthorised
        if not self._authority.permits(activity, lmk_id, interface, self._clock.monotonic()):
            raise NotAuthorised

    def permits(self, activity: str, lmk_id: str, interface: Interface = Interface.HOST) -> bool:
        """As ``authorise``, for commands that merely answer more when authorised."""
        try:
            self.authorise(activity, lmk_id, interface)
        except NotAuthorised:
            return False
        return True

    def lmk(self, named: str | None, port_lmk_id: str) -> str:
        """The LMK id that a request uses: the one it *named*, else its port's.

        Raises LmkIdsIncompatible when it names another than the port's and ports are tied to their LMK.
        """
        if named is None or named == port_lmk_id:
            return port_lmk_id
        if self._port_lmk_only:
            raise LmkIdsIncompatible
        return named
