"""Looks at a run as it goes on: how sure they must be, what they decide, and that the report says the same."""

import math
from dataclasses import replace

import numpy as np
import pytest
from altered import changed, sampled, with_info, with_settings

from benchmarks.simulated_runs import START_NS, Truth, simulated
from benchmarks.until_decided_simulation import planned
from loadtest.judge.analyse import summarise
from loadtest.judge.decided import undecided
from loadtest.judge.measure.impact import measure_impact
from loadtest.judge.measure.interval_tails import METHOD_OF_LOOKS, tails_of
from loadtest.judge.statistics.ratio_estimate import estimate_ratio
from loadtest.judge.statistics.spending import ONE_LOOK, Tails
from loadtest.run.history.history import History, Reads, Windows
from loadtest.run.history.looks import LookMade, RunLooks, complete_pairs
from loadtest.run.records import ReadOutcome, Verdict
from loadtest.summary.parts import AddressRow
from loadtest.units import SECOND

SHORT = Truth(seconds=90)


def with_looks(history: History, pairs: int, made: tuple[LookMade, ...] = (), **settings: object) -> History:
    looks = RunLooks(planned=8, pairs=pairs, made=list(made))
    samples = sampled(START_NS + np.arange(0, 60 * SECOND, SECOND // 50, dtype=np.int64), loop_delay_ns=10_000)
    return with_settings(with_info(changed(history, samples=samples), looks=looks), **settings)


def cut(history: History, until_ns: int) -> History:
    windows = history.windows.end_ns <= until_ns
    return changed(history, windows=Windows(**{n: c[windows] for n, c in vars(history.windows).items()}))


def look(number: int, pairs: int, *open_checks: str) -> LookMade:
    return LookMade(number=number, until_ns=START_NS, pairs=pairs, undecided=list(open_checks))


def test_a_run_that_nobody_looked_at_is_judged_as_ever() -> None:
    history = simulated(SHORT, 1)
    assert tails_of(history) == ONE_LOOK
    assert METHOD_OF_LOOKS not in measure_impact(history).method


def test_the_report_of_a_run_that_a_look_ended_says_what_the_look_said() -> None:
    truth = replace(SHORT, until_decided=True)
    whole, looks = simulated(truth, 3), planned(truth, 3)
    at = looks[-3]
    seen = cut(whole, at.until_ns)
    before = (look(1, looks[0].pairs, "write-impact"),)
    then = measure_impact(with_looks(seen, looks[-1].pairs, before))
    after = measure_impact(with_looks(seen, looks[-1].pairs, (*before, look(at.number, at.pairs))))
    assert after == then
    assert METHOD_OF_LOOKS in after.method


def test_each_look_takes_its_share_and_the_report_what_is_left() -> None:
    history = simulated(SHORT, 1)
    pairs = complete_pairs(history.windows.pair.tolist())
    alone = tails_of(with_looks(history, pairs))
    looked = tails_of(with_looks(history, pairs, (look(1, 6, "write-impact"), look(2, 10, "write-impact"))))
    assert alone == pytest.approx(ONE_LOOK, rel=1e-3)
    assert 0.8 * alone.low < looked.low < alone.low, "late spending leaves nearly all of it"
    assert looked.high < 0.7 * alone.high
    stopped = tails_of(with_looks(history, 2 * pairs, (look(1, 6, "write-impact"),)))
    assert stopped.low < 0.1 * alone.low, "a run that was stopped by hand half-way has not spent the rest"


def test_an_early_look_is_not_sure_of_what_a_whole_run_is_sure_of() -> None:
    logs = [0.30, 0.28, 0.33, 0.31, 0.26, 0.35, 0.29, 0.27]
    assert estimate_ratio("p99", logs, 1.25, "pair of windows").verdict is Verdict.FAIL
    early = estimate_ratio("p99", logs, 1.25, "pair of windows", tails=Tails(0.0005, 0.0125))
    assert early.verdict is Verdict.INCONCLUSIVE, "eight pairs of one sign come by chance once in 256"
    few = estimate_ratio("p99", logs[:6], 2.0, "pair of windows", tails=Tails(0.0005, 0.0125))
    assert few.verdict is Verdict.PASS, "six signs are not as sure, but Student's interval is"
    assert few.high > math.exp(max(logs[:6]))
    assert few.low < math.exp(min(logs[:6]))


def test_a_stale_read_is_decided_and_the_run_goes_on_for_the_slowdown(clean_until_decided: History) -> None:
    history = clean_until_decided
    few = cut(history, int(history.windows.end_ns[6]))
    left = undecided(summarise(few), few)
    assert "write-impact" in left
    assert not {"fresh-reads", "whole-bodies", "conditional-get"} & set(left)


@pytest.fixture(scope="module")
def clean_until_decided(clean_history: History) -> History:
    pairs = len(set(clean_history.windows.pair.tolist()))
    return with_info(clean_history, looks=RunLooks(planned=8, pairs=pairs))


def test_a_clean_run_is_decided_before_its_end(clean_until_decided: History) -> None:
    assert undecided(summarise(clean_until_decided), clean_until_decided) == ()


@pytest.mark.parametrize(
    ("threshold", "decided"),
    [
        ("stale_reads < 1", True),
        ("reads > 100", True),
        ("reads > 10000000", False),
        ("max(response) < 1ns", True),
        ("p99(response) < 10s", False),
        ("errors < 50%", False),
        ("pairs == 20", False),
        ("impact(p50) < 3", True),
    ],
)
def test_which_thresholds_are_decided_before_the_end(
    clean_until_decided: History, threshold: str, decided: bool
) -> None:
    history = with_settings(clean_until_decided, thresholds=[threshold])
    assert undecided(summarise(history), history) == (() if decided else (threshold,))


def test_how_often_reads_fail_must_be_decided_at_each_address(clean_until_decided: History) -> None:
    """None of 120 reads at the CDN failed, which leaves room for 3 %; and 12 of 120 are too many for certain."""
    summary = summarise(clean_until_decided)
    passed = (Verdict.PASS,) * 4
    cdn = AddressRow("https://cdn/v1", 1, 120, 0, 1, 1, 1, None, 0, None, 0, None, passed)
    assert undecided(summary, clean_until_decided) == ()
    assert undecided(replace(summary, addresses=(cdn,)), clean_until_decided) == ("availability",)
    failing = tuple(replace(c, verdict=Verdict.FAIL) if c.id == "availability" else c for c in summary.checks)
    few, many = replace(cdn, errors=1), replace(cdn, errors=12)
    failed = replace(summary, checks=failing)
    assert undecided(replace(failed, addresses=(few,)), clean_until_decided) == ("availability",)
    assert undecided(replace(failed, addresses=(many,)), clean_until_decided) == ()


def test_an_error_early_on_does_not_decide_how_often_reads_fail(clean_until_decided: History) -> None:
    """One error in 600 reads is more than 0.1 %, and tells nothing of the next 20,000."""
    reads = clean_until_decided.reads
    kept = {name: column[:600].copy() for name, column in vars(reads).items()}
    kept["outcome"][300], kept["status"][300] = ReadOutcome.SERVER_ERROR, 500
    kept["version"][300] = kept["etag_version"][300] = -1
    history = changed(clean_until_decided, reads=Reads(**kept))
    summary = summarise(history)
    assert next(check for check in summary.checks if check.id == "availability").verdict is Verdict.FAIL
    assert "availability" in undecided(summary, history)
