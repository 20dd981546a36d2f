"""How often the write impact is right when the truth is known: false alarms, detection, what PUTs leave behind, mixes.

Simulated runs (:mod:`benchmarks.simulated_runs`) are judged by the code that judges recorded ones. There are two
tables: how often the interval at p99 is above 1 and holds the truth, and the verdict on targets whose writes leave
something behind, change the mix of answers, or both.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from typing import Final

from benchmarks.fault_cases import CONFIDENCE, share
from benchmarks.options import parser
from benchmarks.simulated_runs import DRIFT_SD, RATE, TOLERANCE, WINDOW_S, Truth, simulated
from loadtest.judge.measure.impact import measure_impact
from loadtest.run.records import Verdict

UNLIKE: Final = Truth(unchanged_ms=0.5)
"""A 200 takes 20 ms, a 304 half a millisecond; with every other read conditional p50 lies on the border."""


@dataclass(frozen=True)
class Case:
    """One kind of target, and the verdicts of it that are not wrong."""

    name: str
    truth: Truth
    right: tuple[Verdict, ...]


_NO_PASS: Final = (Verdict.FAIL, Verdict.INCONCLUSIVE)
_NO_FAIL: Final = (Verdict.PASS, Verdict.INCONCLUSIVE)
PRECISION: Final = (
    Case("no effect", Truth(), _NO_FAIL),
    Case("no effect, drift memory 10 s", Truth(memory_s=10), _NO_FAIL),
    Case("no effect, uneven mix (20 ms, 0.5 ms)", UNLIKE, _NO_FAIL),
    Case("+10 %", Truth(while_writing=1.1), _NO_FAIL),
    Case("+10 %, uneven mix", replace(UNLIKE, while_writing=1.1), _NO_FAIL),
)
REACH_S: Final = 12
"""What lasts longer is not seen for certain: the first rest is as long, and version 0 was put just before it."""
LENGTHS_S: Final = (0.5, 1, 2, 4, 6, 8, 12)
AFTER: Final = (
    *(
        Case(
            f"{factor:g}x for {seconds:g} s after a PUT",
            Truth(after=factor, after_to_s=seconds),
            _NO_PASS if seconds <= REACH_S else tuple(Verdict),
        )
        for factor in (1.5, 2.0)
        for seconds in LENGTHS_S
    ),
    Case("2x from 1.5 to 3.5 s after a PUT", Truth(after=2, after_from_s=1.5, after_to_s=3.5), _NO_PASS),
    Case("1.2x for 4 s after a PUT", Truth(after=1.2, after_to_s=4), _NO_FAIL),
    Case("5x for 4 s, one read in twenty", Truth(after=5, after_to_s=4, share=0.05), _NO_PASS),
    Case("5x for 8 s, one read in twenty", Truth(after=5, after_to_s=8, share=0.05), _NO_PASS),
    Case("2x for 4 s, uneven mix", replace(UNLIKE, after=2, after_to_s=4), _NO_PASS),
    Case("2x for 4 s, 304s alone, uneven mix", replace(UNLIKE, after=2, after_to_s=4, only="304"), _NO_PASS),
    Case("2x for 8 s, 304s alone, uneven mix", replace(UNLIKE, after=2, after_to_s=8, only="304"), _NO_PASS),
    Case("1.5x for 4 s, 200s alone", Truth(after=1.5, after_to_s=4, only="200"), _NO_PASS),
    Case("2x for 4 s, run of 90 s", Truth(after=2, after_to_s=4, seconds=90), _NO_PASS),
    Case("2x for 4 s, run of 60 s", Truth(after=2, after_to_s=4, seconds=60), _NO_PASS),
    Case("2x for 4 s, run of 40 s: no rests", Truth(after=2, after_to_s=4, seconds=40), tuple(Verdict)),
    Case("2x for 20 s after a PUT", Truth(after=2, after_to_s=20), tuple(Verdict)),
)


def _percent(found: int, of: int) -> str:
    interval = share(found, of)
    return f"{100 * found / of:5.1f} % ({100 * interval.low:.1f} … {100 * interval.high:.1f})"


def _precision(runs: int) -> bool:
    """Print the first table; returns whether a share is not as wanted."""
    print(f"{'target':<40} {'p99 above 1':<24} {'holds the truth':<24} {'PASS':>6} {'FAIL':>6} {'INCONCLUSIVE':>13}")
    wrong = False
    for case in PRECISION:
        above = covered = 0
        verdicts = dict.fromkeys(Verdict, 0)
        for seed in range(runs):
            impact = measure_impact(simulated(case.truth, seed))
            verdicts[impact.verdict] += 1
            estimate = impact.estimates[-1]
            if estimate.low is not None and estimate.high is not None:
                above += estimate.low > 1
                covered += estimate.low <= case.truth.while_writing <= estimate.high
        counts = (verdicts[Verdict.PASS], verdicts[Verdict.FAIL], verdicts[Verdict.INCONCLUSIVE])
        shown = f"{counts[0]:>6} {counts[1]:>6} {counts[2]:>13}"
        print(f"{case.name:<40} {_percent(above, runs):<24} {_percent(covered, runs):<24} {shown}", flush=True)
        clean = case.truth.while_writing == 1
        wrong |= above > 0.05 * runs if clean else share(above, runs).high < 0.95
        wrong |= verdicts[Verdict.FAIL] > 0.05 * runs
    return wrong


def _after(runs: int) -> bool:
    """Print the second table; returns whether a wrong verdict comes more often than once in twenty."""
    print(f"{'target':<40} {'FAIL':>6} {'INCONCLUSIVE':>13} {'PASS':>6}")
    wrong = False
    for case in AFTER:
        verdicts = dict.fromkeys(Verdict, 0)
        for seed in range(runs):
            verdicts[measure_impact(simulated(case.truth, seed)).verdict] += 1
        fail, open_, passed = (verdicts[one] for one in (Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.PASS))
        print(f"{case.name:<40} {fail:>6} {open_:>13} {passed:>6}", flush=True)
        wrong |= sum(count for one, count in verdicts.items() if one not in case.right) > 0.05 * runs
    return wrong


def main() -> int:
    """Print the tables; returns 1 when a share is not as wanted."""
    options = parser("impact_simulation", __doc__)
    options.add_argument("--runs", type=int, default=1000, help="of each row of the first table; a tenth of the second")
    runs = options.parse_args().runs
    print("Write impact, simulated   command: python -m benchmarks.impact_simulation")
    print(
        f"{runs} runs of {Truth().seconds:g} s, {RATE} reads/s, windows of {WINDOW_S:g} s; drift {DRIFT_SD:.0%}; ",
        end="",
    )
    print(f"tolerated {TOLERANCE:g}x; in brackets {100 * CONFIDENCE:g} % intervals of the simulation itself")
    wrong = _precision(runs)
    print(f"{max(1, runs // 10)} runs each:")
    return 1 if _after(max(1, runs // 10)) or wrong else 0


if __name__ == "__main__":
    sys.exit(main())
