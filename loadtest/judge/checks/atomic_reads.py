"""New-old inversions: is the object atomic (linearizable), or only regular?

**Guarantee.** Once *any* reader has got a version, no read called later, by anybody, returns an older one. A run is
*atomic* when all its reads and writes fit into one order that agrees with which operation preceded which; it is
*regular* when it has no stale reads and no phantoms. ::

    time      ─────────────────────────────────────▶
    write 2     ├──────────────────────────────┤
    session a       ├──┤ of 2
    session b                  ├──┤ of 1            inversion: no stale read, for write 2 had not returned

**Exclusions.** The same as for going back in time (:mod:`~loadtest.judge.checks.monotonic_reads`), but across all
sessions. A read of v counts only when write v was over before the write of the newer version was called.

**Conflicts.** With writes of unknown outcome, the order of two versions may be open although no order fits: reads of 1,
2 and 1 again, while both writes were in flight. No single read is an inversion then. Zones decide such cases exactly
(:mod:`loadtest.judge.order.zones`), and such versions are findings too.

**With a bound** (``--max-staleness``): while old versions are tolerated, one reader may see the new one earlier than
another. So an inversion whose read is certainly less than the bound behind is tolerated, and so is a conflict that
lasts no longer. Where the bound lies between the least and the greatest time that a read may have been behind, and
nothing is certainly beyond it, the check is INCONCLUSIVE.

Fields: ``looked_at`` = legitimate reads; ``found`` = inversions beyond the bound, and versions in conflict beyond it
that no stale read or inversion explains; numbers: inversions, those that are not stale reads as well, the longest time
after which an older version was read, and versions in such a conflict.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from loadtest import units
from loadtest.judge.checks.monotonic_reads import inversions
from loadtest.judge.checks.promise import Counted, Promise, count_number, tolerated_staleness
from loadtest.judge.checks.when_written import call
from loadtest.judge.checks.witness import MOST_WITNESSES, largest, reader, witness
from loadtest.judge.evidence import despite_others, lacking
from loadtest.judge.order.timeline import Timeline, stale_reads, timeline
from loadtest.judge.order.zones import Zones, zones
from loadtest.run.history.history import History
from loadtest.run.records import Verdict
from loadtest.summary.findings import CheckResult, Number, Witness

PROMISE: Final = Promise(
    "atomic-reads",
    "No new-old inversions",
    "Once any reader has got a version, no later read by anybody returns an older one.",
    finds=Counted("out of order", "out of order"),
    tolerated=tolerated_staleness,
    largest_first=True,
    compares_clocks=True,
)


def atomic_reads(history: History) -> CheckResult:
    times = history.once(timeline)
    looked_at = int(np.count_nonzero(times.legitimate))
    inverted = history.once(inversions)
    age = history.reads.called_ns[inverted] - times.newer_seen_ns[times.version[inverted]]
    beyond = age > history.max_staleness_ns
    intolerable = int(np.count_nonzero(beyond))
    most = history.reads.returned_ns[inverted] - times.newer_called_ns[times.version[inverted]]
    undecided = int(np.count_nonzero(~beyond & (most > history.max_staleness_ns)))
    not_stale = int(np.count_nonzero(times.behind[inverted] == 0))
    longest = int(age.max()) if len(age) else None
    longest_text = units.duration(longest) if len(age) or not looked_at else "none: no inversion"
    conflicts = unexplained_conflicts(history, times, history.once(zones))
    verdict, sentence = _judge(history, looked_at, intolerable, len(conflicts), len(inverted), undecided)
    witnesses = [_witness(history, times, read) for read in largest(age[beyond], inverted[beyond])]
    witnesses += [
        _conflict_witness(history, times, version, partner)
        for version, partner in list(conflicts.items())[:MOST_WITNESSES]
    ]
    return PROMISE.result(
        verdict,
        sentence,
        looked_at=looked_at,
        found=intolerable + len(conflicts),
        numbers=(
            count_number("inversions", len(inverted)),
            count_number("inversions that are not stale reads", not_stale),
            Number("longest time after which an older version was read", longest, "ns", longest_text),
            count_number("versions that fit in no order with another, without an inversion", len(conflicts)),
        ),
        witnesses=tuple(witnesses[:MOST_WITNESSES]),
    )


def unexplained_conflicts(history: History, times: Timeline, zone: Zones) -> dict[int, int]:
    """Versions in conflict beyond the bound, each with its partner, of which neither has a stale or inverted read."""
    explained = np.zeros(len(history.writes), dtype=np.bool_)
    explained[times.version[history.once(inversions)]] = True
    explained[times.version[history.once(stale_reads)]] = True
    return zone.conflicts(history.max_staleness_ns, leaving_out=explained)


def _judge(  # noqa: PLR0917 - what was counted
    history: History, looked_at: int, intolerable: int, conflicts: int, inverted: int, undecided: int
) -> tuple[Verdict, str]:
    if intolerable or conflicts:
        reads = units.counted(intolerable, "read")
        what = f"{reads} of {looked_at:,} returned an older version than another read had before"
        if not intolerable:
            what = f"The reads and writes of {units.counted(conflicts, 'version')} cannot be put in one order"
        return Verdict.FAIL, f"{what}: the object is not atomic.{despite_others(history)}"
    if lack := lacking(history, looked_at, "reads named a version", "inversions"):
        return Verdict.INCONCLUSIVE, lack
    bound = units.duration(history.max_staleness_ns)
    if undecided:
        return (
            Verdict.INCONCLUSIVE,
            f"{units.counted(undecided, 'inversion')} may or may not be beyond the {bound} that are tolerated: reads "
            "and writes took too long to tell.",
        )
    if inverted:
        return Verdict.PASS, f"{units.counted(inverted, 'inversion')}, all within the {bound} that are tolerated."
    return Verdict.PASS, f"None of {looked_at:,} reads returned an older version than a read before it."


def _witness(history: History, times: Timeline, read: int) -> Witness:
    version = int(times.version[read])
    newer_seen = int(times.newer_seen_ns[version])
    first = int(
        np.argmax(
            times.legitimate
            & (history.reads.returned_ns == newer_seen)
            & (times.first_read_ns[times.version] == newer_seen)
        )
    )
    newer = int(times.version[first])
    gap = int(history.reads.called_ns[read]) - newer_seen
    return witness(
        history,
        f"{reader(history, first).capitalize()} had got version {newer}; {reader(history, read)}, called "
        f"{units.duration(gap)} after that, got version {version}.",
        newer_seen,
        f"return of the read of version {newer}",
        reads=(first, read),
        writes=(version, newer),
    )


def _conflict_witness(history: History, times: Timeline, version: int, partner: int) -> Witness:
    """Up to four operations: one of each version that precedes one of the other."""
    reads: list[int] = []
    writes = [version, partner]
    for of in (version, partner):
        own = np.flatnonzero(times.legitimate & (times.version == of))
        if len(own):
            reads.append(int(own[np.argmin(history.reads.returned_ns[own])]))
            reads.append(int(own[np.argmax(history.reads.called_ns[own])]))
    return witness(
        history,
        f"Version {version} was there before version {partner} and after it: no order of these operations fits.",
        int(min(history.writes.called_ns[version], history.writes.called_ns[partner])),
        call(history, min(version, partner)),
        reads=reads,
        writes=writes,
    )
