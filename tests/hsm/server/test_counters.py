from __future__ import annotations

import os
import subprocess
import sys

import pytest

from hsm.server.counters import Counters, shared_file


def test_counting_alone() -> None:
    counters = Counters(1, ("a", "b"))
    counters.add("a")
    counters.add("a", 4)
    assert (counters.total("a"), counters.total("b")) == (5, 0)
    with pytest.raises(KeyError):
        counters.add("c")
    counters.close()


def test_each_process_adds_in_its_row_and_all_see_the_sum() -> None:
    descriptor = shared_file(3, ("a", "b"))
    try:
        ours = Counters(3, ("a", "b"), row=0, descriptor=descriptor)
        ours.add("b", 2)
        program = (
            "import sys; from hsm.server.counters import Counters\n"
            "c = Counters(3, ('a', 'b'), row=int(sys.argv[1]), descriptor=int(sys.argv[2]))\n"
            "[c.add('b') for _ in range(1000)]; c.add('a', 7)"
        )
        for row in (1, 2, 2):  # the third process takes its predecessor's row over
            subprocess.run(
                [sys.executable, "-c", program, str(row), str(descriptor)], pass_fds=[descriptor], check=True
            )
        assert (ours.total("a"), ours.total("b"), ours.own("b")) == (21, 3002, 2)
    finally:
        os.close(descriptor)


@pytest.mark.parametrize("row", [-1, 2])
def test_a_row_outside_the_file_is_refused(row: int) -> None:
    with pytest.raises(ValueError, match="row"):
        Counters(2, ("a",), row=row)
