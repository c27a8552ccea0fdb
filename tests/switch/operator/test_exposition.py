"""What Prometheus scrapes, read by Prometheus's own parser."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families
from support.operating import NOW_US, Kepts, Told, link_view

from switch.operator.exposition import exposition
from switch.operator.figures import OTHER, SERIES_MAX, Figures
from switch.operator.views import Kept, Running

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def samples(running: Running, kept: Kept | None = None) -> Samples:
    text = exposition(running, kept, NOW_US + 10_000_000).decode()
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found[sample.name.removeprefix("zonekey_switch_"), tuple(sorted(sample.labels.items()))] = sample.value
    return found


def test_everything_that_runs_is_there() -> None:
    board = Told()
    board.counted.answered("withdrawal", "00", 0.004)
    board.counted.answered("withdrawal", "55", 7.0)
    found = samples(board.running(), Kepts().kept())
    assert found["link_connected", (("link", "bank-a"),)] == 1
    assert found["link_connected", (("link", "bank-i"),)] == 0
    assert found["link_unanswered", (("link", "bank-a"), ("way", "out"))] == 3
    assert found["link_events_total", (("event", "messages sent"), ("link", "bank-a"))] == 7
    assert found["transactions_total", (("response", "55"), ("service", "withdrawal"))] == 1
    assert found["transaction_seconds_bucket", (("le", "0.005"), ("service", "withdrawal"))] == 1
    assert found["transaction_seconds_bucket", (("le", "+Inf"), ("service", "withdrawal"))] == 2
    assert found["transaction_seconds_count", (("service", "withdrawal"),)] == 2
    assert found["transaction_seconds_sum", (("service", "withdrawal"),)] == 7.004
    assert found["store_works_waiting", ()] == 5
    assert found["hsm_answered_total", ()] == 9
    assert found["hsm_seconds_bucket", (("le", "0.001"),)] == 9
    assert found["hsm_connections", (("site", "a"),)] == 2
    key = (("direction", "both"), ("link", "bank-a"), ("type", "ZPK"))
    assert found["key_version", key] == 4
    assert found["key_age_seconds", key] == 7_210
    assert found["key_offered", key] == 5
    assert found["terminals", (("link", "bank-a"), ("state", "given"))] == 1
    assert found["transactions_under_way", ()] == 4
    assert found["forwarded_total", (("event", "sent"), ("link", "bank-i"))] == 8
    alarm = "more messages are owed than the threshold"
    assert found["owed_alarm", (("alarm", alarm), ("link", "bank-i"))] == 1
    assert found["owed", (("link", "bank-i"),)] == 2
    assert found["owed_oldest_seconds", (("link", "bank-i"),)] == 100
    assert found["owed_attempts_most", (("link", "bank-i"),)] == 4
    assert found["store_readable", ()] == 1
    assert found["calls_turned_away_total", ()] == 2
    assert [found[f"share_{each}", (("share", "a"),)] for each in ("ours", "open", "term")] == [1, 1, 3]
    assert found["share_moves_total", (("event", "taken"), ("share", "a"))] == 2


def test_a_store_that_can_not_be_read_hides_nothing_else() -> None:
    found = samples(Told(has_hsm=False).running())
    assert found["store_readable", ()] == 0
    assert found["store_works_waiting", ()] == 5
    assert not [name for name, _ in found if name.startswith(("owed_oldest", "hsm", "exceptions"))]


def test_a_name_that_means_something_to_the_format_stays_a_name() -> None:
    odd = 'a"\\\n} 1'
    assert samples(Told(view=[link_view(odd)]).running())["link_connected", (("link", odd),)] == 1


def test_series_are_bounded() -> None:
    figures = Figures()
    for number in range(SERIES_MAX + 10):
        figures.answered(f"service {number}", "00", 0.001)
    assert len(figures.answers) == SERIES_MAX + 1
    assert figures.answers[OTHER, OTHER] == 10
    assert len(figures.latencies) == SERIES_MAX + 1
    assert sum(sum(buckets) for buckets in figures.latencies.values()) == SERIES_MAX + 10
