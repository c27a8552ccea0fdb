"""Links over real sockets: two dialects side by side, TLS, hostile bytes, peers that do not read."""

from __future__ import annotations

import random
import socket
import struct
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme
from support.linked import Loop, Seen, loop, opened

from switch.codec.codec import codec
from switch.codec.framing import Framer
from switch.codec.message import Message, Value
from switch.link.matching import Verdict
from switch.link.terms import Line
from switch.server.drive import DrivenLink, Sending
from switch.server.links import Links
from switch.server.tls import TlsFilesUnusable

SERVERS = """
[[link]]
name = "alpha"
spec = "banknet"
role = "server"
address = "127.0.0.1:0"
[link.elements]
32 = "970400"

[[link]]
name = "beta"
spec = "bcd"
role = "server"
address = "127.0.0.1:0"
"""
QUICK = "[link.seconds]\npause = 0.05\npause-max = 0.1\n"


def client(name: str, spec: str, port: int, more: str = "") -> str:
    return f'[[link]]\nname = "{name}"\nspec = "{spec}"\nrole = "client"\naddress = "127.0.0.1:{port}"\n{more}{QUICK}'


def clients(links: Links, more: str = "") -> str:
    return client("alpha", "banknet", links.port("alpha"), more) + client("beta", "bcd", links.port("beta"), more)


def withdrawal(stan: int) -> Message:
    fields: dict[int, Value] = {
        2: "9704360000000001",
        3: "010000",
        4: 500_000,
        7: "1122334455",
        11: f"{stan:06d}",
        41: "ATM00001",
    }
    return Message("0200", fields)


def pair(run: Loop, there: Seen | None = None) -> tuple[Links, Links, Seen, Seen]:
    above, below = Seen(), there or Seen()
    links = run.started(SERVERS, above)
    members = run.started(clients(links), below)
    run.until(lambda: all(opened(link) for each in (links, members) for link in each))
    return links, members, above, below


def test_two_links_speak_two_dialects_and_sign_on_both_ways() -> None:
    with loop() as run:
        links, members, above, below = pair(run)
        for name in ("alpha", "beta"):
            assert links[name].ask(withdrawal(1), f"to {name}") is Sending.WRITTEN
            assert members[name].ask(withdrawal(2), f"from {name}") is Sending.WRITTEN
        run.until(lambda: len(above.replies) == len(below.replies) == 2)
        assert {(name, found.about, found.verdict) for name, _, found in above.replies} == {
            ("alpha", "to alpha", Verdict.ANSWERS),
            ("beta", "to beta", Verdict.ANSWERS),
        }
        assert all(message.fields[39] == "00" for _, message, _ in above.replies)
        assert links["alpha"].outstanding == links["alpha"].owed == 0
        members.stop()
        run.until(lambda: members.closed)
        run.until(lambda: links["alpha"].state.line is Line.SOUGHT)
        # A sign-on and the answer to ours, a withdrawal and the answer to ours, and the sign-off.
        assert links["alpha"].counts["messages received"] == 5
        assert above.gone == []


def test_a_lost_connection_is_made_again_and_tells_what_was_under_way() -> None:
    with loop() as run:
        links, members, above, _ = pair(run, Seen(answers=False))
        assert links["alpha"].ask(withdrawal(1), "w1") is Sending.WRITTEN
        assert links["alpha"].ask(withdrawal(1), "w1") is Sending.KEY_OUTSTANDING
        run.until(lambda: members["alpha"].owed)
        stream = members["alpha"].stream
        assert stream is not None
        stream.hang_up()
        run.until(lambda: above.gone)
        assert above.gone == [("written", "w1")]
        assert links["alpha"].ask(withdrawal(2), "w2") is Sending.NOT_OPEN
        run.until(lambda: opened(links["alpha"]) and opened(members["alpha"]))
        late = withdrawal(1).changed(mti="0210", fields={39: "00"})
        assert members["alpha"].answer(late) is Sending.NOT_OWED, "that connection is gone, and its questions with it"
        assert opened(links["beta"]), "another link is not disturbed"


def plain(port: int) -> socket.socket:
    connected = socket.create_connection(("127.0.0.1", port), timeout=60)
    connected.setblocking(False)
    return connected


def said(run: Loop, connected: socket.socket, count: int) -> list[Message]:
    """The next *count* messages that come."""
    got = bytearray()

    def enough() -> bool:
        with suppress(BlockingIOError):
            got.extend(connected.recv(65536))
        return len(messages(bytes(got))) >= count

    run.until(enough)
    return messages(bytes(got))


def messages(got: bytes) -> list[Message]:
    framer = Framer(codec("banknet").spec.framing)
    framer.feed(got)
    return [codec("banknet").decode(frame) for frame in iter(framer.next, None)]


def framed(content: bytes) -> bytes:
    return b"%04d" % len(content) + content


def test_bytes_that_are_no_message_get_an_answer_a_rejection_or_an_end() -> None:
    above = Seen()
    with loop() as run:
        links = run.started(SERVERS, above)
        stranger = plain(links.port("alpha"))
        assert [each.mti for each in said(run, stranger, 1)] == ["0800"], "we sign on first"
        wire = bytearray(codec("banknet").encode(withdrawal(7)))
        wire[wire.index(b"ATM00001")] = 0xFF
        stranger.sendall(framed(bytes(wire)) + framed(b"garbage"))
        refused, rejected = said(run, stranger, 2)
        assert (refused.mti, refused.fields[39], refused.fields[11]) == ("0210", "30", "000007")
        assert (rejected.mti, rejected.fields[39]) == ("0620", "30")
        stranger.sendall(b"no frame at all")
        run.until(lambda: links["alpha"].stream is None)
        assert links["alpha"].counts["streams unreadable"] == 1
        assert links["alpha"].counts["frames that were no message"] == 2
        stranger.close()


def test_random_bytes_crash_nothing_and_disturb_no_other_link() -> None:
    above = Seen()
    with loop() as run:
        links = run.started(SERVERS, above)
        members = run.started(client("beta", "bcd", links.port("beta")), Seen())
        run.until(lambda: opened(links["beta"]))
        for seed in range(40):
            stranger = plain(links.port("alpha"))
            content = random.Random(seed).randbytes(seed * 7 % 90 + 1)
            stranger.sendall(framed(content) if seed % 2 else content)
            run.until(lambda: links["alpha"].stream is not None)
            stranger.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            for _ in range(3):
                run.reactor.iterate(0)
            stranger.close()
            run.until(lambda: links["alpha"].state.line is Line.SOUGHT)
        assert opened(links["beta"])
        assert members["beta"].counts["connections"] == 1
        assert above.asked_ == []


def test_a_second_call_is_turned_away_and_the_first_connection_is_probed() -> None:
    with loop() as run:
        links, _, _, _ = pair(run)
        stranger = plain(links.port("alpha"))
        run.until(lambda: links.turned_away == 1)
        run.until(lambda: links["alpha"].state.echoing is None)
        assert opened(links["alpha"])
        stranger.close()


def test_a_peer_that_does_not_read_fills_the_queue_and_nothing_more() -> None:
    above = Seen()
    with loop() as run:
        text = SERVERS.replace('address = "127.0.0.1:0"', 'address = "127.0.0.1:0"\nsign-on = "none"\nqueue-max = 5', 1)
        text = text.replace("queue-max", "outstanding-max = 100000\nqueue-max")
        links = run.started(text, above)
        stranger = plain(links.port("alpha"))
        stranger.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        run.until(lambda: links["alpha"].stream is not None)
        outcomes = []
        for stan in range(1, 90_000):
            outcomes.append(links["alpha"].ask(withdrawal(stan), stan))
            if outcomes[-1] is Sending.FULL:
                break
            if stan % 100 == 0:
                run.reactor.iterate(0)
        assert outcomes[-6:] == [Sending.QUEUED] * 5 + [Sending.FULL]
        stranger.close()
        run.until(lambda: links["alpha"].stream is None)
        assert [way for way, _ in above.gone[-5:]] == ["unwritten"] * 5, "those were certainly not sent"
        assert above.gone[0] == ("written", 1)


class Certified:
    """Certificates of one authority, as files."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.authority = folder, trustme.CA()
        self.authority.cert_pem.write_to_path(str(folder / "ca.pem"))

    def tls(self, name: str, peer_name: str, authority: trustme.CA | None = None, days: int = 1) -> str:
        """For *days* from now; *peer_name* is whom it is shown to."""
        ends = datetime.now(UTC) + timedelta(days=days)
        own = (authority or self.authority).issue_cert(name, not_before=datetime(2020, 1, 1), not_after=ends)
        own.cert_chain_pems[0].write_to_path(str(self.folder / f"{name}.pem"))
        own.private_key_pem.write_to_path(str(self.folder / f"{name}.key"))
        paths = (f'certificate = "{self.folder}/{name}.pem"', f'key = "{self.folder}/{name}.key"')
        return "\n".join(
            ("[link.tls]", *paths, f'authority = "{self.folder}/ca.pem"', f'peer-name = "{peer_name}"', "")
        )


def test_links_at_one_address_are_told_apart_by_certificate(tmp_path: Path) -> None:
    certified = Certified(tmp_path)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    head = f'spec = "banknet"\nrole = "server"\naddress = "127.0.0.1:{port}"\n'
    switch = certified.tls("switch.example", "alpha.example")
    text = f'[[link]]\nname = "alpha"\n{head}{switch}'
    text += f'[[link]]\nname = "beta"\n{head}{switch.replace("alpha.example", "beta.example")}'
    with loop() as run:
        links = run.started(text, Seen())
        beta = run.started(
            client("beta", "banknet", port, "") + certified.tls("beta.example", "switch.example"), Seen()
        )
        run.until(lambda: opened(links["beta"]) and opened(beta["beta"]))
        assert links["alpha"].counts["connections"] == 0
        strangers: tuple[tuple[str, str, trustme.CA | None, int], ...] = (
            ("gamma.example", "switch.example", None, 1),
            ("alpha.example", "other.example", None, 1),
            ("alpha.example", "switch.example", trustme.CA(), 1),
            ("alpha.example", "switch.example", None, -1),
        )
        callers: list[DrivenLink] = []
        for name, peer, authority, days in strangers:
            wrong = run.started(
                client("wrong", "banknet", port, "") + certified.tls(name, peer, authority, days), Seen()
            )
            callers.append(wrong["wrong"])
            run.until(lambda: callers[-1].state.attempts >= 2)
            assert links["alpha"].counts["connections"] == 0
            wrong.stop()
        right = run.started(client("alpha", "banknet", port) + certified.tls("alpha.example", "switch.example"), Seen())
        run.until(lambda: opened(links["alpha"]) and opened(right["alpha"]))
        assert links.turned_away >= 1, "a certificate of the authority that belongs to no link"
        assert opened(links["beta"])


def test_files_that_are_no_certificate_are_told_by_name(tmp_path: Path) -> None:
    certified = Certified(tmp_path)
    text = client("alpha", "banknet", 1, "") + certified.tls("alpha.example", "switch.example")
    for name in ("ca.pem", "alpha.example.key"):
        kept = (tmp_path / name).read_bytes()
        (tmp_path / name).write_text("nothing")
        with loop() as run, pytest.raises(TlsFilesUnusable, match=name):
            run.started(text, Seen())
        (tmp_path / name).write_bytes(kept)
