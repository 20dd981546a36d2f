"""Reads near a publication against reads just before it: an effect of known size, none, and too few to tell."""

from dataclasses import replace

import numpy as np
import pytest
from altered import changed, from_afar
from history_language import PAYLOAD_BYTES, ZERO_NS, build, run_info

from loadtest.judge.checks.write_impact import write_impact
from loadtest.judge.measure.impact import measure_impact
from loadtest.run.history.history import History
from loadtest.run.records import GENERATOR_DTYPE, READ_DTYPE, WRITE_DTYPE, ReadOutcome, Verdict, empty

MS = 1_000_000
S = 1_000 * MS


def published_run(*, publications: int, slower: float = 1.0, every_ns: int = 5 * S, seed: int = 1) -> History:
    """300 reads a second of 20 ms each; those due within a second after a publication take ``slower`` times as long."""
    random = np.random.default_rng(seed)
    writes = empty(WRITE_DTYPE, publications + 1)
    writes["version"] = np.arange(publications + 1)
    writes["called_ns"] = ZERO_NS - S + np.arange(publications + 1) * every_ns
    writes["called_ns"][1:] += random.integers(0, every_ns // 10, publications)
    writes["scheduled_ns"], writes["returned_ns"] = writes["called_ns"], writes["called_ns"] + 100 * MS
    writes["bytes"], writes["error"] = PAYLOAD_BYTES, ""
    writes["etag"] = [f'"{version:032x}"' for version in range(publications + 1)]
    due = ZERO_NS + np.arange(0, (publications + 1) * every_ns, S // 300)
    took = random.lognormal(np.log(20 * MS), 0.2, len(due))
    since = due - writes["returned_ns"][np.searchsorted(writes["returned_ns"], due) - 1]
    after_first = np.searchsorted(writes["returned_ns"], due) > 1
    took = np.where(after_first & (since < S), took * slower, took).astype(np.int64)
    reads = empty(READ_DTYPE, len(due))
    reads["session"] = np.arange(len(due))
    reads["scheduled_ns"] = reads["called_ns"] = due
    reads["returned_ns"] = due + took
    reads["status"], reads["outcome"], reads["sent_version"] = 200, ReadOutcome.WHOLE, -1
    reads["version"] = reads["etag_version"] = np.searchsorted(writes["returned_ns"], due) - 1
    samples = empty(GENERATOR_DTYPE, 200)
    samples["at_ns"] = ZERO_NS + np.arange(200) * 20 * MS
    samples["loop_delay_ns"] = 10_000
    return build(reads, writes, samples=samples, info=run_info(writer="watch", write_interval=0.0, window=0.0))


def test_reads_that_are_no_slower_near_publications_pass() -> None:
    history = published_run(publications=30)
    impact = measure_impact(history)
    assert impact.basis == "publications"
    assert not impact.control
    assert impact.pairs_used >= 28
    result = write_impact(history)
    assert result.verdict is Verdict.PASS, result.sentence
    assert "publications of somebody else" in result.sentence


@pytest.mark.parametrize("slower", [2.0, 4.0])
def test_reads_that_are_slower_near_publications_fail_by_how_much_they_are(slower: float) -> None:
    """Half of the reads near a publication are hit here, so p90 shows all of it."""
    impact = measure_impact(published_run(publications=30, slower=slower))
    assert impact.verdict is Verdict.FAIL
    p90 = next(estimate for estimate in impact.estimates if estimate.quantile == "p90")
    assert 0.85 * slower < p90.low <= p90.high < 1.15 * slower


@pytest.mark.parametrize(("publications", "lacking"), [(1, "5 more publications"), (4, "2 more publications")])
def test_too_few_publications_say_how_many_are_missing(publications: int, lacking: str) -> None:
    impact = measure_impact(published_run(publications=publications))
    assert impact.verdict is Verdict.INCONCLUSIVE
    assert lacking in impact.sentence


def test_publications_without_quiet_time_around_them_are_not_compared() -> None:
    impact = measure_impact(published_run(publications=40, every_ns=S // 5))
    assert impact.verdict is Verdict.INCONCLUSIVE
    assert impact.pairs_used < 6
    assert "enough quiet time" in impact.sentence


def test_correct_publishers_seldom_look_slow() -> None:
    """One in twenty at most where the tolerance is the truth; far fewer where there is no effect."""
    fails = sum(measure_impact(published_run(publications=12, seed=seed)).verdict is Verdict.FAIL for seed in range(40))
    assert fails <= 1


def test_reads_of_a_worker_elsewhere_that_may_be_on_either_side_of_a_publication_are_left_out() -> None:
    """Its clock is known to 0.8 s, and its reads seem half of that too early: slow ones would be among those before."""
    width_ns = 800 * MS
    moved = from_afar(published_run(publications=30, slower=4.0), width_ns)
    impact = measure_impact(moved)
    assert impact.verdict is Verdict.FAIL, impact.sentence
    healthy = replace(moved.reads, returned_ns=moved.reads.called_ns + 20 * MS + width_ns)
    blurred = measure_impact(changed(published_run(publications=30), reads=healthy))
    assert blurred.verdict is Verdict.INCONCLUSIVE
    assert "may have been due in another window" in blurred.sentence
