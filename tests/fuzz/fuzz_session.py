"""Coverage-guided fuzzing of a whole host session: ``tox -e fuzz -- -max_total_time=600``.

Any input must be followed by an answered request on another connection, and none may raise, hang or end in 41.
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["hsm"]):
    from hsm.dialects.session import FramingError
    from hsm.dialects.thales.session import ThalesSession
    from hsm.spec.witnessed import exchanges
    from hsm.testing import dispatcher

VECTORS = Path(__file__).parents[2] / "protocol-spec" / "thales" / "vectors"
DISPATCHER = dispatcher({"00": "test-variant", "01": "test-3des-block", "02": "test-aes-block"}, authorised=["all"])
FRAMES_MAX = 64


def one_input(data: bytes) -> None:
    """The first byte says whether what follows is one framed request or a stream of bytes, and the character set."""
    if not data:
        return
    session = ThalesSession(DISPATCHER, 0, ebcdic=bool(data[0] & 2))
    body = data[1:]
    session.feed(body if data[0] & 1 else len(body).to_bytes(2, "big") + body)
    try:
        replies = session.work(FRAMES_MAX)
    except FramingError:
        return
    at = 0
    while at < len(replies):
        length = int.from_bytes(replies[at : at + 2], "big")
        reply = replies[at + 2 : at + 2 + length]
        code = reply[2:4].decode("cp500" if data[0] & 2 else "latin-1")
        if code == "41":
            raise AssertionError(f"an internal fault for {data!r}")
        at += 2 + length


def seed_corpus(folder: Path) -> None:
    """Every witnessed request as a beginning."""
    folder.mkdir(parents=True, exist_ok=True)
    for exchange in exchanges(VECTORS):
        (folder / exchange.id).write_bytes(b"\0" + exchange.request)


if __name__ == "__main__":
    corpus = Path(".fuzz-corpus")
    seed_corpus(corpus)
    atheris.Setup([*sys.argv, "-timeout=10", "-rss_limit_mb=2048", "-max_len=2048", str(corpus)], one_input)
    atheris.Fuzz()
