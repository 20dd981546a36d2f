"""What each place saw: a fault near one of them is neither diluted by the others nor laid at their door."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
from simulation import simulate

from loadtest.judge.analyse import summarise
from loadtest.report.markdown import markdown
from loadtest.report.page import page
from loadtest.run.attendance import Attendance, Attendant
from loadtest.run.history import History, Reads, Samples
from loadtest.run.records import Verdict
from loadtest.run.run_info import NO_PLACE

FAIL = Verdict.FAIL


def from_two(
    first: History, second: History, keep: float = 1.0, places: tuple[str, str] = ("Oslo", "Tokyo")
) -> History:
    """The reads of two histories with the same writes; those of the second, or of a part, are Tokyo's."""
    chosen = second.reads.session <= np.quantile(np.unique(second.reads.session), keep)
    columns = {}
    for each in fields(Reads):
        one, other = getattr(first.reads, each.name), getattr(second.reads, each.name)[chosen]
        columns[each.name] = np.concatenate([one, np.ones_like(other) if each.name == "worker" else other])
    order = np.argsort(columns["called_ns"], kind="stable")
    columns = {name: np.ascontiguousarray(column[order]) for name, column in columns.items()}
    columns["widening_ns"] = np.broadcast_to(np.zeros(1, dtype=np.int64), len(order))
    samples = {}
    for each in fields(Samples):
        one, other = getattr(first.samples, each.name), getattr(second.samples, each.name)
        samples[each.name] = np.concatenate([one, np.ones_like(other) if each.name == "worker" else other])
    end = int(columns["returned_ns"].max())
    processes = [
        Attendant(role="worker", share=share, shares=2, began=True, until_ns=end, closed=True, place=place)
        for share, place in enumerate(places)
    ]
    info = first.info.model_copy(update={"attendance": Attendance(processes=processes)})
    return replace(first, info=info, reads=Reads(**columns), samples=Samples(**samples), _made={}, _being_made={})


def test_a_cache_near_one_place_fails_the_run_and_that_place_alone() -> None:
    summary = summarise(from_two(simulate(3).history, simulate(3, lag_ns=40_000_000).history, 0.5))
    oslo, tokyo = summary.places
    assert (oslo.place, tokyo.place) == ("Oslo", "Tokyo")
    assert oslo.stale_reads == 0 < tokyo.stale_reads
    assert (tokyo.largest_staleness_ns or 0) > 0
    assert oslo.verdicts[2] is not FAIL
    assert tokyo.verdicts[2] is FAIL
    assert summary.questions[2].verdict is FAIL
    assert "Tokyo" in page(summary)
    assert "By place" in markdown(summary)


def test_two_alike_places_differ_by_chance_only_and_a_slow_one_beyond() -> None:
    first, second = simulate(3).history, simulate(3).history
    alike = summarise(from_two(first, second))
    for row in alike.places:
        assert row.against_others_low is not None and row.against_others_high is not None
        assert row.against_others_low <= 1 <= row.against_others_high
    slow = replace(
        second.reads, returned_ns=second.reads.called_ns + (second.reads.returned_ns - second.reads.called_ns) * 2
    )
    oslo, tokyo = summarise(from_two(first, replace(second, reads=slow, _made={}, _being_made={}))).places
    assert (tokyo.against_others_low or 0) > 1.5
    assert (oslo.against_others_high or 9) < 0.7


def test_a_run_without_places_has_no_such_table_and_unnamed_workers_have_a_row() -> None:
    both = from_two(simulate(3).history, simulate(3).history, places=("", ""))
    assert summarise(both).places == ()
    rows = summarise(from_two(simulate(3).history, simulate(3).history, places=("", "Tokyo"))).places
    assert [row.place for row in rows] == ["Tokyo", NO_PLACE]
    assert sum(row.reads for row in rows) == len(both.reads)


def test_a_threshold_must_hold_at_each_place() -> None:
    """As at each address: what is slow near one place with few reads is none of the slowest percent of all."""
    history = from_two(simulate(3).history, simulate(3).history, 0.1)
    far = history.reads.worker == 1
    assert np.mean(far) < 0.2
    returned = np.where(far, history.reads.returned_ns + 300_000_000, history.reads.returned_ns)
    asked = ("p50(response) < 150ms", "reads > 10", "errors < 1%")
    info = history.info.model_copy(
        update={"settings": history.info.settings.model_copy(update={"thresholds": list(asked)})}
    )
    slow = replace(history, reads=replace(history.reads, returned_ns=returned), info=info, _made={}, _being_made={})
    summary = summarise(slow)
    assert [each.verdict for each in summary.thresholds] == [FAIL, Verdict.PASS, Verdict.PASS]
    assert summary.thresholds[0].sentence.startswith("At Tokyo: ")
    assert summary.verdict is FAIL


def test_a_run_does_not_pass_for_a_place_that_read_nothing() -> None:
    history = from_two(simulate(3).history, simulate(3).history)
    silent = history.info.attendance.processes[1]  # type: ignore[union-attr]
    reads = history.reads.chosen(history.reads.worker == 0)
    summary = summarise(replace(history, reads=reads, _made={}, _being_made={}))
    assert silent.place == "Tokyo"
    assert [place.reads for place in summary.places] == [len(reads), 0]
    assumptions = next(check for check in summary.checks if check.id == "assumptions")
    assert assumptions.verdict is Verdict.INCONCLUSIVE
    assert assumptions.sentence.startswith("No read was made at Tokyo, so nothing is known of what is seen there.")
    assert summary.verdict is Verdict.INCONCLUSIVE


def test_a_bound_of_a_clock_that_no_worker_has_is_no_crash() -> None:
    history = from_two(simulate(3).history, simulate(3).history)
    info = history.info.model_copy(update={"clock_uncertainty_ns": {"nobody": 5, "1": 7}})
    summary = summarise(replace(history, info=info, _made={}, _being_made={}))
    assert [place.clock_uncertainty_ns for place in summary.places] == [0, 7]
