"""The pool against appliances that are processes, and against servers that are none."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from support.turning import Turning, turning
from twisted.internet.protocol import Factory, Protocol

from hsm.client.codec import Wire
from hsm.client.connection import tcp_endpoint, tls_endpoint
from hsm.client.eracomcodec import EracomWire
from hsm.client.pool import HsmPool, NotSent, OutcomeUnknown
from hsm.client.process import ApplianceProcess
from hsm.client.station import Bounds, Site
from hsm.dialects.eracom.status import AskRandom, RandomValue
from hsm.dialects.thales.health import Volumes
from hsm.dialects.thales.key import GenerateKey, KeyGenerated
from hsm.dialects.thales.status import Diagnosed
from hsm.dialects.thales.translate import PinTranslated, TranslatePinFromTerminal
from hsm.wire.codec import codec_of
from hsm.wire.message import Empty

SERVED = ("--lmk", "00=test-variant", "--authorise", "all")
# Published by the author of another simulator; see hsm.client.tour.
TRANSLATE = codec_of(TranslatePinFromTerminal).parse(
    "0406FBB23A5214DFBAB32D775A38E4AB12DC80B186C30902B00303550000025321"
)
TRANSLATED = bytes.fromhex("F7808F2CBEC63168")
GENERATE = codec_of(GenerateKey).parse("0001U")
REQUESTS, KEYS_EVERY = 1_200, 4
ATTEMPT_SECONDS = 20.0
"""An appliance answers within it, however busy the machine is."""


@pytest.fixture
def turned() -> Iterator[Turning]:
    with turning() as made:
        yield made


def pool_of(turned: Turning, *ports: int, wire: Wire | EracomWire | None = None, **bounds: float) -> HsmPool:
    sites = [
        Site(f"hsm-{number}", tcp_endpoint(turned.reactor, "127.0.0.1", port)) for number, port in enumerate(ports)
    ]
    limits = Bounds(**{"timeout_seconds": 60.0, "attempt_seconds": ATTEMPT_SECONDS, **bounds})  # type: ignore[arg-type]  # bounds are numbers
    pool = HsmPool(turned.reactor, sites, wire or Wire(), limits)
    pool.start()
    return pool


def keys_made(turned: Turning, port: int) -> int:
    """How many A0 the appliance says that it executed."""
    pool = pool_of(turned, port)
    told = turned.result(pool.ask(Empty(), Volumes)).volumes.decode()
    turned.result(pool.stop())
    counts = {told[at : at + 2]: int(told[at + 2 : at + 14]) for at in range(0, len(told), 14)}
    return counts["A0"]


class Load:
    """A window of requests kept full: translations, and every fourth a key."""

    def __init__(self, pool: HsmPool, window: int) -> None:
        self.translated = 0
        self.keys = 0
        self.unknown: list[str] = []
        self.wrong: list[object] = []
        self._pool = pool
        self._left = REQUESTS
        for _ in range(window):
            self._next()

    @property
    def done(self) -> int:
        return self.translated + self.keys + len(self.unknown) + len(self.wrong)

    def _next(self) -> None:
        if not self._left:
            return
        self._left -= 1
        if self._left % KEYS_EVERY:
            self._pool.ask(TRANSLATE, PinTranslated).addCallbacks(self._translated, self.wrong.append)
        else:
            made = self._pool.ask(GENERATE, KeyGenerated)
            made.addCallback(self._made)
            made.addErrback(lambda failure: self.unknown.append(failure.check(OutcomeUnknown).__name__))
            made.addBoth(lambda _: self._next())

    def _translated(self, answer: PinTranslated) -> None:
        if answer.destination_block == TRANSLATED:
            self.translated += 1
        else:
            self.wrong.append(answer)
        self._next()

    def _made(self, answer: KeyGenerated) -> None:
        self.keys += 1


def test_one_of_two_is_killed_under_load(turned: Turning) -> None:
    with ApplianceProcess(SERVED) as victim, ApplianceProcess(SERVED) as survivor:
        pool = pool_of(turned, victim.port, survivor.port)
        turned.until(lambda: all(site.connections == 2 for site in pool.figures().sites))
        load = Load(pool, 64)
        turned.until(lambda: load.done > REQUESTS // 4)
        # Stopped first, so that requests are certainly with it when it dies.
        os.kill(victim.pid, signal.SIGSTOP)
        done = load.done
        turned.until(lambda: load.done > done + REQUESTS // 4)
        assert pool.figures().sites[0].in_flight > KEYS_EVERY
        os.kill(victim.pid, signal.SIGKILL)
        turned.until(lambda: load.done == REQUESTS)
        assert load.wrong == []
        assert load.translated == REQUESTS - REQUESTS // KEYS_EVERY, "every translation was answered, and rightly"
        assert set(load.unknown) == {"OutcomeUnknown"}
        assert load.keys + len(load.unknown) == REQUESTS // KEYS_EVERY
        assert keys_made(turned, survivor.port) <= load.keys, "no key was made for a request that failed"
        assert pool.figures().repeated > 0
        turned.result(pool.stop())


def test_an_appliance_with_another_lmk_is_refused(turned: Turning) -> None:
    with ApplianceProcess(SERVED) as right, ApplianceProcess(("--lmk", "00=test-3des-block")) as odd:
        pool = pool_of(turned, right.port)
        turned.until(lambda: pool.figures().sites[0].connections == 2)
        value = turned.result(pool.ask(Empty(), Diagnosed)).lmk_check_value
        turned.result(pool.stop())
        pool = pool_of(turned, right.port, odd.port, connections=1)
        turned.until(lambda: any(site.complaint is not None for site in pool.figures().sites))
        complaint = next(site.complaint for site in pool.figures().sites if site.complaint is not None)
        assert complaint.startswith("NC tells lmk_check_value ")
        assert value in complaint
        turned.result(pool.stop())


def test_tls_with_certificates_on_both_sides(turned: Turning, tmp_path: Path) -> None:
    authority, other = trustme.CA(), trustme.CA()
    files = {}
    for name, issuer, host in (("server", authority, "127.0.0.1"), ("ours", authority, "host-1"), ("bad", other, "x")):
        leaf = issuer.issue_cert(host)
        files[name] = (tmp_path / f"{name}.pem", tmp_path / f"{name}.key")
        files[name][0].write_bytes(b"".join(each.bytes() for each in leaf.cert_chain_pems))
        leaf.private_key_pem.write_to_path(str(files[name][1]))
    roots = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(roots))
    options = ("--tls-port", "0", "--tls-cert", str(files["server"][0]), "--tls-key", str(files["server"][1]))
    with ApplianceProcess((*SERVED, *options, "--tls-client-ca", str(roots))) as appliance:
        port = appliance.ports["tls"]
        pool = HsmPool(
            turned.reactor, [Site("a", tls_endpoint(turned.reactor, "127.0.0.1", port, roots, *files["ours"]))], Wire()
        )
        pool.start()
        turned.until(lambda: pool.figures().sites[0].complaint is not None or pool.figures().sites[0].connections == 2)
        assert pool.figures().sites[0].complaint is None
        assert turned.result(pool.ask(TRANSLATE, PinTranslated)).destination_block == TRANSLATED
        turned.result(pool.stop())
        for unfit in (files["bad"], ()):
            endpoint = tls_endpoint(turned.reactor, "127.0.0.1", port, roots, *unfit)
            pool = HsmPool(turned.reactor, [Site("a", endpoint)], Wire(), Bounds(timeout_seconds=0.5))
            pool.start()
            with pytest.raises(NotSent):
                turned.result(pool.ask(TRANSLATE, PinTranslated))
            turned.result(pool.stop())


def test_the_other_dialect(turned: Turning) -> None:
    with ApplianceProcess((*SERVED, "--eracom-port", "0", "--km", "test-2266")) as appliance:
        pool = pool_of(turned, appliance.ports["eracom"], wire=EracomWire())
        asked = [pool.ask(AskRandom(modifier="00", length=length), RandomValue) for length in range(1, 65)]
        assert [len(turned.result(each).value) for each in asked] == list(range(1, 65))
        turned.result(pool.stop())


class Garbage(Protocol):
    """Answers whatever comes with what is no frame of anything."""

    def dataReceived(self, data: bytes) -> None:
        assert self.transport is not None
        self.transport.write(os.urandom(4_096))


class Silence(Protocol):
    """Answers nothing."""


@pytest.mark.parametrize("server", [Garbage, Silence])
def test_a_server_that_is_none_disturbs_nobody(turned: Turning, server: type[Protocol]) -> None:
    listening = turned.reactor.listenTCP(0, Factory.forProtocol(server), interface="127.0.0.1")
    with ApplianceProcess(SERVED) as appliance:
        pool = pool_of(turned, listening.getHost().port, appliance.port)
        turned.until(lambda: pool.figures().sites[1].connections == 2)
        turned.time.passes(ATTEMPT_SECONDS)
        load = Load(pool, 16)
        turned.until(lambda: load.done == REQUESTS)
        assert (load.wrong, load.unknown) == ([], [])
        assert pool.figures().sites[0].connections == 0
        turned.result(pool.stop())
    listening.stopListening()
