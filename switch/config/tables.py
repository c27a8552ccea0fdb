"""The files that the operator changes while the switch runs: prefixes, services, response codes, stand-in.

[stand-in]                     # left out: the switch stands in for nobody
policies = "standin.toml"      # by the names that the table of prefixes has
pan-key = "pan.key"            # a file: 32 hexadecimal digits or more, made once and kept: ids of cards come from it
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import TypeVar

from switch.link.lines import ConfigError
from switch.routing.binfile import BinFileError
from switch.routing.bins import BinTable
from switch.routing.route import Routing
from switch.services import responses, servicefile
from switch.services.catalogue import Services
from switch.services.responses import Responses
from switch.services.servicefile import ServiceFileError
from switch.standin.policy import Policy
from switch.standin.policyfile import read_policies
from switch.tablefile import PROBLEMS_MAX

K = TypeVar("K")
FILE_BYTES_MAX = 128 << 20


class TableRefused(Exception):
    """A file can't be had or is refused; *problems* are lines that name the place."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


class Which(Enum):
    """One of the files, in the order in which all are read: a policy is there before a prefix names it."""

    STAND_IN = "stand-in"
    BINS = "bins"
    SERVICES = "services"
    RESPONSES = "responses"


@dataclass(frozen=True)
class Tables:
    """What is in force."""

    routing: Routing
    services: Services
    responses: Responses
    policies: Mapping[str, Policy] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class TableFiles:
    """Where the files are, None for what comes with the product; *links* are those that prefixes may lead to.

    *channels* are those that partners' requests come from: a catalogue must know them.  *parallel*: a link → the one that
    it stands beside.  *fees* are the keys of fees that the issuer charges: a service of a catalogue must have each.
    """

    bins: Path | None
    services: Path | None
    responses: Path | None
    links: frozenset[str]
    channels: frozenset[str] = frozenset()
    stand_in: Path | None = None
    parallel: Mapping[str, str] = field(default_factory=dict)
    fees: frozenset[str] = frozenset()

    def read(self) -> Tables:
        """All of them.  Raises TableRefused."""
        empty = Routing(BinTable(()), self.links, self.parallel)
        routing = self._routing(empty)[0] if self.bins else empty
        return self._agreed(Tables(routing, self._services(), self._responses(), self._policies()))

    def again(self, which: Which, now: Tables) -> tuple[Tables, str]:
        """*now* with the file *which* as it is today, and what that changes.  Raises TableRefused, and nothing changes."""
        if which is Which.BINS:
            if self.bins is None:
                return now, "no file is configured"
            routing, told = self._routing(now.routing)
            return self._agreed(replace(now, routing=routing)), told
        if which is Which.SERVICES:
            services = self._services()
            return replace(now, services=services), _changes(_by_name(now.services), _by_name(services))
        if which is Which.STAND_IN:
            policies = self._policies()
            told = _changes(now.policies, policies)
            return self._agreed(replace(now, policies=policies)), told
        codes = self._responses()
        return replace(now, responses=codes), _changes(_by_code(now.responses), _by_code(codes))

    def _routing(self, routing: Routing) -> tuple[Routing, str]:
        assert self.bins is not None
        text = _text(self.bins)
        try:
            after, changes = routing.reloaded(str(self.bins), text)
        except BinFileError as fault:
            raise TableRefused(fault.problems) from None
        return after, f"{changes.added} added, {changes.removed} removed, {changes.changed} changed"

    def _agreed(self, tables: Tables) -> Tables:
        """*tables*, if each policy that a prefix names is there."""
        problems = [
            f"{self.bins}:{row.line}: stand_in: a policy of {self.stand_in} is expected"
            for row in tables.routing.table.rows
            if self.stand_in and row.stand_in and row.stand_in not in tables.policies
        ]
        if problems:
            raise TableRefused(tuple(problems[:PROBLEMS_MAX]))
        return tables

    def _policies(self) -> Mapping[str, Policy]:
        if self.stand_in is None:
            return {}
        folder = self.stand_in.parent
        try:
            return read_policies(str(self.stand_in), _text(self.stand_in), lambda name: _text(folder / name))
        except ConfigError as fault:
            raise TableRefused((str(fault),)) from None

    def _services(self) -> Services:
        try:
            services = (
                servicefile.packaged()
                if self.services is None
                else servicefile.read(str(self.services), _text(self.services))
            )
        except ServiceFileError as fault:
            raise TableRefused((str(fault),)) from None
        missing = sorted(self.channels - services.channels.keys())
        if missing:
            raise TableRefused((f"{self.services}: channels: {', '.join(missing)}, which links use, are expected",))
        unknown = sorted(self.fees - {row.fee for row in services.rows})
        if unknown:
            raise TableRefused(
                (f"{self.services or 'services'}: fee: {', '.join(unknown)}, which the issuer charges, are expected",)
            )
        return services

    def _responses(self) -> Responses:
        try:
            return (
                responses.packaged()
                if self.responses is None
                else responses.read(str(self.responses), _text(self.responses))
            )
        except ServiceFileError as fault:
            raise TableRefused((str(fault),)) from None


def _text(path: Path) -> str:
    try:
        with path.open("rb") as opened:
            content = opened.read(FILE_BYTES_MAX + 1)
        if len(content) > FILE_BYTES_MAX:
            raise TableRefused((f"{path}: at most {FILE_BYTES_MAX} bytes are expected",))
        return content.decode("utf-8")
    except OSError as fault:
        raise TableRefused((f"{path}: {fault.strerror}",)) from None
    except UnicodeDecodeError as fault:
        line = content[: fault.start].count(b"\n") + 1
        raise TableRefused((f"{path}:{line}: UTF-8 text is expected",)) from None


def _by_name(services: Services) -> dict[object, object]:
    rows: dict[object, object] = {(row.channel, row.name): row for row in services.rows}
    return rows | {("withheld", bank): withheld for bank, withheld in services.withheld.items()}


def _by_code(codes: Responses) -> dict[object, object]:
    rows: dict[object, object] = {("code", code): meaning for code, meaning in codes.meanings.items()}
    return rows | {("link", link): table for link, table in codes.links.items()}


def _changes(before: Mapping[K, object], after: Mapping[K, object]) -> str:
    kept = before.keys() & after.keys()
    changed = sum(before[each] != after[each] for each in kept)
    return f"{len(after.keys() - kept)} added, {len(before.keys() - kept)} removed, {changed} changed"
