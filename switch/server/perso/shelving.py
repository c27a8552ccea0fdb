"""Files given and taken over TLS by peers that their certificates name (protocol-spec/perso/transfer.md).

This side is called and never calls: there is no client in this module, nor in any that it imports.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from twisted.internet.interfaces import IReactorTime
from twisted.internet.protocol import ServerFactory
from twisted.python.failure import Failure

from switch.perso.chain import HEAD, START, Chain
from switch.perso.partconfig import PartConfig
from switch.perso.shelf import NotKept, Shelf
from switch.server.perso.fileline import FileLine
from switch.server.tls import certified_names

CONNECTIONS_MAX = 64
SWEEP_SECONDS = 60.0
SIZE_DIGITS_MAX = 15
SHOWN_CHARS_MAX = 80
CAME = frozenset({"announced", "received", "pulled", "re-enciphered"})
"""Entries that tell how a file came to be on a shelf."""


class ShelfFactory(ServerFactory):
    """Connections to *shelf*; *clock* tells the time in UTC.  What is put, taken or refused goes into the *chain*."""

    def __init__(
        self, reactor: IReactorTime, config: PartConfig, shelf: Shelf, chain: Chain, clock: Callable[[], datetime]
    ) -> None:
        self.reactor, self.config, self.shelf, self.chain, self.clock = reactor, config, shelf, chain, clock
        self.connections = 0

    def buildProtocol(self, addr: object) -> ShelfLine | None:
        return ShelfLine(self) if self.connections < CONNECTIONS_MAX else None

    def sweep(self) -> None:
        """Remove what was not taken in time."""
        hours = self.config.age_hours_max
        for name in self.shelf.expire(self.clock().timestamp(), hours * 3_600) if hours else ():
            self.chain.write("age", "expired", {"file": name})

    def sweep_on(self) -> None:
        """Sweep now and again."""
        self.sweep()
        self.reactor.callLater(SWEEP_SECONDS, self.sweep_on)


class ShelfLine(FileLine):
    """One peer."""

    def __init__(self, factory: ShelfFactory) -> None:
        super().__init__(factory.reactor)
        self._of = factory
        self._who = ""
        self._issuer: str | None = None
        self._takes = False

    def connectionMade(self) -> None:
        self.listen_while_heard()
        self._of.connections += 1
        self.watch()

    def ended(self, silent: bool, broken: str | None) -> None:
        self._of.connections -= 1
        if broken is not None:
            self._told("broken off", {"file": broken})

    def heard(self, line: str) -> None:
        if not self._who:
            self._recognise()
        word, *fields = line.split(" ")
        try:
            if word == "PUT" and len(fields) == 4:
                self._put(*fields)
            elif word == "LIST" and not fields:
                self._list()
            elif word == "GET" and len(fields) == 1:
                self._get(*fields)
            elif word == "DONE" and len(fields) == 2:
                self._done(*fields)
            else:
                self.say("NO no such request")
        except NotKept as e:
            self._told(f"refused {word}", {"file": "".join(fields[:1])[:SHOWN_CHARS_MAX], "why": str(e)})
            self.say(f"NO {e}")
        except OSError as e:
            self._told(f"failed {word}", {"why": e.strerror or ""})
            self.say("NO the file can't be kept or read now")

    def file_came(self, name: str, wrong: str) -> None:
        if wrong:
            self._told("refused PUT", {"file": name, "why": wrong})
            self.say(f"NO {wrong}")
        else:
            self._told("received", {"file": name, "digest": self._of.shelf.file(name).digest})
            self.say("OK")

    # --- requests -------------------------------------------------------------------------------------------------
    def _put(self, name: str, size: str, digest: str, head: str) -> None:
        if self._issuer is None:
            raise NotKept("only an issuer puts files")
        if not name.startswith(f"{self._issuer}-") or not name.endswith(".order"):
            raise NotKept(f"files of issuer {self._issuer} are called {self._issuer}-ORDER.order")
        if not self._of.config.window.holds(self._of.clock()):
            raise NotKept(f"the window is {self._of.config.window} UTC")
        if not (size.isascii() and size.isdecimal()) or len(size) > SIZE_DIGITS_MAX:
            raise NotKept("a size is a number of bytes")
        if not HEAD.fullmatch(head):
            raise NotKept("an audit's head is 64 hexadecimal digits")
        if self._of.shelf.has(name, digest):
            # The issuer was not told that it came: told so now, it need not wonder.
            self._of.chain.once(self._who, "received", {"file": name, "digest": digest})
            self.say(f"HERE {self._of.shelf.file(name).size_bytes} {digest}")
            return
        self.await_file(self._of.shelf.put(name, int(size), digest))
        self._of.chain.once(self._who, "announced", {"file": name, "digest": digest, "before": head})
        self.say("GO")

    def _list(self) -> None:
        self._check_taker()
        for kept in self._of.shelf.files():
            entry = self._of.chain.last(CAME, file=kept.name, digest=kept.digest)
            self.say(f"FILE {kept.name} {kept.size_bytes} {kept.digest} {entry.hash if entry else START}")
        self.say("END")

    def _get(self, name: str) -> None:
        self._check_taker()
        kept = self._of.shelf.file(name)
        file = self._of.shelf.open(name)
        self.say(f"HERE {kept.size_bytes} {kept.digest}")
        self.send(file).addBoth(self._sent, file.close, name)

    def _sent(self, outcome: object, close: Callable[[], None], name: str) -> None:
        close()
        broken = isinstance(outcome, Failure)
        self._told("broken off" if broken else "given", {"file": name})
        if not broken:
            self.watch()

    def _done(self, name: str, digest: str) -> None:
        self._check_taker()
        self._of.shelf.drop(name, digest)
        self._told("removed", {"file": name, "digest": digest})
        self.say("OK")

    # --- inside ---------------------------------------------------------------------------------------------------
    def _recognise(self) -> None:
        """Who calls, by the names in its certificate."""
        names = certified_names(self.line.getPeerCertificate())  # type: ignore[attr-defined]  # TLS has it
        config = self._of.config
        self._takes = bool(names & config.takers)
        self._issuer = next((config.issuers[name] for name in sorted(names) if name in config.issuers), None)
        self._who = ",".join(sorted(names)) or "unnamed"

    def _check_taker(self) -> None:
        if not self._takes:
            raise NotKept("only the inner side takes files")

    def _told(self, what: str, told: Mapping[str, str | int]) -> None:
        self._of.chain.write(self._who, what, told)
