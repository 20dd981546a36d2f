"""Correct runs raise no alarm, and in runs that lag the truth lies in every interval that is reported."""

import collections
import os
from random import Random

import numpy as np
import pytest
from simulation import MS, simulate

from loadtest.judge.checks.registry import CHECKS
from loadtest.judge.measure.windows import measure_consistency
from loadtest.judge.order.staleness import staleness
from loadtest.judge.order.timeline import timeline
from loadtest.judge.order.zones import zones
from loadtest.run.records import Verdict

HOW_MANY = int(os.environ.get("SIMULATED_RUNS", "100"))
"""So many of a thousand, others each time; `make test-thorough` judges all."""
NEVER_FIRE = ("whole-bodies", "fresh-reads", "monotonic-reads", "atomic-reads", "phantoms", "conditional-get")


@pytest.mark.slow
def test_correct_runs_raise_no_alarm() -> None:
    passed: collections.Counter[str] = collections.Counter()
    for seed in Random().sample(range(1000), HOW_MANY):
        history = simulate(seed).history
        for _, judge in CHECKS:
            check = judge(history)
            if check.id != "availability":  # a few reads do end in errors
                assert check.verdict is not Verdict.FAIL, (seed, check)
            if check.id in NEVER_FIRE:
                assert check.found == 0, (seed, check)
            passed[check.id] += check.verdict is Verdict.PASS
        consistency = history.once(measure_consistency)
        assert consistency.level in ("atomic", "unknown"), seed
        assert consistency.stale_reads == 0, seed
    for name in NEVER_FIRE:  # and they were not silent for lack of evidence
        assert passed[name] > HOW_MANY / 2, (name, passed)


@pytest.mark.slow
@pytest.mark.parametrize("lag_ms", [1, 5, 20, 60])
def test_the_truth_lies_in_every_interval(lag_ms: int) -> None:
    lag = lag_ms * MS
    stale_runs = 0
    for seed in range(60):
        run = simulate(seed, lag_ns=lag)
        history = run.history
        times = history.once(timeline)
        stale = np.flatnonzero(times.behind)
        low, high = staleness(history, times, stale)
        superseding = times.acknowledged[times.superseded_by[times.version[stale]]]
        truth = run.moment_ns[stale] - run.effect_ns[superseding]
        slack = MS  # a coarse clock shows moments up to a millisecond early
        assert np.all(low - slack <= truth), seed
        assert np.all(truth <= high + slack), seed
        assert np.all(low <= lag + slack), seed
        consistency = history.once(measure_consistency)
        for window in consistency.windows:
            assert window.last_stale_ns is None or 0 < window.last_stale_ns <= lag + slack
        if len(stale):
            stale_runs += 1
            assert consistency.level == "neither"
            assert zones(history).conflicts()
    assert stale_runs >= (10 if lag_ms == 1 else 55)


@pytest.mark.slow
def test_a_long_lag_is_recovered_from_below() -> None:
    """With reads every millisecond or so, the longest window comes near the lag, and never beyond it."""
    longest = [measure_consistency(simulate(seed, lag_ns=40 * MS).history).longest_window_ns for seed in range(30)]
    assert all(found is not None and found <= 41 * MS for found in longest)
    assert np.median([found for found in longest if found]) > 33 * MS
