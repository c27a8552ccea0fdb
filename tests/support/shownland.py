"""A demonstration of the whole country that has ended: what it has shown, said over the line, and left behind."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from psec import des

from switch.server.demo.country import Country

UNDER_KEK = re.compile(rb"X[0-9A-F]{32}")


@dataclass
class Shown:
    """What is left of a demonstration that has ended."""

    folder: Path
    captured: bytes
    country: Country
    said: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    by_port: dict[str, bytes] = field(default_factory=dict)
    """What was captured, by what the taps were told of the port."""

    @property
    def text(self) -> str:
        return "\n".join(self.said)

    def files(self) -> Iterator[tuple[str, bytes]]:
        for path in sorted(self.folder.rglob("*")):
            if path.is_file():
                yield str(path.relative_to(self.folder)), path.read_bytes()


def odd(key: bytes) -> bytes:
    """As an HSM has it: the last bit of each byte says nothing."""
    return bytes(byte ^ 1 if byte.bit_count() % 2 == 0 else byte for byte in key)


def forms(secret: bytes) -> list[bytes]:
    """A secret as it is, and as hexadecimal digits."""
    return [secret, secret.hex().encode(), secret.hex().upper().encode()]


def clear_keys(shown: Shown) -> set[bytes]:
    """What people typed, what came of it, and what came enciphered under that: by psec."""
    typed = {odd(key) for key in shown.country.secrets} | set(shown.country.secrets)
    # Components are no keys under which anything is sent, but it does no harm to try them.
    sent = {bytes.fromhex(each[1:].decode()) for each in UNDER_KEK.findall(shown.captured)}
    return typed | {bytes(des.decrypt_tdes_ecb(kek, key)) for kek in shown.country.secrets for key in sent}


def steps(shown: Shown) -> dict[str, list[tuple[str, str]]]:
    """By its title, who said a 0200 to whom in each step."""
    found: dict[str, list[tuple[str, str]]] = {}
    title = ""
    for before, line in pairwise(shown.said):
        title = line if not before else title
        said = re.match(r" +(\S+) → (\S+) +0200", line)
        if said:
            found.setdefault(title, []).append((said[1], said[2]))
    return found


def ends(shown: Shown) -> dict[str, str]:
    """By its title, how the terminal says that each step ended."""
    found: dict[str, str] = {}
    title = ""
    for before, line in pairwise(shown.said):
        title = line if not before else title
        if re.match(r"    (ATM|POS)[0-9]{5}: ", line):
            found[title] = line.partition(": ")[2]
    return found
