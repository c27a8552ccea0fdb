from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.bench.times import Quantiles, quantile, quantiles

TIMES = st.lists(st.floats(0, 10), min_size=1, max_size=300)


@given(TIMES, st.integers(1, 1000))
def test_a_quantile_is_the_least_time_that_so_many_do_not_exceed(seconds: list[float], thousandths: int) -> None:
    ordered = sorted(seconds)
    found = quantile(ordered, thousandths / 1000)
    needed = math.ceil(thousandths * len(ordered) / 1000)
    assert sum(each <= found for each in ordered) >= needed
    assert sum(each < found for each in ordered) < needed


def test_of_a_hundred_times_the_ninety_ninth_is_p99() -> None:
    assert quantiles([n / 1000 for n in range(100, 0, -1)]) == Quantiles(50.0, 99.0, 100.0, 100.0)


def test_nothing_has_no_quantiles() -> None:
    with pytest.raises(ValueError, match="nothing"):
        quantiles([])
