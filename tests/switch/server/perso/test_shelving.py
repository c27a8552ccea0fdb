"""Transfers between two sides in one process, over TLS: breaks, garbage and bounds."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.persosite import Site

CONTENT = b"enciphered" * 1_000
DIGEST = hashlib.sha256(CONTENT).hexdigest()
HEAD = "5a" * 32
"""Of the issuer's audit."""
PUT = f"PUT 970499-1.order {len(CONTENT)} {DIGEST} {HEAD}\n".encode()


class Caller:
    """A blocking side that says what it likes."""

    def __init__(self, site: Site, port: int, name: str) -> None:
        context = ssl.create_default_context(cafile=str(site.folder / "ca.pem"))
        context.load_cert_chain(str(site.folder / f"{name}.pem"), str(site.folder / f"{name}.key"))
        plain = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.socket = context.wrap_socket(plain, server_hostname="receiving.example")
        self.file = self.socket.makefile("rb")

    def ask(self, sent: bytes) -> str:
        self.socket.sendall(sent)
        return self.file.readline().decode()

    def close(self) -> None:
        self.file.close()
        self.socket.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    made = Site(tmp_path_factory.mktemp("site"))
    yield made
    made.stop()


@pytest.fixture(scope="module")
def port(site: Site) -> int:
    issuers = '[issuers]\n970499 = "issuer.example"\n'
    return site.start("receive", "--config", site.server("receiving", ["hosting.example"], issuers))


def told(site: Site) -> str:
    return (site.folder / "receiving.audit").read_text()


def test_a_push_that_breaks_off_leaves_nothing_and_is_repeated(site: Site, port: int) -> None:
    first = Caller(site, port, "issuer")
    assert first.ask(PUT) == "GO\n"
    first.socket.sendall(CONTENT[:4_000])
    second = Caller(site, port, "issuer")
    assert second.ask(PUT) == "NO 970499-1.order is coming already\n"
    first.close()
    while (said := second.ask(PUT)) != "GO\n":
        assert said == "NO 970499-1.order is coming already\n"
    assert second.ask(CONTENT[:-1] + b"!") == "NO the file is not the one that was announced\n"
    assert second.ask(PUT + CONTENT) == "GO\n"
    assert second.file.readline() == b"OK\n"
    # Who was not told that it came may ask again, and is told; another file of that name is refused.
    assert second.ask(PUT) == f"HERE {len(CONTENT)} {DIGEST}\n"
    assert second.ask(PUT.replace(b" 1", b" 2", 1)) == f"HERE {len(CONTENT)} {DIGEST}\n"
    assert second.ask(PUT.replace(DIGEST.encode(), b"0" * 64)) == "NO 970499-1.order is there already\n"
    second.close()
    assert told(site).count('"what":"received"') == told(site).count('"what":"announced"') == 1
    assert [path.name for path in (site.folder / "receiving").iterdir()] == ["970499-1.order"]
    assert "broken off" in told(site)


def test_an_inner_side_that_broke_off_does_not_take_a_file_twice(site: Site, port: int) -> None:
    inner = site.server("hosting", ["pmp.example"], site.source(port, "receiving"))
    taken = site.folder / "hosting"
    taken.mkdir(exist_ok=True)
    (taken / "970499-1.order").write_bytes((site.folder / "receiving" / "970499-1.order").read_bytes())
    assert site.say("host", "--config", inner, "--once") == "970499-1.order\n"
    assert list((site.folder / "receiving").iterdir()) == []
    assert "given" not in told(site)


def test_answers_stand_in_the_order_of_the_requests(site: Site, port: int) -> None:
    content = bytes(range(256)) * 4_000
    name, digest = "970499-7.order", hashlib.sha256(content).hexdigest()
    issuer = Caller(site, port, "issuer")
    assert issuer.ask(f"PUT {name} {len(content)} {digest} {HEAD}\n".encode()) == "GO\n"
    assert issuer.ask(content) == "OK\n"
    issuer.close()
    inner = Caller(site, port, "hosting")
    assert inner.ask(f"GET {name}\nLIST\nDONE {name} {digest}\n".encode()) == f"HERE {len(content)} {digest}\n"
    assert inner.file.read(len(content)) == content
    listed, *rest = [inner.file.readline().decode() for _ in range(3)]
    assert rest == ["END\n", "OK\n"]
    head = listed.split()[-1]
    assert listed == f"FILE {name} {len(content)} {digest} {head}\n"
    (received,) = (line for line in told(site).splitlines() if "received" in line and name in line)
    assert head == json.loads(received)["hash"]
    inner.close()


def test_who_asks_and_does_not_listen_is_not_listened_to(site: Site, port: int) -> None:
    deaf = Caller(site, port, "hosting")
    deaf.socket.settimeout(1)
    requests = b"what\n" * 4_000_000
    with pytest.raises(TimeoutError):
        deaf.socket.sendall(requests)
    other = Caller(site, port, "hosting")
    assert other.ask(b"LIST\n") == "END\n"
    other.close()
    deaf.close()


@pytest.mark.parametrize(
    ("name", "sent", "answer"),
    [
        ("issuer", b"LIST\n", "NO only the inner side takes files\n"),
        ("issuer", b"GET 970499-1.order\n", "NO only the inner side takes files\n"),
        ("issuer", b"DONE 970499-1.order 00\n", "NO only the inner side takes files\n"),
        ("issuer", PUT.replace(b"970499", b"970498"), "NO files of issuer 970499 are called 970499-ORDER.order\n"),
        ("issuer", PUT.replace(b".order", b".xof"), "NO files of issuer 970499 are called 970499-ORDER.order\n"),
        ("issuer", b"PUT 970499-/../../x.order 1 00 " + b"0" * 64 + b"\n", "NO no such file name is taken\n"),
        ("issuer", b"PUT 970499-2.order -1 00 00\n", "NO a size is a number of bytes\n"),
        ("issuer", f"PUT 970499-2.order 999999999999999 {DIGEST} {HEAD}\n".encode(), "NO there is no room"),
        ("issuer", b"PUT 970499-2.order 1 00\n", "NO no such request\n"),
        ("issuer", PUT.replace(b"5a", b"5A"), "NO an audit's head is 64 hexadecimal digits\n"),
        ("issuer", b"\xff\xfe\n", "NO no such request\n"),
        ("hosting", PUT, "NO only an issuer puts files\n"),
        ("hosting", b"GET 970499-9.order\n", "NO no file 970499-9.order\n"),
        ("hosting", b"LIST\n", "END\n"),
        ("issuer", b"x" * 600, ""),
    ],
)
def test_what_is_refused(site: Site, port: int, name: str, sent: bytes, answer: str) -> None:
    caller = Caller(site, port, name)
    assert caller.ask(sent).startswith(answer)
    caller.close()


def test_a_certificate_of_another_authority_is_not_admitted(site: Site, port: int, tmp_path: Path) -> None:
    other = Site(tmp_path)
    context = ssl.create_default_context(cafile=str(site.folder / "ca.pem"))
    context.load_cert_chain(str(other.folder / "issuer.pem"), str(other.folder / "issuer.key"))
    plain = socket.create_connection(("127.0.0.1", port), timeout=20)

    def ask() -> bytes:
        with context.wrap_socket(plain, server_hostname="receiving.example") as wrapped:
            wrapped.sendall(b"LIST\n")
            return wrapped.recv(1)

    with pytest.raises(ssl.SSLError):
        ask()


def test_what_is_not_taken_in_time_expires(site: Site, tmp_path: Path) -> None:
    folder = site.folder / "pmp"
    folder.mkdir()
    old = folder / "970499-3.order"
    old.write_bytes(b"old")
    os.utime(old, (datetime.now(UTC).timestamp() - 3_700,) * 2)
    (folder / "970499-4.order").write_bytes(b"new")
    site.start("receive", "--config", site.server("pmp", ["hosting.example"], age_hours=1))
    assert [path.name for path in folder.iterdir()] == ["970499-4.order"]
    assert "expired" in (site.folder / "pmp.audit").read_text()
