"""A program that counts in the store and says each number when it was told that it is committed, until it is killed.

python counting_store.py URL
"""

from __future__ import annotations

import os
import sys
import threading

from switch.store.group import Done, Result
from switch.store.opening import database
from switch.store.rows import Era, Irregular
from switch.store.view import View, Work
from switch.store.writer import Full, Writer


def counted(view: View) -> int:
    """One more, and a row that says so."""
    last = view.get(Era, "n")
    number = 1 if last is None else last.number + 1
    view.put(Era("n", number))
    view.add(Irregular(f"{number:09d}", number, "", "", "", "", "open"))
    return number


def say(result: Result[int]) -> None:
    """The number on a line of its own; the end of all, when the work failed or nobody listens any more."""
    try:
        assert isinstance(result, Done)
        print(result.value, flush=True)
    except (AssertionError, BrokenPipeError):
        os._exit(1)


if __name__ == "__main__":
    room = threading.Event()
    writer = Writer(database(sys.argv[1]), on_room=room.set, works_max=500)
    while True:
        try:
            writer.submit(Work(counted), say)
        except Full:
            room.wait()
            room.clear()
