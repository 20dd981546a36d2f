"""Runs that end when the write impact is decided, against runs of a fixed length: how long, and how often wrong?

Simulated runs (:mod:`benchmarks.simulated_runs`), whose truth is known, are judged at each planned look by the code
that judges recorded ones, until all is decided; the fixed run is as long as the other may last at most. There is a line
each for targets with nothing to find, near the tolerance, at it, above it, and for what PUTs leave behind.

Wanted: where writes do no harm, no more than 5 % FAIL and half of the runs are at most half as long as the fixed one;
where the truth is at the tolerance or above it, or something lasts after a PUT, no more than 5 % PASS, and as many FAIL
as of the fixed runs (at the tolerance no more of them), give or take 5 %.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from benchmarks.options import parser
from benchmarks.simulated_runs import START_NS, TOLERANCE, WINDOW_S, Truth, simulated
from loadtest.judge.measure.impact import measure_impact
from loadtest.run.history.history import History, Reads, Windows, Writes
from loadtest.run.history.looks import GRACE_NS, LookMade, PlannedLook, RunLooks, planned_looks, rests_until_decided
from loadtest.run.records import Verdict
from loadtest.run.schedule import WindowSchedule
from loadtest.units import SECOND

LOOK_S: Final = 4.0
"""From the end of a look's last window to the end of the run: two seconds of waiting, the look, and Locust's end."""
_MOST_WRONG: Final = 0.05


@dataclass(frozen=True)
class Case:
    """One kind of target, and the verdict that is wrong for it."""

    name: str
    truth: Truth
    wrong: Verdict


_PASS, _FAIL = Verdict.PASS, Verdict.FAIL
CASES: Final = (
    Case("no effect", Truth(), _FAIL),
    Case("no effect, drift memory 10 s", Truth(memory_s=10), _FAIL),
    Case("no effect, 200s 20 ms, 304s 0.5 ms", Truth(unchanged_ms=0.5), _FAIL),
    Case("+10 % while writing", Truth(while_writing=1.1), _FAIL),
    Case("at the tolerance (1.25x)", Truth(while_writing=TOLERANCE), _PASS),
    Case("1.3x while writing", Truth(while_writing=1.3), _PASS),
    Case("1.35x while writing", Truth(while_writing=1.35), _PASS),
    Case("1.5x while writing", Truth(while_writing=1.5), _PASS),
    Case("1.5x for 2 s after a PUT", Truth(after=1.5, after_to_s=2), _PASS),
    Case("2x for 4 s after a PUT", Truth(after=2, after_to_s=4), _PASS),
    Case("1.5x for 6 s after a PUT", Truth(after=1.5, after_to_s=6), _PASS),
    Case("1.5x for 8 s after a PUT", Truth(after=1.5, after_to_s=8), _PASS),
)


@dataclass(frozen=True)
class Outcome:
    """How one run ended: its verdict, after how long, and whether a look ended it."""

    verdict: Verdict
    seconds: float


def until_decided(truth: Truth, seed: int) -> Outcome:
    """One run that is looked at, and ends when the impact is decided."""
    whole = simulated(replace(truth, until_decided=True), seed)
    end_ns = START_NS + int(truth.seconds * SECOND)
    made: list[LookMade] = []
    for look, history in _looks(whole, planned(truth, seed), end_ns, made):
        verdict = measure_impact(history).verdict
        if verdict is not Verdict.INCONCLUSIVE or look.until_ns == end_ns:
            over_s = truth.seconds if look.until_ns == end_ns else (look.until_ns - START_NS) / SECOND + LOOK_S
            return Outcome(verdict, min(truth.seconds, over_s))
        made.append(LookMade(number=look.number, until_ns=look.until_ns, pairs=look.pairs, undecided=["write-impact"]))
    raise ValueError(f"a run of {truth.seconds:g} s has no looks")


def planned(truth: Truth, seed: int) -> tuple[PlannedLook, ...]:
    run_ns, window_ns = int(truth.seconds * SECOND), int(WINDOW_S * SECOND)
    schedule = WindowSchedule(START_NS, window_ns, seed, rests_until_decided(window_ns, run_ns))
    return planned_looks(schedule, START_NS + run_ns)


def _looks(
    whole: History, looks: tuple[PlannedLook, ...], end_ns: int, made: list[LookMade]
) -> Iterator[tuple[PlannedLook, History]]:
    """What each look sees; the last sees all that there is."""
    for look in (*looks[:-1], looks[-1]._replace(until_ns=end_ns)):
        run_looks = RunLooks(planned=len(looks), pairs=looks[-1].pairs, made=list(made))
        windows = whole.windows.end_ns <= look.until_ns
        seen = whole.reads.returned_ns <= look.until_ns + GRACE_NS
        put = whole.writes.called_ns <= look.until_ns + GRACE_NS
        count = int(np.count_nonzero(put))
        yield (
            look,
            History(
                whole.info.model_copy(update={"looks": run_looks}),
                Reads(**{name: column[seen] for name, column in vars(whole.reads).items()}),
                Writes(**{name: column[:count] for name, column in vars(whole.writes).items()}),
                Windows(**{name: column[windows] for name, column in vars(whole.windows).items()}),
                whole.samples,
                whole.requests,
            ),
        )


def row(case: Case, runs: int, first: int) -> bool:
    """Print one line; returns whether it is not as wanted."""
    looked = [until_decided(case.truth, seed) for seed in range(first, first + runs)]
    fixed = [measure_impact(simulated(case.truth, seed)).verdict for seed in range(first, first + runs)]
    count = {verdict: sum(one.verdict is verdict for one in looked) for verdict in Verdict}
    median = statistics.median(one.seconds for one in looked)
    shown = " ".join(f"{count[v]:>5}" for v in (Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE))
    before = " ".join(f"{fixed.count(v):>5}" for v in (Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE))
    print(f"{case.name:<36} {shown}   {before}   {median:6.1f} s ({median / case.truth.seconds:4.0%})", flush=True)
    wrong = count[case.wrong] > _MOST_WRONG * runs
    if case.truth.while_writing == TOLERANCE:
        return wrong or count[_FAIL] > fixed.count(_FAIL) + _MOST_WRONG * runs
    if case.wrong is _PASS:
        return wrong or count[_FAIL] < fixed.count(_FAIL) - _MOST_WRONG * runs
    return wrong or (case.truth == replace(case.truth, while_writing=1) and median > case.truth.seconds / 2)


def main() -> int:
    """Print the table; returns 1 when a line is not as wanted."""
    options = parser("until_decided_simulation", __doc__)
    options.add_argument("--runs", type=int, default=150, help="of each line")
    options.add_argument("--first", type=int, default=0, help="number of the first run, to make a table in pieces")
    options.add_argument("--only", default="", help="the lines whose name holds this")
    parsed = options.parse_args()
    print("Until decided, simulated   command: python -m benchmarks.until_decided_simulation")
    print(
        f"{parsed.runs} runs a line of at most {Truth().seconds:g} s; tolerated {TOLERANCE:g}x; fixed runs on the right"
    )
    print(
        f"{'target':<36} {'PASS':>5} {'FAIL':>5} {'INC':>5}   {'PASS':>5} {'FAIL':>5} {'INC':>5}   {'median length':>9}"
    )
    wrong = [row(case, parsed.runs, parsed.first) for case in CASES if parsed.only in case.name]
    return int(any(wrong))


if __name__ == "__main__":
    sys.exit(main())
