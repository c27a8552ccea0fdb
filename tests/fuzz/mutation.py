"""Changes inputs along the lines of the declarations, so that most still say something to the subject."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from random import Random

from fuzz.hopping import frames
from fuzz.targets import DIALECTS, KBPKS, SETUPS, STAGES
from support.corpus import Case, composed, witnessed
from support.damage import SCHEMES, TRAILING, innermost
from support.improvised import WORDS, improvise, quick
from support.messages import published

from hsm.dialects.eracom.codes import eracom
from hsm.dialects.eracom.families import load as load_functions
from hsm.dialects.thales.codes import thales
from hsm.policy.position import Position
from hsm.spec.witnessed import exchanges
from hsm.wire.codec import codec_of
from hsm.wire.shapes import Key

SECURE_STAGES = [at for at, (_, position, _) in enumerate(STAGES) if position is Position.SECURE]
PLAIN_MUTATIONS = 0.25
"""Of so many inputs the fuzzer's own mutation is used."""
KIND_OF_LMK = {"test-variant": 0, "test-aes-block": 1, "test-3des-block": 2}
NUMBERS = ("0", "1", "9", "00", "01", "99", "0000", "FFFF", "8000", "0008")
Plain = Callable[[bytes, int], bytes]


@cache
def requests() -> tuple[bytes, ...]:
    """Inputs of the command target that work."""
    return tuple(_input(case) for case in (*composed(), *witnessed()))


@cache
def pool() -> dict[str, tuple[str, ...]]:
    """Texts of fields in working requests: keys together, others by their kind."""
    found: dict[str, set[str]] = {}
    for each in requests():
        for text, kind in _fields(each):
            found.setdefault(kind, set()).add(text)
    return {kind: tuple(sorted(texts)) for kind, texts in found.items()}


def _input(case: Case) -> bytes:
    which = KIND_OF_LMK[case.setup.lmks[0][1]]
    return bytes((which,)) + case.request.encode("latin-1")


def _fields(data: bytes) -> list[tuple[str, str]]:
    return [(text, kind) for text, kind, _, _ in _placed(data)]


def _placed(data: bytes) -> list[tuple[str, str, int, int]]:
    text = data[3:].decode("latin-1")
    command = thales.commands.get(data[1:3].decode("latin-1"))
    if command is None:
        return []
    kinds = command.asks.FIELDS
    found = []
    for name, start, end in codec_of(command.asks).spans(text):
        kind = innermost(kinds[name])
        sort = "key" if isinstance(kind, Key) else repr(kind)
        found.append((text[start:end], sort, start + 3, end + 3))
    return found


def command(data: bytes, size_max: int, seed: int, plain: Plain) -> bytes:
    """*data* with a field exchanged, changed or damaged; or another request altogether."""
    draw = Random(seed)
    if draw.random() < 0.1 or not data:
        data = draw.choice(requests())
    if draw.random() < PLAIN_MUTATIONS:
        return (data[:3] + plain(data[3:], max(1, size_max - 3)))[:size_max]
    fields = _placed(data)
    if not fields:
        return draw.choice(requests())[:size_max]
    for _ in range(draw.randint(1, 3)):
        text, kind, start, end = draw.choice(fields)
        choices = pool().get(kind, (text,))
        other = draw.choice((*draw.choices(choices, k=4), text[:-1], text + text[-1:], draw.choice(NUMBERS)))
        if kind == "key":
            other = draw.choice((other, other, draw.choice(SCHEMES) + text[1:], _flipped(text, draw)))
        data = data[:start] + other.encode("latin-1") + data[end:]
        fields = _placed(data) or fields
    if draw.random() < 0.1:
        data += draw.choice(TRAILING).encode("latin-1")
    if draw.random() < 0.05:
        data = bytes((draw.randrange(len(SETUPS)),)) + data[1:]
    return data[:size_max]


def _flipped(text: str, draw: Random) -> str:
    if not text:
        return "S"
    at = draw.randrange(len(text))
    return text[:at] + draw.choice("0123456789ABCDEFSTRNXK#") + text[at + 1 :]


def session(data: bytes, size_max: int, seed: int, plain: Plain) -> bytes:
    """A stream of framed requests, some of them damaged, or the stream changed at random."""
    draw = Random(seed)
    if data and draw.random() < 0.5:
        return plain(data, size_max)
    stream = b""
    for _ in range(draw.randint(1, 6)):
        body = b"HEADERXX"[: draw.randrange(9)] + draw.choice(requests())[1:]
        length = len(body) if draw.random() < 0.9 else draw.choice((0, 1, 2, 4096, 4097, 65_535))
        stream += length.to_bytes(2, "big") + body
    return (draw.randbytes(3) + stream)[:size_max]


@cache
def functions() -> tuple[bytes, ...]:
    """Eracom requests that were witnessed."""
    load_functions()
    vectors = Path(__file__).parents[2] / "protocol-spec" / "eracom" / "vectors"
    return tuple(each.request for each in exchanges(vectors, eracom.spelling) if each.command in eracom.commands)


def function(data: bytes, size_max: int, seed: int, plain: Plain) -> bytes:
    """*data* with a field exchanged for another request's, cut, or changed at random; or another request altogether."""
    draw = Random(seed)
    if not data or draw.random() < 0.2:
        data = draw.choice(functions())
    if draw.random() < PLAIN_MUTATIONS:
        return (data[:3] + plain(data[3:], max(1, size_max - 3)))[:size_max]
    text = data.decode("latin-1")
    code, at = eracom.spelling.code_at(text)
    if code not in eracom.commands:
        return draw.choice(functions())[:size_max]
    spans = codec_of(eracom.commands[code].asks).spans(text[at:])
    if spans:
        _, start, end = draw.choice(spans)
        other = draw.choice(functions())[at:]
        cut = draw.randrange(len(other) + 1)
        piece = draw.choice((other[cut : cut + end - start], draw.randbytes(end - start), other[:cut], b""))
        data = data[: at + start] + piece + data[at + end :]
    return (data + (draw.randbytes(2) if draw.random() < 0.1 else b""))[:size_max]


def soh(data: bytes, size_max: int, seed: int, plain: Plain) -> bytes:
    """A stream of Eracom frames, some of them damaged, or the stream changed at random."""
    draw = Random(seed)
    if data and draw.random() < 0.5:
        return plain(data, size_max)
    stream = draw.randbytes(2)
    for _ in range(draw.randint(1, 6)):
        body = draw.choice(functions())
        length = len(body) if draw.random() < 0.9 else draw.choice((0, 1, 2, 65_535))
        lead = b"\x01\x01" if draw.random() < 0.95 else draw.randbytes(2)
        stream += lead + draw.randbytes(2) + length.to_bytes(2, "big") + body
    return stream[:size_max]


HEADER = "{version}LLLL{usage}{algorithm}{mode}00{export}{count:02d}00"


def keyblock(data: bytes, size_max: int, seed: int, plain: Plain) -> bytes:
    """A block whose header is mostly sound, sealed or not."""
    draw = Random(seed)
    if data and draw.random() < 0.5:
        return plain(data, size_max)
    if draw.random() < 0.3:
        keys = [text for text in pool()["key"] if text[:1] in ("S", "R")]
        return b"\0" + _flipped(draw.choice(keys), draw).encode("latin-1")
    count = draw.choice((0, 0, 1, 2, 3, 99))
    header = HEADER.format(
        version=draw.choice("".join(KBPKS)),
        usage=draw.choice(("K0", "P0", "72", "B1", "D0", "M3", "V2", "zz")),
        algorithm=draw.choice("DTAHRE"),
        mode=draw.choice("NBEDXCGVST"),
        export=draw.choice("ENSX"),
        count=count,
    )
    for _ in range(min(count, 3)):
        header += draw.choice(("PB080000", "KS1000FFFF9876543210", "CT0002000100", "PB04", "LB06ab", "PB00", "PBFF"))
    key_bits = draw.choice((0, 1, 64, 128, 192, 256, 4096, 65_535))
    content = key_bits.to_bytes(2, "big") + draw.randbytes(draw.choice((0, 6, 8, 14, 16, 22, 24, 30, 32, 46)))
    return (b"\1" + draw.choice(b"SR").to_bytes(1, "big") + header.encode() + b"|" + content)[:size_max]


CONFIG_WORDS = (
    'bind = "127.0.0.1"', "workers = 2", 'profile = "hardened"', 'authorise = ["all"]', "seed = 1", "[lmk]",
    '00 = "test-variant"', "[settings]", 'zmk-length = "double"', "encrypted-pin-length = 6", "[limits]",
    "connections-max = 64", "[[host]]", 'name = "thales"', "port = 1500", "header-length = 4", 'lmk = "00"',
    'charset = "ebcdic"', "port = -1", "workers = 1e400", "seed = 1979-05-27", "[[[", "[host]", "lmk = []", '"" = 1',
    "[lmk.00]", "x = {a = 1}", "authorise = [[]]", "[old-lmk]", 'state-dir = "a\\u0000b"', "port = true",
)  # fmt: skip


def config(data: bytes, size_max: int, seed: int, plain: Plain) -> bytes:
    """Lines of configuration files, in some order."""
    draw = Random(seed)
    if data and draw.random() < 0.5:
        return plain(data, size_max)
    lines = [draw.choice(CONFIG_WORDS) for _ in range(draw.randint(1, 12))]
    return "\n".join(lines).encode()[:size_max]


def console(data: bytes, size_max: int, seed: int, plain: Plain) -> bytes:
    """Somebody's session at the console; one of its lines may be another's, or the bytes changed at random."""
    draw = Random(seed)
    lines = data[1:].split(b"\r")
    if len(lines) < 2 or draw.random() < 0.3:
        with quick():
            lines = [each.encode() for each in improvise(draw, draw.randint(5, 60))]
        return (bytes((draw.choice(SECURE_STAGES),)) + b"\r".join(lines) + b"\r")[:size_max]
    if draw.random() < PLAIN_MUTATIONS:
        return (data[:1] + plain(data[1:], max(1, size_max - 1)))[:size_max]
    at = draw.randrange(len(lines))
    others = (lines[draw.randrange(len(lines))], lines[at] * 2, b"", b"\x03", b"\x7f" * 9, draw.randbytes(5))
    lines[at : at + draw.randrange(2)] = [draw.choice((*others, draw.choice(WORDS).encode()))]
    return (data[:1] + b"\r".join(lines))[:size_max]


def iso8583(data: bytes, size_max: int, seed: int, plain: Plain) -> bytes:
    """A published message with some bytes changed, put in or left out, in its dialect mostly; or its frame."""
    draw = Random(seed)
    if data and draw.random() < PLAIN_MUTATIONS:
        return (data[:1] + plain(data[1:], max(1, size_max - 1)))[:size_max]
    case = draw.choice(published())
    which, wire = DIALECTS.index(case.spec), bytearray(data[1:] if data and draw.random() < 0.5 else case.wire)
    for _ in range(draw.randrange(4)):
        at = draw.randrange(len(wire) + 1)
        piece = draw.choice(
            (b"", b"0", b"9", b"\x00", b"\xff", draw.randbytes(1), draw.choice(published()).wire[at : at + 9])
        )
        wire[at : at + draw.choice((0, 1, len(piece)))] = piece
    if draw.random() < 0.1:
        wire[:0] = len(wire).to_bytes(2, "big")
    if draw.random() < 0.1:
        which = draw.randrange(len(DIALECTS))
    return (bytes((which,)) + wire)[:size_max]


def hop(data: bytes, size_max: int, seed: int, plain: Plain) -> bytes:
    """What partners say, damaged; or the bytes changed at random."""
    draw = Random(seed)
    if data and draw.random() < PLAIN_MUTATIONS:
        return plain(data, size_max)
    return frames(draw)[:size_max]


MUTATORS = {
    "command": command,
    "session": session,
    "function": function,
    "soh": soh,
    "keyblock": keyblock,
    "config": config,
    "console": console,
    "iso8583": iso8583,
    "hop": hop,
}
