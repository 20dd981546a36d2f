"""Visible writes: what was acknowledged can be read, before the next write replaces it.

**Guarantee.** A read that is called after a write was acknowledged, and answered before the next one is called, returns
it. A write for which a read came that did not, and which no read returned at all, though a newer one was returned, was
*lost, or not visible until the next write*. One that no read returned because none came in time was *overtaken*, and
that is no finding (:mod:`loadtest.judge.order.unseen`, with a timeline).

**Why not fresh reads alone.** Each of these reads is stale as well. But stale reads look like lag, and lag ends; a
version that never came was not late.

**Exclusions.** The last versions of a run, as long as no read returned a newer one: they may still have been on their
way. With ``--max-staleness``, a write for which no read was certainly staler than that is no finding: a cache that may
keep the old version for so long may skip one.

Fields: ``looked_at`` = acknowledged writes after the first for which a read came in time to tell; ``found`` = lost ones
beyond the bound; numbers: all lost ones, and those that were overtaken.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from loadtest import units
from loadtest.judge.checks.promise import Counted, Promise, count_number, tolerated_staleness
from loadtest.judge.checks.when_written import acknowledgement, counted, is_own
from loadtest.judge.checks.witness import MOST_WITNESSES, reader, witness
from loadtest.judge.evidence import MINIMUM_WRITES, despite_others, too_little
from loadtest.judge.order.timeline import timeline
from loadtest.judge.order.unseen import Unseen, unseen
from loadtest.judge.watch_evidence import somebody_else
from loadtest.run.history.history import Column, History
from loadtest.run.records import Verdict
from loadtest.summary.findings import CheckResult, Witness

PROMISE: Final = Promise(
    "visible-writes",
    "Visible writes",
    "A write that was acknowledged can be read before the next one replaces it.",
    looks_at=Counted("write", "writes"),
    finds=Counted("lost", "lost"),
    tolerated=tolerated_staleness,
    compares_clocks=True,
)
MOST_LISTED: Final = 10


def visible_writes(history: History) -> CheckResult:
    never = history.once(unseen)
    reads, writes = history.reads, history.writes
    beyond = reads.called_ns[never.shown_by] - writes.returned_ns[never.lost] > history.max_staleness_ns
    verdict, sentence = _judge(history, never, never.lost[beyond])
    return PROMISE.result(
        verdict,
        sentence,
        looked_at=never.tried,
        found=int(np.count_nonzero(beyond)),
        numbers=(
            count_number("acknowledged writes lost, or not visible until the next", len(never.lost)),
            count_number("acknowledged writes overtaken before a read could see them", len(never.overtaken)),
        ),
        witnesses=tuple(_witness(history, never, int(place)) for place in np.flatnonzero(beyond)[:MOST_WITNESSES]),
    )


def _judge(history: History, never: Unseen, lost: Column) -> tuple[Verdict, str]:
    if len(lost):
        were = "was" if len(lost) == 1 else "were"
        next_one = "write" if is_own(history) else "one"
        return (
            Verdict.FAIL,
            f"{counted(history, len(lost))} of {never.tried:,} {were} lost, or not visible until the next "
            f"{next_one}: reads came in between, and no read ever returned "
            f"{listed(lost.tolist())}.{despite_others(history)}",
        )
    if foreign := somebody_else(history):
        return Verdict.INCONCLUSIVE, foreign
    few = too_little(history, int(np.count_nonzero(history.once(timeline).legitimate)), "reads named a version")
    if few or never.tried < MINIMUM_WRITES:
        which = "acknowledged writes" if is_own(history) else "versions that HEADs showed"
        why = few or (
            f"for only {never.tried} of the {which} a read came before the next one, at least "
            f"{MINIMUM_WRITES} are needed"
        )
        return Verdict.INCONCLUSIVE, f"Nothing can be said about writes that are lost: {why}."
    if len(never.lost):
        passed_over = counted(history, len(never.lost))
        return (
            Verdict.PASS,
            f"{passed_over} of {never.tried:,} had not become visible when the next one was made "
            f"({listed(never.lost.tolist())}), within the {units.duration(history.max_staleness_ns)} that are "
            "tolerated.",
        )
    return (
        Verdict.PASS,
        f"None of {counted(history, never.tried)} that a read could tell of before the next one was lost.",
    )


def listed(versions: Sequence[int]) -> str:
    """The first few versions, for a sentence."""
    names = ", ".join(f"{version:,}" for version in versions[:MOST_LISTED])
    more = ", …" if len(versions) > MOST_LISTED else ""
    return f"version{'s' if len(versions) > 1 else ''} {names}{more}"


def _witness(history: History, never: Unseen, place: int) -> Witness:
    reads, writes = history.reads, history.writes
    lost, read, following = (int(column[place]) for column in (never.lost, never.shown_by, never.next_write))
    asked = int(reads.called_ns[read] - writes.returned_ns[lost])
    left = int(writes.called_ns[following] - reads.returned_ns[read])
    told, then = f"Write {lost} was acknowledged", f"before write {following} was called"
    if not is_own(history):
        told, then = f"A HEAD showed version {lost}", f"before version {following} can have been there"
    return witness(
        history,
        f"{told}. {reader(history, read).capitalize()} asked {units.duration(asked)} after "
        f"that, was answered {units.duration(left)} {then}, and got version {int(reads.version[read])}. No read ever "
        f"returned version {lost}.",
        int(writes.returned_ns[lost]),
        acknowledgement(history, lost),
        reads=(read,),
        writes=(lost, following),
    )
