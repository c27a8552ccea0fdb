"""What runs, and what is kept, in the text that Prometheus scrapes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector, CollectorRegistry

from hsm.client.figures import LATENCY_BOUNDS_SECONDS, PoolFigures
from switch.keys.status import LineStatus, TerminalStatus
from switch.operator.figures import Figures
from switch.operator.views import Kept, LinkView, Running, ShareView
from switch.store.reading import Queue

PREFIX = "zonekey_switch_"
HSM_GAUGES = {
    "in_flight": "Commands that HSMs have and have not answered.",
    "queued": "Commands that wait for room.",
    "queued_bytes": "How long those are together.",
}
HSM_COUNTERS = {
    "answered": "Commands that were answered, with whatever code.",
    "refused": "Those of them that were refused.",
    "not_sent": "Commands that no HSM was given.",
    "unknown": "Commands without an answer: an HSM may have done them.",
    "repeated": "How often a command was given again.",
    "late": "Answers to what was given up.",
    "garbled": "Answers that could not be read.",
}
"""The pool's figures by the names that they have there."""
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def exposition(running: Running, kept: Kept | None, now_us: int) -> bytes:
    """The text for a moment; *kept* is None while the store can't be read."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collected(families(running, kept, now_us)))
    return generate_latest(registry)


def families(running: Running, kept: Kept | None, now_us: int) -> Sequence[Metric]:
    """The same, as families of samples."""
    return [*_running(running), *_kept(kept, now_us)]


class _Collected(Collector):
    """Metrics that are there already."""

    def __init__(self, metrics: Sequence[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        return self._metrics


Labelled = Iterable[tuple[tuple[str, ...], float]]


def _gauge(name: str, text: str, labels: Sequence[str], values: Labelled) -> Metric:
    family = GaugeMetricFamily(PREFIX + name, text, labels=labels)
    for labelled, value in values:
        family.add_metric(labelled, value)
    return family


def _counter(name: str, text: str, labels: Sequence[str], values: Labelled) -> Metric:
    family = CounterMetricFamily(PREFIX + name, text, labels=labels)
    for labelled, value in values:
        family.add_metric(labelled, value)
    return family


def _running(running: Running) -> Iterator[Metric]:
    yield _gauge("start_time_seconds", "When the process began.", (), [((), running.started_us / 1e6)])
    yield from _links(running.links)
    yield _counter("calls_turned_away", "Calls that belonged to no link.", (), [((), running.turned_away)])
    yield _gauge("transactions_under_way", "Begun, and not at their end.", (), [((), running.under_way)])
    yield from _transactions(running.figures)
    forwarded = sorted(running.forwarded.items())
    yield _counter("forwarded", "What was done about messages that links are owed.", ("link", "event"), forwarded)
    alarms = [(alarm, 1.0) for alarm in running.alarms]
    yield _gauge("owed_alarm", "What is alarming about a queue.", ("link", "alarm"), alarms)
    store = running.store
    yield _gauge("store_works_waiting", "Works before the writer.", (), [((), store.waiting)])
    yield _gauge("store_works_waiting_max", "How many may wait.", (), [((), store.waiting_max)])
    yield _counter("store_callbacks_failed", "Results whose taker failed.", (), [((), store.callbacks_failed)])
    yield from _keys(running.keys, running.terminals)
    yield from _shares(running.shares)
    if running.hsm is not None:
        yield from _hsm(running.hsm)
    yield _counter("log_lines_dropped", "Lines that the log could not take.", (), [((), running.log_lines_dropped)])


def _links(links: Sequence[LinkView]) -> Iterator[Metric]:
    yield _gauge(
        "link_connected", "Does the connection stand?", ("link",), [((v.name,), v.line == "CONNECTED") for v in links]
    )
    ways = [((v.name, way), opened) for v in links for way, opened in (("out", v.sends), ("in", v.takes))]
    yield _gauge("link_open", "May transactions pass this way?", ("link", "way"), ways)
    unanswered = [((v.name, way), n) for v in links for way, n in (("out", v.outstanding), ("in", v.owed))]
    yield _gauge(
        "link_unanswered", "Requests without an answer: ours (out), the peer's (in).", ("link", "way"), unanswered
    )
    counted = [((v.name, what), n) for v in links for what, n in sorted(v.counts.items())]
    yield _counter("link_events", "What was counted of a link.", ("link", "event"), counted)


def _transactions(figures: Figures) -> Iterator[Metric]:
    yield _counter(
        "transactions", "Requests answered, by service and response code.", ("service", "response"),
        figures.answers.copy().items(),
    )  # fmt: skip
    family = HistogramMetricFamily(PREFIX + "transaction_seconds", "From arrival to answer.", labels=("service",))
    for service, buckets in sorted(figures.latencies.items()):
        family.add_metric((service,), _cumulated(buckets), figures.microseconds[service] / 1e6)
    yield family


def _cumulated(buckets: Sequence[int]) -> list[tuple[str, float]]:
    so_far = 0
    found: list[tuple[str, float]] = []
    for bound, count in zip((*LATENCY_BOUNDS_SECONDS, float("inf")), buckets, strict=True):
        so_far += count
        found.append(("+Inf" if bound == float("inf") else str(bound), so_far))
    return found


def _keys(keys: Sequence[LineStatus], terminals: Sequence[TerminalStatus]) -> Iterator[Metric]:
    labels = ("link", "type", "direction")
    lines = [((k.link, k.type, k.direction), k) for k in keys]
    yield _gauge("key_version", "Which key is in force; 0: none.", labels, [(of, k.version) for of, k in lines])
    yield _gauge("key_uses", "How often it was used.", labels, [(of, k.uses) for of, k in lines])
    ages = [(of, k.age_seconds) for of, k in lines if k.version]
    yield _gauge("key_age_seconds", "For how long it is in force.", labels, ages)
    yield _gauge("key_offered", "Which key is offered; 0: none.", labels, [(of, k.pending) for of, k in lines])
    standing = Counter((each.link, each.state) for each in terminals)
    yield _gauge("terminals", "Terminals by the state of their keys.", ("link", "state"), sorted(standing.items()))


def _shares(shares: Sequence[ShareView]) -> Iterator[Metric]:
    """Of several processes that share the store, what this one has."""
    ours = [((each.share,), each.ours) for each in shares]
    yield _gauge("share_ours", "Does this process work on its links?", ("share",), ours)
    yield _gauge("share_open", "Are they open here?", ("share",), [((each.share,), each.opened) for each in shares])
    yield _gauge(
        "share_term", "How often it changed hands.", ("share",), [((each.share,), each.term) for each in shares]
    )
    moves = [((each.share, event), n) for each in shares for event, n in (("taken", each.taken), ("lost", each.lost))]
    yield _counter("share_moves", "How often this process took or lost it.", ("share", "event"), moves)


def _hsm(pool: PoolFigures) -> Iterator[Metric]:
    for name, text in HSM_GAUGES.items():
        yield _gauge(f"hsm_{name}", text, (), [((), getattr(pool, name))])
    for name, text in HSM_COUNTERS.items():
        yield _counter(f"hsm_{name}", text, (), [((), getattr(pool, name))])
    family = HistogramMetricFamily(PREFIX + "hsm_seconds", "From a question to its answer.", labels=())
    family.add_metric((), _cumulated(pool.latencies), None)
    yield family
    sites = pool.sites
    yield _gauge("hsm_connections", "Admitted connections.", ("site",), [((s.name,), s.connections) for s in sites])
    yield _gauge("hsm_draining", "Is it being drained?", ("site",), [((s.name,), s.draining) for s in sites])


def _kept(kept: Kept | None, now_us: int) -> Iterator[Metric]:
    yield _gauge("store_readable", "Could the store be read for this scrape?", (), [((), kept is not None)])
    if kept is None:
        return
    yield _gauge("exceptions_open", "What somebody must look at.", (), [((), kept.irregular)])
    queues: Sequence[Queue] = kept.queues
    yield _gauge("owed", "Messages that a link must get.", ("link",), [((q.link,), q.depth) for q in queues])
    oldest = [((q.link,), (now_us - q.oldest_us) / 1e6) for q in queues]
    yield _gauge("owed_oldest_seconds", "Since when the oldest of them waits.", ("link",), oldest)
    tries = [((q.link,), q.attempts_most) for q in queues]
    yield _gauge("owed_attempts_most", "How often the most tried of them was sent.", ("link",), tries)
