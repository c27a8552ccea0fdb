"""Published vectors as they are asked of a check, and the checks by algorithm."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hsm.crypto import blockcipher
from hsm.crypto.blockcipher import Algorithm, Cipher


@dataclass(frozen=True)
class Asked:
    """A vector's parameters; *expected* is for checks that go both ways."""

    algorithm: str
    values: Mapping[str, str | int | bool]
    expected: Mapping[str, str]

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def text(self, name: str, default: str = "") -> str:
        return str(self.values.get(name, default))

    def octets(self, name: str) -> bytes:
        return bytes.fromhex(self.text(name))

    def number(self, name: str, default: int = 0) -> int:
        return int(self.values.get(name, default))

    def des(self, name: str = "key") -> Cipher:
        return blockcipher.cipher(self.octets(name))

    def aes(self, name: str = "key") -> Cipher:
        return blockcipher.cipher(self.octets(name), Algorithm.AES)


Results = Mapping[str, str | bytes]
Check = Callable[[Asked], Results]
CHECKS: dict[str, Check] = {}


def checks(*algorithms: str) -> Callable[[Check], Check]:
    def register(check: Check) -> Check:
        CHECKS.update(dict.fromkeys(algorithms, check))
        return check

    return register


def fill(fill: bytes) -> Callable[[int], bytes]:
    return lambda count: (fill * (count // len(fill) + 1))[:count]
