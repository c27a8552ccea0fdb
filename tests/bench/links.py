"""What an idle link costs: memory each, and time for a round of echoes, over loopback in one process.

    PYTHONPATH=tests python tests/bench/links.py [--links 1000]

Both ends of every connection are links here, so what is measured is for two; it is told for one.
"""

from __future__ import annotations

import argparse
import gc
import resource
import time
from pathlib import Path

from support.linked import Seen, loop, opened

from switch.link.config import read_links
from switch.link.events import Order


def resident_kib() -> int:
    """Memory that this process occupies now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() // 1024


def link(number: int, role: str, port: int) -> str:
    return f'[[link]]\nname = "l{number}"\nspec = "banknet"\nrole = "{role}"\naddress = "127.0.0.1:{port}"\n'


def measured(count: int) -> None:
    """Print the figures for *count* links."""
    read = read_links("links.toml", "".join(link(number, "server", 0) for number in range(count)))
    with loop() as run:
        gc.collect()
        empty = resident_kib()
        began = time.perf_counter()
        servers = run.run(read, Seen())
        calls = "".join(link(number, "client", servers.port(f"l{number}")) for number in range(count))
        members = run.run(read_links("links.toml", calls), Seen())
        both = [*servers, *members]
        run.until(lambda: all(map(opened, both)), 120.0)
        signed_on = time.perf_counter() - began
        gc.collect()
        print(f"{count} links: {(resident_kib() - empty) / len(both):.1f} KiB each", end="")
        print(f", {signed_on:.2f} s until all are signed on both ways", end="")
        began = time.process_time()
        for each in servers:
            each.order(Order.ECHO)
        run.until(lambda: all(each.state.echoing is None for each in servers), 120.0)
        print(f", {(time.process_time() - began) / count * 1e6:.0f} us of processor for an echo, both ends")


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--links", type=int, default=1000)
    measured(parser.parse_args().links)


if __name__ == "__main__":
    main()
