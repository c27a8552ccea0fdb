"""MACs and PIN blocks on their way through: verified and re-enciphered by the HSM, with whichever key is in force."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from switch.asking import Cause, MacValue, MakeMac, NoAnswer, PinBlock, TranslatePin, VerifyMac
from switch.codec.message import Message, Value
from switch.flow import request as de
from switch.flow.effects import Course, ask_hsm
from switch.flow.partner import PinsUnder
from switch.flow.ports import Use, WorkingKey
from switch.flow.request import Request
from switch.flow.world import World
from switch.keys import mac

MAC_WRONG, PIN_TROUBLE, MALFUNCTION = "89", "86", "96"
BLOCK_DIGITS = 16


def opened(world: World, link: str, message: Message) -> Course[str]:
    """Empty when the MAC of *message*, which came by *link*, is right or none is agreed; else the response code."""
    rule = world.hop.partners[link].mac
    if rule is None or not mac.mac_is_due(message):
        return ""
    codec = world.hop.codecs[link]
    seal = mac.seal(rule, codec, message)
    if seal is None:
        return MAC_WRONG
    content = mac.content(rule, codec, message)
    for key in world.keys.incoming(link, Use.MAC):
        said = yield from ask_hsm(VerifyMac(key.holder, key.cryptogram, content, seal))
        if isinstance(said, NoAnswer):
            return MALFUNCTION
        if said.right:
            world.keys.proved(key)
            return ""
    world.keys.failed(link, Use.MAC)
    return MAC_WRONG


def sealed(world: World, link: str, message: Message) -> Course[Message | None]:
    """*message* with its MAC, where one is agreed; None when none can be made."""
    rule = world.hop.partners[link].mac
    if rule is None or not mac.mac_is_due(message):
        return message
    key = world.keys.outgoing(link, Use.MAC)
    if key is None:
        return None
    codec = world.hop.codecs[link]
    question = MakeMac(key.holder, key.cryptogram, mac.content(rule, codec, message), rule.bytes_count)
    said: MacValue | NoAnswer = yield from ask_hsm(question)
    return None if isinstance(said, NoAnswer) else mac.sealed(rule, codec, message, said.mac)


def pin_keys(world: World, asked: Request) -> Sequence[WorkingKey]:
    """The keys under which the PIN block of *asked* may lie."""
    under = world.hop.partners[asked.link].pins
    terminal = asked.text(de.TERMINAL) if under is PinsUnder.TERMINAL else ""
    return world.keys.incoming(asked.link, Use.PIN, terminal)


def pins_failed(world: World, asked: Request) -> None:
    """None of them opened it."""
    under = world.hop.partners[asked.link].pins
    world.keys.failed(asked.link, Use.PIN, asked.text(de.TERMINAL) if under is PinsUnder.TERMINAL else "")


def pins_onward(world: World, asked: Request, link: str) -> Course[dict[int, Value] | str]:
    """The elements of *asked* that hold PIN blocks, re-enciphered for *link*; or the response code that refuses it.

    The block of the PIN is translated with its format checked, which tells a wrong key without a try at the issuer's.
    """
    blocks = _blocks(asked)
    if isinstance(blocks, str):
        return blocks
    if not blocks or world.hop.partners[asked.link].pins is PinsUnder.PASSED:
        return {}
    candidates, target = pin_keys(world, asked), world.keys.outgoing(link, Use.PIN)
    if target is None or not candidates:
        return PIN_TROUBLE
    for key in candidates:
        found = yield from _translated(key, target, blocks, asked.pan)
        if isinstance(found, dict):
            world.keys.proved(key)
            return {n: v if n == de.PIN_BLOCK else v.hex().upper() for n, v in found.items()}
        if found.cause is not Cause.REFUSED:
            return MALFUNCTION
    pins_failed(world, asked)
    return PIN_TROUBLE


def _blocks(asked: Request) -> dict[int, bytes] | str:
    block = asked.pin_block
    found = {} if block is None else {de.PIN_BLOCK: block}
    if asked.service.name != de.PIN_CHANGE:
        return found
    new = new_pin_block(asked)
    return "30" if new is None or block is None else found | {de.NEW_PIN_BLOCK: new}


def new_pin_block(asked: Request) -> bytes | None:
    """The block of the new PIN in a PIN change: 8 bytes; None when there is none."""
    text = asked.text(de.NEW_PIN_BLOCK)
    try:
        return bytes.fromhex(text) if len(text) == BLOCK_DIGITS else None
    except ValueError:
        return None


def _translated(
    key: WorkingKey, target: WorkingKey, blocks: dict[int, bytes], pan: str
) -> Course[dict[int, bytes] | NoAnswer]:
    made = functools.partial(TranslatePin, key.holder, key.cryptogram, target.cryptogram)
    found: dict[int, bytes] = {}
    for number, block in blocks.items():
        said: PinBlock | NoAnswer = yield from ask_hsm(made(block, pan, key.format, target.format))
        if isinstance(said, NoAnswer):
            return said
        found[number] = said.block
    return found
