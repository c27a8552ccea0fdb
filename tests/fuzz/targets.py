"""What the fuzzer runs: functions of bytes that raise when the product does not behave.

Each names the exceptions that its subject may raise; anything else is a finding.
"""

from __future__ import annotations

import struct
import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from itertools import product
from pathlib import Path
from random import Random

from fuzz.hopping import EXECUTIONS_A_HOP, Hopping
from support.appliances import Speaker
from support.corpus import AES_BLOCK, BLOCK_3DES, VARIANT, Setup
from support.damage import assert_well_formed, conversed
from support.eracom import STORED
from support.improvised import Stage, quick

from hsm.crypto.blockcipher import Algorithm, cipher
from hsm.crypto.blockprotector import VERSIONS, BlockProtector
from hsm.crypto.keyblock import KeyBlockError
from hsm.dialects.eracom.codes import eracom
from hsm.dialects.eracom.dispatch import Dispatcher as Functions
from hsm.dialects.eracom.session import EracomSession
from hsm.dialects.session import FramingError
from hsm.dialects.thales.codes import thales
from hsm.dialects.thales.dispatch import Dispatcher
from hsm.dialects.thales.session import ThalesSession
from hsm.keys.secret import ClearKey
from hsm.keys.transport import unwrap
from hsm.policy.position import Position
from hsm.refusal import InternalFault, Refusal
from hsm.server.config import ConfigError
from hsm.server.config_file import read_config
from hsm.testing import eracom_dispatcher
from switch.codec.codec import codec
from switch.codec.framing import FrameError, Framer
from switch.codec.message import MessageError
from switch.codec.specfile import load, names

SETUPS = (
    Setup(VARIANT, VARIANT),
    Setup(AES_BLOCK, AES_BLOCK),
    Setup(BLOCK_3DES, BLOCK_3DES),
    Setup(VARIANT, VARIANT, (("enforce-key-type-002-separation", "yes"), ("encrypted-pin-length", "13"))),
)
FRAME_BYTES_MAX = 4096
HEADER_CHARS = 16
KBPKS = {
    **dict.fromkeys("ABC", bytes.fromhex("89E88CF7931444F334BD7547FC3F380C")),
    **dict.fromkeys("DE", bytes.fromhex("88E1AB2A2E3DD38C1FA039A536500CC8A87AB9D62DC92C01058FA79F44657DE6")),
    "0": bytes.fromhex("0123456789ABCDEF808080808080808089E88CF7931444F3"),
    "1": bytes.fromhex("9B71333A13F9FAE72F9D0E2DAB4AD6784718012F9244033F3F26A2DE0C8AA11A"),
}
speakers: dict[int, Speaker] = {}
counts = {"executions": 0, "past dispatch": 0}


def command(data: bytes) -> None:
    """The first byte chooses the appliance, the rest is a request: the reply is well-formed, the next request answered."""
    which = data[0] % len(SETUPS) if data else 0
    if which not in speakers:
        speakers[which] = SETUPS[which].speaker()
    speaker = speakers[which]
    request = data[1:].decode("latin-1")
    reply = conversed(speaker.dispatcher, request)
    assert_well_formed(request, reply, speaker)
    counts["executions"] += 1
    counts["past dispatch"] += request[:2] in thales.commands
    if speaker.dispatcher.changes_state(request):
        del speakers[which]


@cache
def _dispatcher() -> Dispatcher:
    return SETUPS[0].speaker().dispatcher


@cache
def _functions() -> Functions:
    return eracom_dispatcher(stored_keys=dict(STORED), settings={"eracom-wrapper": "yes"})


def function(data: bytes) -> None:
    """An Eracom request: the reply repeats its code and bears a return code that is no fault of ours."""
    request = data.decode("latin-1")
    reply = _functions().execute(request)
    code, at = eracom.spelling.code_at(request)
    at = min(at, len(request))  # a code that is cut off is repeated as it came
    assert reply[:at] == request[:at]
    outcome, end = eracom.spelling.outcome_at(reply, at if request[:1] != "\xe3" or len(reply) <= 2 else at + 3)
    assert outcome in eracom.outcomes - {eracom.code_of(None, InternalFault)}
    assert outcome == "00" or end == len(reply)
    assert len(reply) <= 0xFFFF
    counts["executions"] += 1
    counts["past dispatch"] += code in eracom.commands


def soh(data: bytes) -> None:
    """A seed for the slices, then a stream of Eracom frames: every whole one is answered, once and in order."""
    draw, stream = Random(data[:2]), data[2:]
    conversation, replies, at, closed = EracomSession(_functions()), b"", 0, False
    while at < len(stream) and not closed:
        piece = stream[at : at + draw.choice((1, 2, 3, 7, 64, 1500))]
        at += len(piece)
        conversation.feed(piece)
        try:
            while conversation.busy:
                replies += conversation.work(draw.choice((1, 2, 50)))
        except FramingError:
            closed = True
    expected, broken = _soh_numbers(stream)
    assert closed == broken
    assert (_soh_numbers(replies)[0], len(replies) > 0) == (expected, bool(expected))
    counts["executions"] += 1
    counts["past dispatch"] += bool(expected)


def _soh_numbers(stream: bytes) -> tuple[list[bytes], bool]:
    """The sequence numbers of the whole frames at the beginning of *stream*, and whether no frame follows."""
    found: list[bytes] = []
    at = 0
    while (lead := stream[at : at + 2]) == b"\x01\x01":
        end = at + 6 + int.from_bytes(stream[at + 4 : at + 6], "big")
        if len(stream) < at + 6 or end > len(stream):
            return found, False
        found.append(stream[at + 2 : at + 4])
        at = end
    return found, lead not in (b"", b"\x01")


def session(data: bytes) -> None:
    """Header length and a seed for the slices, then a stream: every whole frame is answered, once and in order."""
    header, seed, stream = (data[0] % 9 if data else 0), data[1:3], data[3:]
    conversation = ThalesSession(
        _dispatcher(), header, ebcdic=bool(seed) and seed[0] > 200, frame_bytes_max=FRAME_BYTES_MAX
    )
    draw = Random(seed)
    replies, at, closed = b"", 0, False
    while at < len(stream) and not closed:
        piece = stream[at : at + draw.choice((1, 2, 3, 7, 64, 1500))]
        at += len(piece)
        conversation.feed(piece)
        try:
            while conversation.busy:
                replies += conversation.work(draw.choice((1, 2, 50)))
        except FramingError:
            closed = True
    expected, too_long = _frames(stream)
    assert closed == too_long
    answered = 0
    while replies:
        (length,) = struct.unpack_from(">H", replies)
        frame, replies = replies[2 : 2 + length], replies[2 + length :]
        assert len(frame) == length
        assert frame.startswith(expected[answered][:header])
        answered += 1
    assert answered == len(expected)
    counts["executions"] += 1
    counts["past dispatch"] += bool(expected)


def _frames(stream: bytes) -> tuple[list[bytes], bool]:
    """The whole frames at the beginning of *stream*, and whether one that is too long ends them."""
    found: list[bytes] = []
    at = 0
    while len(stream) - at >= 2:
        end = at + 2 + int.from_bytes(stream[at : at + 2], "big")
        if end - at - 2 > FRAME_BYTES_MAX:
            return found, True
        if end > len(stream):
            break
        found.append(stream[at + 2 : end])
        at = end
    return found, False


def keyblock(data: bytes) -> None:
    """A key block as text; or, after an odd byte, header and clear content that are sealed first, to pass the MAC."""
    if not data:
        return
    text = data[1:].decode("latin-1")
    version = text[1:2]
    counts["executions"] += 1
    if data[0] % 2 and version in KBPKS:
        text = text[:1] + _sealed(text[1:], version)
        counts["past dispatch"] += 1
    algorithm = Algorithm.AES if version in ("D", "E", "1") else Algorithm.TDES
    key = ClearKey(KBPKS.get(version, KBPKS["B"]), algorithm)
    with suppress(Refusal):
        unwrap(key, text)
    with suppress(KeyBlockError):
        BlockProtector(KBPKS["B"], "ABC").unwrap(text)


def _sealed(text: str, name: str) -> str:
    """*text* is a header of any form, ``|``, and the clear content: the same under a right authenticator."""
    header, _, content = text.partition("|")
    version = VERSIONS[name]
    clear = content.encode("latin-1")
    clear += bytes(-len(clear) % version.field_multiple)
    enc, mac = version.derive(KBPKS[name])
    if not clear or not header.isascii() or len(header) < HEADER_CHARS:
        return text
    under, by = cipher(enc, version.algorithm), cipher(mac, version.algorithm)
    for _ in range(2):  # the length field counts itself, so that it is right at the second time
        if len(header) % version.block_bytes and name in "AC0":
            return text  # these authenticate whole blocks alone
        ciphertext, authenticator = version.seal(under, by, header.encode(), clear)
        whole = header + (ciphertext + authenticator).hex().upper()
        if header[1:5] == "LLLL":
            header = header.replace("LLLL", f"{len(whole):04d}", 1)
    return whole


def config(data: bytes) -> None:
    """A configuration file: it is read, or refused as such."""
    counts["executions"] += 1
    with tempfile.NamedTemporaryFile(suffix=".toml") as file:
        Path(file.name).write_bytes(data)
        with suppress(ConfigError):
            read_config(file.name)
            counts["past dispatch"] += 1


STAGES = tuple(product(("test-variant", "test-aes-block", "test-3des-block", ""), Position, ("all", "")))


def console(data: bytes) -> None:
    """The first byte chooses the appliance, the rest is typed at its console: no fault, and nothing secret is shown."""
    counts["executions"] += 1
    with quick():
        stage = Stage(*STAGES[data[0] % len(STAGES) if data else 0])
        stage.types_bytes(data[1:])
        counts["past dispatch"] += any(each.outcome == "00" for each in stage.operator.speaker.entries)


DIALECTS = tuple(names())


def iso8583(data: bytes) -> None:
    """The first byte chooses a dialect; the rest is a message, and a stream of frames.

    It is refused, or it is written again as it came, by walk and by plan alike.
    """
    counts["executions"] += 1
    name, wire = DIALECTS[data[0] % len(DIALECTS) if data else 0], data[1:]
    speaking = codec(name)
    with suppress(MessageError):
        message = speaking.decode(wire)
        assert speaking.walk(wire) == message
        assert speaking.encode(message) == speaking.write(message) == wire
        counts["past dispatch"] += 1
    framer = Framer(load(name).framing)
    framer.feed(wire)
    with suppress(FrameError):
        while framer.next() is not None:
            assert framer.kept_bytes < len(wire)


hops: list[Hopping] = []


def hop(data: bytes) -> None:
    """Frames on both links of a switch: whatever they are, the next withdrawal is answered."""
    if not hops or hops[0].executions >= EXECUTIONS_A_HOP:
        for old in hops:
            old.close()
        hops[:] = [Hopping()]
    counts["executions"] += 1
    try:
        counts["past dispatch"] += hops[0].take(data)
    except BaseException:
        hops.pop().close()
        raise


TARGETS: dict[str, Callable[[bytes], None]] = {
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
