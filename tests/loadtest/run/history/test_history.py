"""What all judging starts from: a history in memory, its names and bounds, and how little must be imported for it."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from history_language import history, run_info

from loadtest.run.history.history import History, nothing_of


def test_a_history_makes_each_measurement_once() -> None:
    calls = []

    def measure(run: History) -> int:
        calls.append(run)
        return 5

    run = history("r0[0 1]")
    assert (run.once(measure), run.once(measure), len(calls)) == (5, 5, 1)


def test_threads_that_ask_at_the_same_time_wait_for_the_one_that_is_made() -> None:
    asked, calls = threading.Event(), []

    def measure(run: History) -> int:
        calls.append(run)
        asked.wait(10)  # the other thread has come meanwhile
        return 5

    run = history("r0[0 1]")
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(run.once, measure)
        other = threads.submit(lambda: (asked.set(), run.once(measure))[1])
        assert (first.result(20), other.result(20), len(calls)) == (5, 5, 1)


def test_what_fails_fails_for_each_who_asks() -> None:
    run = history("r0[0 1]")
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            run.once(lambda _: 1 // 0)


def test_some_of_the_reads_are_the_same_however_they_are_told() -> None:
    made = history("r0[0 1] r0[2 3] r0[4 5] r0[6 7]").reads
    one_clock = replace(made, widening_ns=nothing_of(np.int64, 4))
    wide = replace(made, returned_ns=made.returned_ns + 5, widening_ns=np.array([0, 5, 2, 0]))
    for reads in (made, one_clock, wide):
        own = reads.own_returned_ns
        assert (own == reads.returned_ns - reads.widening_ns).all()
        for which in (slice(1, 3), np.array([False, True, True, False]), np.array([1, 2])):
            some = reads.chosen(which)
            assert some.on_one_clock == reads.on_one_clock
            assert [column.tolist() for column in vars(some).values()] == [
                column[1:3].tolist() for column in vars(reads).values()
            ]
            assert reads.own_returned(which).tolist() == own[1:3].tolist() == some.own_returned_ns.tolist()
        assert int(reads.own_returned(2)) == own[2]
    for empty in (history("w1[0 10]").reads, one_clock.chosen(np.zeros(4, dtype=np.bool_))):
        assert len(empty.chosen(np.zeros(0, dtype=np.bool_))) == len(empty.chosen(slice(0, 0))) == 0


def test_the_bound_on_staleness_is_in_nanoseconds() -> None:
    assert history("r0[0 1]", max_staleness=0.0015).max_staleness_ns == 1_500_000


def test_names_for_sentences() -> None:
    assert run_info().target_name == "http://127.0.0.1:1/v1/samples"
    assert run_info().model_copy(update={"target": {}}).target_name == "the target"


def test_loading_imports_no_load_generator() -> None:
    """A report is made on machines without Locust and AWS."""
    heavy = ("locust", "gevent", "boto3", "moto")
    code = f"import sys, loadtest.judge.analyse; print([m for m in {heavy} if m in sys.modules])"
    root = Path(__file__).parents[4]
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert result.stdout.strip() == "[]"
