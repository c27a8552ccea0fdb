"""Simulated cards at rest: a chip keeps its secrets by its hardware, so that a file of cards is sealed.

A line a card: its chip's serial number, and the card sealed with AES-256-GCM (NIST SP 800-38D) under a key that whoever
runs the simulation keeps.  A line is on disk before the machine says that the card came out; what a kill left of one is cut
off when the box is opened.  A card that was used is put back by another line, and the last one counts; what earlier ones
took up is given free when the box is opened.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from Crypto.Cipher import AES

from switch.perso.card.application import Application, Content
from switch.perso.card.card import Blank, Card, Stage
from switch.perso.card.cryptograms import CardKeys
from switch.perso.machine import Finished

KEY_BYTES, NONCE_BYTES, TAG_BYTES = 32, 12, 16
LINE_BYTES_MAX = 32_768


class BoxError(Exception):
    """The box can't be opened, or a card in it is damaged or there already."""


class CardBox:
    """The box in the file *path*; *key* is 32 bytes, *random* draws nonces and what opened cards need."""

    def __init__(self, path: Path, key: bytes, random: Callable[[int], bytes]) -> None:
        if len(key) != KEY_BYTES:
            raise BoxError(f"the key of a card box has {KEY_BYTES} bytes")
        self._path = path
        self._key = key
        self._random = random
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        self._places: dict[int, int] = {}
        lines = self._look()
        os.ftruncate(self._descriptor, self._end)
        if lines > len(self._places):
            self._leave_last()

    def __repr__(self) -> str:
        return f"<card box, {len(self._places)} cards>"

    def close(self) -> None:
        os.close(self._descriptor)

    def __len__(self) -> int:
        return len(self._places)

    def holds(self, serial: int) -> bool:
        """Is the card with this chip in the box?"""
        return serial in self._places

    def put(self, card: Finished) -> None:
        """Raises BoxError for a chip that is there already, or one that is not issued."""
        if self.holds(card.serial):
            raise BoxError(f"a card with chip {card.serial} is in the box already")
        self._write(card)

    def put_back(self, card: Finished) -> None:
        """Put in a card that was taken out of this box and used.  Raises BoxError."""
        if not self.holds(card.serial):
            raise BoxError(f"no card with chip {card.serial}")
        self._write(card)

    def _look(self) -> int:
        """Find the last line of each card, and the end of whole lines; how many there are.  Raises BoxError."""
        at = count = 0
        with self._path.open("rb") as file:
            while (line := file.readline(LINE_BYTES_MAX)).endswith(b"\n"):
                self._places[self._told(line)["serial"]] = at
                at, count = at + len(line), count + 1
        self._end = at
        return count

    def _leave_last(self) -> None:
        """Write the box again, with one line a card."""
        beside = self._path.with_name(f"{self._path.name}.new")
        opener = lambda path, flags: os.open(path, flags, 0o600)  # noqa: E731  # what open wants
        with self._path.open("rb") as source, open(beside, "wb", opener=opener) as target:
            for serial, at in self._places.items():
                source.seek(at)
                self._places[serial] = target.tell()
                target.write(source.readline(LINE_BYTES_MAX))
            self._end = target.tell()
            target.flush()
            os.fsync(target.fileno())
        beside.rename(self._path)
        os.close(self._descriptor)
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_APPEND)

    def _write(self, card: Finished) -> None:
        application = card.chip.application
        if application is None:
            raise BoxError(f"chip {card.serial} is not issued")
        content = json.dumps(
            {
                "order": card.order,
                "stripe": card.stripe,
                "lines": card.lines,
                "panel": card.panel,
                "counter": application.counter,
                "tries": application.tries,
                "content": _written(application.content),
            }
        ).encode()
        nonce = self._random(NONCE_BYTES)
        sealer = AES.new(self._key, AES.MODE_GCM, nonce=nonce).update(str(card.serial).encode())
        sealed, tag = sealer.encrypt_and_digest(content)
        line = json.dumps({"serial": card.serial, "sealed": (nonce + sealed + tag).hex()}).encode() + b"\n"
        if os.write(self._descriptor, line) != len(line):
            os.ftruncate(self._descriptor, self._end)
            raise BoxError("the disk is full")
        os.fsync(self._descriptor)
        self._places[card.serial] = self._end
        self._end += len(line)

    def __iter__(self) -> Iterator[Finished]:
        """The cards, in the order in which they came out.  Raises BoxError."""
        for serial in self._places:
            yield self.card(serial)

    def card(self, serial: int) -> Finished:
        """The card with this chip.  Raises BoxError."""
        if serial not in self._places:
            raise BoxError(f"no card with chip {serial}")
        with self._path.open("rb") as file:
            file.seek(self._places[serial])
            raw = bytes.fromhex(self._told(file.readline(LINE_BYTES_MAX))["sealed"])
        opener = AES.new(self._key, AES.MODE_GCM, nonce=raw[:NONCE_BYTES]).update(str(serial).encode())
        try:
            told = json.loads(opener.decrypt_and_verify(raw[NONCE_BYTES:-TAG_BYTES], raw[-TAG_BYTES:]))
        except ValueError:
            raise BoxError(f"the card with chip {serial} is damaged, or the key is another") from None
        application = Application(_read(told["content"]))
        application.resume(told["counter"], told["tries"])
        chip = Card(Blank(bytes(10), 1, b"", b"", b""), self._random)
        chip.stage, chip.application = Stage.ISSUED, application
        return Finished(told["order"], serial, chip, tuple(told["stripe"]), tuple(told["lines"]), told["panel"])

    def _told(self, line: bytes) -> dict[str, Any]:
        try:
            told = json.loads(line)
            if told.keys() == {"serial", "sealed"} and type(told["serial"]) is int and isinstance(told["sealed"], str):
                return dict(told)
        except (ValueError, AttributeError):
            pass
        raise BoxError(f"{self._path.name}: a line that is no card")


_BYTES = ("selection", "profile", "files", "issuer_data", "pin_block")


def _written(content: Content) -> dict[str, Any]:
    return {
        **{name: getattr(content, name).hex() for name in _BYTES},
        "records": {dgi: record.hex() for dgi, record in content.records.items()},
        "keys": [content.keys.ac.hex(), content.keys.smi.hex(), content.keys.smc.hex()],
        "tries": content.tries,
    }


def _read(told: dict[str, Any]) -> Content:
    return Content(
        **{name: bytes.fromhex(told[name]) for name in _BYTES},
        records={dgi: bytes.fromhex(record) for dgi, record in told["records"].items()},
        keys=CardKeys(*(bytes.fromhex(key) for key in told["keys"])),
        tries=told["tries"],
    )
