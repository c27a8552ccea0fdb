"""Settings: what the appliance allows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from hsm.console.declaration import OFFLINE, console
from hsm.console.desk import Desk
from hsm.console.dialogue import Abandoned, Ask, Dialogue, Say, asked, confirmed
from hsm.console.dualcontrol import two_agree
from hsm.crypto.pinblock import PinBlockFormat
from hsm.policy.choices import Profile
from hsm.policy.declaration import Declaration, declared, declared_in
from hsm.policy.position import Position
from hsm.policy.settings import Settings
from hsm.policy.values import SettingError

END = "."
TEXT_CHARS_MAX = 4_000
"""Of a list of codes or PINs."""


@console.command("QS", words="[NAME]")
def tell_settings(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """Tell all settings, or everything about one; and the check values of the LMKs.

    A star marks what is set otherwise than in the profile that the settings are nearest to.
    """
    settings = desk.appliance.settings
    if words:
        yield Say("\n".join(_all_about(settings, _found(words[0]))))
        return
    profile = min(Profile, key=lambda each: len(list(settings.deviations(each))))
    apart = {found.name for found, _ in settings.deviations(profile)}
    lines = [f"Profile: {profile.value}" + (f", but for {len(apart)}" if apart else "")]
    for found, text in settings.listing():
        lines.append(f"{'*' if found.name in apart else ' '} {found.wording} [{found.name}]: {text}")
    for lmk_id, lmk in sorted(desk.appliance.lmks.items()):
        lines.append(f"  LMK {lmk_id} check: {lmk.check_value}")
    yield Say("\n".join(lines))


def _all_about(settings: Settings, found: Declaration) -> Iterator[str]:
    yield f"{found.name}: {settings.text(found.name)}"
    yield found.wording
    yield found.doc
    yield f"Value: {found.kind.expected}."
    for profile in Profile:
        yield f"In the profile {profile.value}: {found.kind.format(found.value_in(profile))}"
    if found.erases:
        yield "A change erases the LMKs."


def _found(name: str) -> Declaration:
    """The setting called *name*, as the command line writes it.  Raises Abandoned."""
    found = declared(Settings, name.lower())
    if found is None:
        raise Abandoned("There is no such setting; HELP QS and `hsm settings` tell of them.")
    return found


@console.command("CS", OFFLINE, ceremony=True, words="[NAME [VALUE]]")
def change_settings(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """Change settings: all in turn, or the one named; they are put in force together, when confirmed.

    Return keeps a value, and . ends the list.  What endangers keys erases the LMKs, and takes the secure state and two
    officers.
    """
    settings = desk.appliance.settings
    changes: list[tuple[Declaration, str]] = []
    if len(words) > 1:
        changes.append((_found(words[0]), " ".join(words[1:])))
    else:
        for found in (_found(words[0]),) if words else declared_in(Settings):
            answer = yield from _value(settings, found)
            if answer == END:
                break
            changes.append((found, answer))
    yield from put_in_force(desk, changes)


def _value(settings: Settings, found: Declaration) -> Dialogue[str]:
    """What *found* shall be, END for no further questions."""
    now = settings.text(found.name)

    def read(answer: str) -> str:
        return answer if answer == END else settings.changed(found.name, answer or now).text(found.name)

    note = " (a change erases the LMKs)" if found.erases else ""
    return (
        yield from asked(Ask(f"{found.wording}{note} [{now}]: ", chars_max=TEXT_CHARS_MAX), read, found.kind.expected)
    )


def put_in_force(desk: Desk, wanted: Sequence[tuple[Declaration, str]]) -> Dialogue[None]:
    """Show what *wanted* (settings with their new values as text) would change, have it confirmed, and change it."""
    appliance = desk.appliance
    before = settings = appliance.settings
    for found, text in wanted:
        try:
            settings = settings.changed(found.name, text)
        except SettingError as fault:
            raise Abandoned(f"{fault}.") from None
    changed = [found for found in declared_in(Settings) if before.text(found.name) != settings.text(found.name)]
    if not changed:
        yield Say("Nothing is changed.")
        return
    yield Say("\n".join(f"  {each.name}: {before.text(each.name)} -> {settings.text(each.name)}" for each in changed))
    erases = before.erases_lmks(settings)
    if erases:
        if appliance.state.position is not Position.SECURE:
            raise Abandoned("This erases the LMKs, so it needs the secure state.  Nothing is changed.")
        yield from two_agree(desk)
    if not (yield from confirmed("This ERASES ALL LMKs.  Change?" if erases else "Change?")):
        yield Say("Nothing is changed.")
        return
    appliance.change_settings(settings)
    yield Say("Changed; all LMKs are erased." if erases else "Changed.")


@console.command("CONFIGCMDS", OFFLINE, ceremony=True, words="[+XX ...] [-XX ...]")
def configure_commands(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """Enable (+) and disable (-) host commands of either dialect; a disabled one is answered with 68, or 02 in Eracom's.

    ALL and NONE begin a new list.
    """
    yield from _configure(desk, "enabled-commands", [each.code for each in desk.host_commands], words)


@console.command("CONFIGPB", OFFLINE, ceremony=True, words="[+NN ...] [-NN ...]")
def configure_formats(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """Enable (+) and disable (-) PIN block formats; a disabled one is answered with 69.

    ALL and NONE begin a new list.
    """
    yield from _configure(desk, "enabled-pin-block-formats", [each.value for each in PinBlockFormat], words)


def _configure(desk: Desk, name: str, known: Sequence[str], words: Sequence[str]) -> Dialogue[None]:
    yield Say(f"Now: {desk.appliance.settings.text(name)}")
    text = " ".join(words) or (yield Ask("Change (+XX -XX, all, none): ", chars_max=TEXT_CHARS_MAX)).strip()
    named = {item.lstrip("+-") for item in re.split(r"[\s,]+", text.upper())} - {"", "ALL", "NONE"}
    if unknown := sorted(named.difference(known)):
        raise Abandoned(f"There is no {', '.join(unknown)[:80]}.")
    yield from put_in_force(desk, [(_found(name), text)] if text else [])


@console.command("GETCMDS")
def tell_commands(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """List the host commands, enabled and disabled."""
    settings = desk.appliance.settings
    enabled = settings.enabled_commands.without(settings.switched_off())
    for heading, wanted in (("Enabled", True), ("Disabled", False)):
        told = [each for each in desk.host_commands if (each.code in enabled) is wanted]
        listed = [f"  {each.code:<6}  {each.purpose}" for each in told]
        yield Say("\n".join([f"{heading}: {len(listed)}", *listed]))
