"""How often the write impact is right, when the truth is known: false alarms, detection, coverage of its interval.

Simulated runs of the default length: windows, arrivals and estimate are those of real runs; latencies are log-normal
around a drift (AR(1), 5 %) that knows nothing of windows. Beside it, what is done more often: all reads of a quiet half
against all reads of a writing half, by a Mann-Whitney test that takes reads for independent.
"""

from __future__ import annotations

import sys

import numpy as np
from scipy import stats
from scipy.signal import lfilter

from benchmarks.fault_cases import CONFIDENCE, share
from benchmarks.options import parser
from loadtest.measures.quantiles import of_sorted
from loadtest.measures.signed_rank import shift
from loadtest.recorded_run.history import Column
from loadtest.records import WindowKind
from loadtest.schedule import SECOND, Windows

RUNS, SECONDS, RATE, WINDOW_S = 1000, 90, 200, 2.0
MEDIAN_MS, SIGMA = 20.0, 0.25
DRIFT_SD, MEMORIES_S = 0.05, (1.0, 10.0)
EFFECTS = (1.0, 1.1)
QUANTILES = (500, 900, 990)
"""Per mille."""


def latencies(generator: np.random.Generator, memory_s: float) -> Column:
    """One run's response times without an effect, in order of arrival."""
    count = SECONDS * RATE
    keep = np.exp(-1 / (memory_s * RATE))
    noise = generator.normal(0, DRIFT_SD * np.sqrt(1 - keep**2), count)
    noise[0] = generator.normal(0, DRIFT_SD)
    drift: Column = lfilter([1.0], [1.0, -keep], noise)  # drift[i] = keep * drift[i - 1] + noise[i]
    own = generator.normal(np.log(MEDIAN_MS), SIGMA, count)
    return np.exp(own + drift)


def estimate(times: Column, windows: Windows, effect: float, per_mille: int) -> tuple[float, float]:
    """The 95 % interval of the ratio, by the windows of one run."""
    due = np.arange(len(times)) * (SECOND // RATE)
    by_pair: dict[int, dict[WindowKind, float]] = {}
    for window in windows.whole_until(SECONDS * SECOND):
        inside = np.sort(times[np.searchsorted(due, window.start_ns) : np.searchsorted(due, window.end_ns)])
        value = float(of_sorted((inside * 1e6).astype(np.int64), per_mille) or 0)
        value *= effect if window.kind is WindowKind.WRITING else 1.0
        by_pair.setdefault(window.pair, {})[window.kind] = value
    ratios = [np.log(two[WindowKind.WRITING] / two[WindowKind.QUIET]) for two in by_pair.values() if len(two) == 2]
    found = shift(np.array(ratios))
    if found is None:
        raise RuntimeError("too few pairs for an interval")
    return float(np.exp(found.low)), float(np.exp(found.high))


def naive_alarm(times: Column) -> bool:
    """Whether a Mann-Whitney test over reads finds a difference between the first half and the second."""
    half = len(times) // 2
    return bool(stats.mannwhitneyu(times[:half], times[half:]).pvalue < 0.05)


def _percent(found: int, of: int) -> str:
    interval = share(found, of)
    return f"{100 * found / of:5.1f} % ({100 * interval.low:.1f} … {100 * interval.high:.1f})"


def main() -> int:
    """Print the table; returns 1 when a share is not as wanted."""
    print("Write impact, simulated   command: python -m benchmarks.impact_simulation")
    pairs = int(SECONDS / WINDOW_S) // 2
    print(f"{RUNS} runs of {SECONDS} s, {RATE} reads/s, {pairs} pairs of {WINDOW_S:g} s windows; drift {DRIFT_SD:.0%}")
    print("false alarm, detected: the whole interval lies above 1, with no effect and with +10 %")
    print(f"in brackets: {100 * CONFIDENCE:g} % intervals of the simulation itself")
    print(f"{'drift memory':<13} {'quantile':<9} {'false alarms':<24} {'+10 % detected':<24} {'interval covers':<24}")
    wrong = False
    for memory in MEMORIES_S:
        alarms, detected, covered = (dict.fromkeys(QUANTILES, 0) for _ in range(3))
        naive = 0
        for number in range(RUNS):
            generator = np.random.default_rng([number, int(memory)])
            times, windows = latencies(generator, memory), Windows(0, int(WINDOW_S * SECOND), number)
            naive += naive_alarm(times)
            for quantile in QUANTILES:
                for effect in EFFECTS:
                    low, high = estimate(times, windows, effect, quantile)
                    covered[quantile] += low <= effect <= high
                    (alarms if effect == 1.0 else detected)[quantile] += low > 1.0
        for quantile in QUANTILES:
            shares = ((alarms[quantile], RUNS), (detected[quantile], RUNS), (covered[quantile], 2 * RUNS))
            cells = [_percent(found, of) for found, of in shares]
            print(f"{memory:<5g} s       p{quantile / 10:<8g} " + " ".join(f"{cell:<24}" for cell in cells), flush=True)
            wrong |= alarms[quantile] > 0.05 * RUNS or share(detected[quantile], RUNS).high < 0.9
        cell = _percent(naive, RUNS)
        print(f"{memory:<5g} s       {'reads':<9} {cell:<24} (Mann-Whitney over reads, half against half)")
    return 1 if wrong else 0


if __name__ == "__main__":
    parser("impact_simulation", __doc__).parse_args()
    sys.exit(main())
