"""The process: its HSMs, its figures, its end."""

from __future__ import annotations

from collections.abc import Sequence

from hsm.client.figures import LATENCY_BOUNDS_SECONDS
from switch.operator.command import AtOnce, Lines, misused
from switch.operator.ports import CommandRefused, Switchboard
from switch.operator.words import columns

USES = {"drain": False, "restore": True}
HAND_OVER = "hand-over"
CLUSTER_USAGE = f"[SHARE {HAND_OVER}]"
UNDER_WAY = "under way:"
HSM_USAGE = f"[NAME {'|'.join(USES)}]"


def hsm(board: Switchboard, words: Sequence[str]) -> Lines:
    """The appliances and what is under way with them; or an order about one."""
    if words and (len(words) != 2 or words[1] not in USES):
        raise misused("hsm", HSM_USAGE)
    if board.hsm() is not None and words:
        board.use_hsm(words[0], USES[words[1]])
    pool = board.hsm()
    if pool is None:
        raise CommandRefused("this switch has no HSM")
    yield from columns(
        ("hsm", "connections", "under way", "made", "draining", "complaint"),
        [
            (
                site.name, site.connections, site.in_flight, site.connections_made,
                "yes" if site.draining else "no", site.complaint or "-",
            )
            for site in pool.sites
        ],
    )  # fmt: skip
    counted = ("in_flight", "queued", "answered", "refused", "not_sent", "unknown", "repeated", "late", "garbled")
    yield from columns(("counted", ""), [(each.replace("_", " "), getattr(pool, each)) for each in counted])


def cluster(board: Switchboard, words: Sequence[str]) -> Lines:
    """Who works on which links; or have another process take a share of ours."""
    if words and (len(words) != 2 or words[1] != HAND_OVER):
        raise misused("cluster", CLUSTER_USAGE)
    if words:
        board.hand_over(words[0])
    if not board.shares():
        raise CommandRefused("this switch shares its store with no other")
    return columns(
        ("share", "owner", "term", "here", "seconds unchanged", "taken", "lost", "links"),
        [
            (
                each.share, each.owner or "-", each.term, "open" if each.opened else "closed" if each.ours else "no",
                f"{each.seconds:.1f}", each.taken, each.lost, " ".join(each.links),
            )
            for each in board.shares()
        ],
    )  # fmt: skip


def figures(board: Switchboard, words: Sequence[str]) -> Lines:
    """Transactions by service and response, their times, and the store's queue."""
    if words:
        raise misused("figures", "")
    counted = board.figures()
    meanings = board.tables().responses.meanings
    yield from columns(
        ("service", "response", "count", "meaning"),
        [(s, r, count, meanings.get(r, "-")) for (s, r), count in sorted(counted.answers.items())],
    )
    yield from columns(
        ("service", "mean ms", "half within", "99 of 100 within"),
        [
            (service, _mean_ms(counted.microseconds[service], buckets), _within(buckets, 0.5), _within(buckets, 0.99))
            for service, buckets in sorted(counted.latencies.items())
        ],
    )
    yield f"{UNDER_WAY} {board.under_way()}"
    store = board.store()
    yield f"store: {store.waiting} of {store.waiting_max} works wait"


def _mean_ms(microseconds: int, buckets: Sequence[int]) -> str:
    return f"{microseconds / sum(buckets) / 1000:.1f}"


def _within(buckets: Sequence[int], share: float) -> str:
    """The bound of the bucket within which *share* of all lie."""
    wanted = share * sum(buckets)
    so_far = 0
    for bound, count in zip(LATENCY_BOUNDS_SECONDS, buckets, strict=False):
        so_far += count
        if so_far >= wanted:
            return f"{bound * 1000:g} ms"
    return f"more than {LATENCY_BOUNDS_SECONDS[-1]:g} s"


def alarms(board: Switchboard, words: Sequence[str]) -> Lines:
    """What somebody should look at now."""
    if words:
        raise misused("alarms", "")
    return columns(("link", "alarm"), board.alarms())


def stop(board: Switchboard, words: Sequence[str]) -> Lines:
    """Sign off, let what is under way end, and stop."""
    if words:
        raise misused("stop", "")
    board.stop()
    return (f"{board.name} stops",)


COMMANDS = (
    AtOnce("hsm", HSM_USAGE, "the HSMs and what is under way with them; drain one, or use it again", hsm),
    AtOnce("cluster", CLUSTER_USAGE, "which process works on which links; let another have a share", cluster),
    AtOnce("alarms", "", "what is alarming about queues now", alarms),
    AtOnce("figures", "", "transactions by service and response, and their times", figures),
    AtOnce("stop", "", "sign off, finish what is under way, and stop", stop),
)
