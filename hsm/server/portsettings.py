"""Host ports between the configuration and the console: what was stored for them, and how they run."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace

from hsm.server.ports import Limits, Listener
from hsm.storage.hostports import HostPort


def with_stored(listeners: Sequence[Listener], stored: Mapping[tuple[str, str], str]) -> tuple[Listener, ...]:
    """*listeners* as an officer stored that they shall speak; each difference is told on standard error."""
    changed = tuple(_with_stored(each, stored) for each in listeners)
    for before, after in zip(listeners, changed, strict=True):
        if before != after:
            print(f"{after.name}: speaks as was stored at the console (QH tells how)", file=sys.stderr, flush=True)
    return changed


def _with_stored(listener: Listener, stored: Mapping[tuple[str, str], str]) -> Listener:
    values = {field: text for (name, field), text in stored.items() if name == listener.name}
    return replace(
        listener,
        header_bytes=int(values.get("header-length", listener.header_bytes)),
        charset=values.get("charset", listener.charset),
        lmk_id=values.get("lmk", listener.lmk_id),
    )


def host_port(listener: Listener, limits: Limits) -> HostPort:
    """*listener* as the console tells of it."""
    values = {"header-length": str(listener.header_bytes), "charset": listener.charset}
    if listener.lmk_id is not None:
        values["lmk"] = listener.lmk_id
    return HostPort(
        name=listener.name,
        address=f"{listener.host}:{listener.port}",
        transport="TCP and UDP" if listener.tls is None else _tls(listener),
        limits=f"{limits.connections_max} connections in each process, idle for {limits.idle_seconds:g} s at most",
        values=values,
    )


def _tls(listener: Listener) -> str:
    asked = listener.tls is not None and listener.tls.client_ca is not None
    return "TLS, clients show certificates" if asked else "TLS"
