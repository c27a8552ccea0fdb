from __future__ import annotations

from switch.bench.figures import Outcome, Report, add_growth, add_outcome

OUTCOME = Outcome(4_000, 5_000, 2.0, {"lost": 1}, {"p99_ms": 3.0}, 0, 0, {"switch": 1.0}, {"switch": 2_048})


def test_an_outcome_is_told_by_process() -> None:
    report = Report()
    add_outcome(report, OUTCOME, "so ")
    assert OUTCOME.per_second == 2_000
    assert [(each.name, each.value, each.met) for each in report.figures] == [
        ("so processor, switch", 250.0, None),
        ("so memory, switch", 2.0, None),
        ("so lost or declined", 1, False),
    ]
    assert report.missed == ["so lost or declined"]


def test_what_is_wanted_is_judged_and_shown() -> None:
    report = Report()
    report.add("rate", 1_999.0, "a second", least=2_000)
    report.add("p99", 49.994, "ms", most=50)
    report.add("load", 0.25, "")
    assert report.missed == ["rate"]
    assert report.lines() == [
        "rate  1999 a second  at least 2000: MISSED",
        "p99   50.0 ms        at most 50: met",
        "load  0.25",
    ]
    assert report.document()[0] == {
        "name": "rate", "value": 1_999.0, "unit": "a second", "wanted": "at least 2000", "met": False,
    }  # fmt: skip


def test_growth_is_linear_or_it_is_not() -> None:
    for last, met in ((10_000, True), (14_000, True), (20_000, False)):
        report = Report()
        add_growth(report, "KiB", [(100, 5_100.0), (1_000, 6_000.0), (10_000, 6_000.0 + 9_000 * last / 10_000)])
        assert [each.met for each in report.figures] == [None, met]
        assert report.figures[0].value == 1.0
