"""What each place saw: a fault near one of them is neither diluted by the others nor laid at their door."""

from dataclasses import replace

import numpy as np
from altered import changed, reads_of_both, slower, together, with_info, with_settings, workers_at
from simulation import healthy, lagging

from loadtest.judge.analyse import summarise
from loadtest.report.markdown import markdown
from loadtest.report.page import page
from loadtest.run.history import History, Samples
from loadtest.run.records import Verdict
from loadtest.run.run_info import NO_PLACE

FAIL = Verdict.FAIL


def from_two(
    first: History, second: History, keep: float = 1.0, places: tuple[str, str] = ("Oslo", "Tokyo")
) -> History:
    """The reads of two histories with the same writes; those of the second, or of a part, are Tokyo's."""
    reads = reads_of_both(first, second, keep, "worker")
    both = changed(first, reads=reads, samples=Samples(**together(first.samples, second.samples, "worker")))
    return with_info(both, attendance=workers_at(places, int(reads.returned_ns.max())))


def test_a_cache_near_one_place_fails_the_run_and_that_place_alone() -> None:
    summary = summarise(from_two(healthy(), lagging(), 0.5))
    oslo, tokyo = summary.places
    assert (oslo.place, tokyo.place) == ("Oslo", "Tokyo")
    assert oslo.stale_reads == 0 < tokyo.stale_reads
    assert tokyo.largest_staleness_ns > 0
    assert oslo.verdicts[2] is not FAIL
    assert tokyo.verdicts[2] is FAIL
    assert summary.questions[2].verdict is FAIL
    assert "Tokyo" in page(summary)
    assert "By place" in markdown(summary)


def test_two_alike_places_differ_by_chance_only_and_a_slow_one_beyond() -> None:
    for row in summarise(from_two(healthy(), healthy())).places:
        assert row.against_others_low <= 1 <= row.against_others_high
    oslo, tokyo = summarise(from_two(healthy(), slower(healthy(), 2))).places
    assert tokyo.against_others_low > 1.5
    assert oslo.against_others_high < 0.7


def test_a_run_without_places_has_no_such_table_and_unnamed_workers_have_a_row() -> None:
    both = from_two(healthy(), healthy(), places=("", ""))
    assert summarise(both).places == ()
    rows = summarise(from_two(healthy(), healthy(), places=("", "Tokyo"))).places
    assert [row.place for row in rows] == ["Tokyo", NO_PLACE]
    assert sum(row.reads for row in rows) == len(both.reads)


def test_a_threshold_must_hold_at_each_place() -> None:
    """As at each address: what is slow near one place with few reads is none of the slowest percent of all."""
    history = from_two(healthy(), healthy(), 0.1)
    reads, far = history.reads, history.reads.worker == 1
    assert np.mean(far) < 0.2
    reads = replace(reads, returned_ns=np.where(far, reads.returned_ns + 300_000_000, reads.returned_ns))
    asked = ["p50(response) < 150ms", "reads > 10", "errors < 1%"]
    summary = summarise(with_settings(changed(history, reads=reads), thresholds=asked))
    assert [each.verdict for each in summary.thresholds] == [FAIL, Verdict.PASS, Verdict.PASS]
    assert summary.thresholds[0].sentence.startswith("At Tokyo: ")
    assert summary.verdict is FAIL


def test_a_run_does_not_pass_for_a_place_that_read_nothing() -> None:
    history = from_two(healthy(), healthy())
    reads = history.reads.chosen(history.reads.worker == 0)
    summary = summarise(changed(history, reads=reads))
    assert [(place.place, place.reads) for place in summary.places] == [("Oslo", len(reads)), ("Tokyo", 0)]
    assumptions = next(check for check in summary.checks if check.id == "assumptions")
    assert assumptions.verdict is Verdict.INCONCLUSIVE
    assert assumptions.sentence.startswith("No read was made at Tokyo, so nothing is known of what is seen there.")
    assert summary.verdict is Verdict.INCONCLUSIVE


def test_a_bound_of_a_clock_that_no_worker_has_is_no_crash() -> None:
    uncertain = with_info(from_two(healthy(), healthy()), clock_uncertainty_ns={"nobody": 5, "1": 7})
    assert [place.clock_uncertainty_ns for place in summarise(uncertain).places] == [0, 7]
