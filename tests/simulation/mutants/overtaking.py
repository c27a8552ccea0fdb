"""Store-and-forward sends whatever is due, as if messages about one original did not wait for one another."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from switch.saf.queue import Held, Queue

RULES = ("IN_ORDER",)
FAULTS = 0.02


def put_in(patch: pytest.MonkeyPatch) -> None:
    def all_of_them(queue: Queue) -> Iterator[Held]:
        # The last owed goes first.
        return iter(reversed(queue.rows))

    patch.setattr(Queue, "first_of_each", all_of_them)
