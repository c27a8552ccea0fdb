"""Charts for terminals and pages."""

from __future__ import annotations

from switch.scenarios.drawing import chart, index, mermaid, page
from switch.scenarios.scenariofile import load
from switch.scenarios.seen import Seen

SEEN = [
    Seen(0.0, "ATM", "A", "0200"),
    Seen(0.5, "A", "B", "0800"),
    Seen(1.0, "A-B", "A-B", "", event="is cut"),
    Seen(1.25, "B", "I", "0200", "", "lost"),
    Seen(2.0, "I", "B", "0210", "00", "3 times"),
    Seen(2.5, "B", "B", "", event="is killed"),
    Seen(3.0, "A", "ATM", "0210", "91"),
]


def test_a_chart_for_a_terminal() -> None:
    drawn = chart(SEEN)
    assert "0800" not in drawn
    assert "POS" not in drawn
    lines = drawn.splitlines()
    assert lines[0].split("  ")[0] == ""
    assert len({line.index("|") for line in lines[1:]}) == 1
    assert "---- 0200 -" in lines[1]
    assert lines[1].rstrip().endswith("|")
    assert "* A-B is cut" in lines[2]
    assert "(lost) -------x|" in lines[3]
    assert "<" in lines[4]
    assert "0210 00 (3 times)" in lines[4]
    assert "* B is killed" in lines[5]
    assert "0210 91" in lines[6]


def test_a_chart_for_a_page() -> None:
    drawn = mermaid(SEEN)
    assert drawn.startswith("sequenceDiagram\n    participant ATM as ATM\n    participant A as A, acquirer\n")
    assert "    Note over A,B: A-B is cut\n" in drawn
    assert "    B-xI: 0200 (lost), 1.2 s\n" in drawn
    assert "    I->>B: 0210 00 (3 times), 2.0 s\n" in drawn
    assert "0800" not in drawn


def test_a_page_tells_the_story_and_the_end() -> None:
    scenario = load("F31-unknown-reverses")
    told = page("<!-- mark -->\n", scenario, SEEN)
    assert told.startswith("<!-- mark -->\n")
    for text in (
        scenario.title,
        scenario.story,
        "figure 3.31",
        'unproved = "reverse"',
        "sequenceDiagram",
        "B's exceptions",
    ):
        assert text in told
    listed = index("", [scenario], "a = 1")
    assert f"[{scenario.title}](F31-unknown-reverses.md)" in listed
    assert "```toml\na = 1\n```" in listed
