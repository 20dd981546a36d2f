"""What the generator itself paused in is its own, not the target's; windows with a pause never make a PASS."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from altered import changed, due_in, slower, windows_of
from drawing import examples
from history_language import ZERO_NS, history, samples
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.simulated_runs import Truth, simulated
from loadtest.judge.measure.generator_health import measure_generator
from loadtest.judge.measure.impact import measure_impact
from loadtest.judge.measure.paused_windows import PAUSED, own_pauses, paused_windows
from loadtest.run.history.history import History, Samples
from loadtest.run.records import Verdict, WindowKind
from loadtest.summary.generator import Generator

MS = 1_000_000


def with_pauses(run: History, pauses: Sequence[tuple[int, int, float]], processes: int = 1) -> History:
    """The run with samples every 20 ms, and pauses: when (ns), how long, and the share of it that is CPU time."""
    workers, at, late, cpu = [], [], [], []
    end = int(run.reads.returned_ns.max())
    for worker in range(processes):
        now, used, left = int(run.reads.scheduled_ns[0]), 1_000, sorted(pauses) if worker == 0 else []
        while now < end:
            due = now + 20 * MS
            delay, share = 10_000, 0.0
            if left and left[0][0] <= due:
                _, delay, share = left.pop(0)
            now = due + delay
            used += 100_000 + int(delay * share)
            workers.append(worker)
            at.append(now)
            late.append(delay)
            cpu.append(used)
    none = np.zeros(len(at), dtype=np.int64)
    columns = [np.array(column, dtype=np.int64) for column in (workers, at, late, cpu)]
    return changed(run, samples=Samples(*columns, none, none))


def paused_in(run: History, places: Sequence[int], ms: int = 60, share: float = 0.0) -> list[tuple[int, int, float]]:
    return [(int(run.windows.start_ns[place]) + 300 * MS, ms * MS, share) for place in places]


RUN = simulated(Truth(seconds=120), 3)
QUIET, WRITING = windows_of(RUN, WindowKind.QUIET), windows_of(RUN, WindowKind.WRITING)


def test_a_pause_of_the_process_leaves_its_window_out_and_says_so() -> None:
    found = measure_impact(with_pauses(RUN, paused_in(RUN, WRITING[3:5])))
    assert [row.dropped for row in found.windows if row.index in WRITING[3:5]] == [PAUSED, PAUSED]
    assert found.windows_paused == 2
    assert found.pairs_used == measure_impact(RUN).pairs_used - 2
    assert "2 windows in which the load generator itself paused are left out." in found.sentence


@pytest.mark.parametrize("share", [0.6, 1.0])
def test_a_loop_that_is_late_because_it_was_busy_is_no_pause(share: float) -> None:
    """A frozen target that answers everything at once keeps the generator busy: that is the target's doing."""
    run = with_pauses(RUN, paused_in(RUN, WRITING[3:6], ms=400, share=share))
    assert not paused_windows(run).any()
    assert measure_impact(run).windows_paused == 0


def test_a_target_that_freezes_is_no_pause_of_the_generator() -> None:
    frozen = slower(RUN, 30, due_in(RUN, WRITING[:8]))
    assert not paused_windows(with_pauses(frozen, [])).any()
    assert measure_impact(with_pauses(frozen, [])).pairs_used == measure_impact(frozen).pairs_used


def test_short_pauses_and_those_in_rests_leave_nothing_out() -> None:
    rests = windows_of(RUN, WindowKind.REST)
    assert not paused_windows(with_pauses(RUN, paused_in(RUN, WRITING[:4], ms=8))).any()
    assert not paused_windows(with_pauses(RUN, paused_in(RUN, rests, ms=300))).any()
    assert not paused_windows(with_pauses(RUN, paused_in(RUN, WRITING[:4], ms=14))).any()


def test_a_pause_of_one_process_of_four_is_a_quarter_of_one() -> None:
    pauses = paused_in(RUN, WRITING[:4], ms=40)
    assert paused_windows(with_pauses(RUN, pauses, processes=1)).sum() == 4
    assert not paused_windows(with_pauses(RUN, pauses, processes=4)).any()


def test_too_many_are_not_left_out_and_nothing_passes() -> None:
    passing = measure_impact(RUN)
    assert passing.verdict is Verdict.PASS
    found = measure_impact(with_pauses(RUN, paused_in(RUN, WRITING[: len(WRITING) // 2])))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.pairs_used == passing.pairs_used
    assert found.estimates == passing.estimates
    assert (
        "too many to be left out" in found.sentence and "measure on a machine with less other work" in found.doubts[-1]
    )


def test_a_fail_in_spite_of_many_pauses_stays_one() -> None:
    slow = simulated(Truth(seconds=120, while_writing=1.6), 3)
    assert measure_impact(with_pauses(slow, paused_in(slow, WRITING[: len(WRITING) // 2]))).verdict is Verdict.FAIL
    assert measure_impact(with_pauses(slow, paused_in(slow, WRITING[:2]))).verdict is Verdict.FAIL


@cache
def slow_run(factor: float) -> tuple[History, Verdict]:
    slow = slower(RUN, factor, due_in(RUN, WRITING[: len(WRITING) * 3 // 5]))
    return slow, measure_impact(slow).verdict


@settings(max_examples=examples(30))
@given(st.sets(st.sampled_from(range(len(WRITING)))), st.sampled_from([1.0, 1.3, 1.6, 3.0]), st.integers(20, 500))
def test_pauses_never_make_a_pass_of_a_fail(places: set[int], factor: float, ms: int) -> None:
    """However the pauses lie: in the very windows that are slow, or elsewhere."""
    slow, whole = slow_run(factor)
    found = measure_impact(with_pauses(slow, paused_in(slow, [WRITING[place] for place in places], ms=ms))).verdict
    assert not (whole is Verdict.FAIL and found is Verdict.PASS)
    assert not (whole is Verdict.PASS and found is Verdict.FAIL)


def test_samples_of_one_process_are_not_held_against_those_of_another() -> None:
    run = with_pauses(RUN, [], processes=2)
    samples = run.samples
    last = int(np.flatnonzero(samples.worker == 1)[0])
    late = samples.loop_delay_ns.copy()
    late[last] = 500 * MS  # the first sample of a process has none before it to tell what CPU it used
    run = changed(run, samples=replace(samples, loop_delay_ns=late))
    assert not len(own_pauses(run, 1)[0]) or not np.any(own_pauses(run, 100 * MS)[0])


READS = 2_000


def run(slow_at_ms: int | None, pause_at_ms: int | None, pause_ms: int = 100) -> History:
    """Two seconds of reads of 5 ms, one a millisecond, of which those due in a given 100 ms end together, later."""
    text = ["w1[-20 -10]"]
    for n in range(READS):
        waits = slow_at_ms is not None and slow_at_ms <= n < slow_at_ms + 100
        end = slow_at_ms + 105 if waits and slow_at_ms is not None else n + 5
        text.append(f"r{n}:r1[{n * MS} {end * MS}]")
    table = samples([100_000] * 100)
    if pause_at_ms is not None:
        woke = ZERO_NS + (pause_at_ms + pause_ms) * MS
        hit = int(np.searchsorted(table["at_ns"], woke))
        table["at_ns"][hit], table["loop_delay_ns"][hit] = woke, pause_ms * MS
    return history(" ".join(text), samples=table)


def measured(**moments: int | None) -> Generator:
    return measure_generator(run(moments.get("slow"), moments.get("pause")))


def of_all(generator: Generator) -> set[str]:
    return {
        found.quantile for found in generator.paused_quantiles if (found.population, found.time) == ("all", "response")
    }


def test_reads_that_waited_through_a_pause_are_the_generators_own() -> None:
    generator = measured(slow=1_000, pause=1_000)
    assert [(pause.at_ns, pause.delay_ns) for pause in generator.pauses] == [(1_000 * MS, 100 * MS)]
    assert of_all(generator) == {"p99", "p99.9", "max"}
    assert generator.paused_longest_gap
    assert generator.pause_sentence == (
        "At 1.00 s the load generator itself paused for 100 ms: p99, p99.9, max and the longest silence of this run "
        "are its own and not the target's."
    )


def test_a_target_that_stalls_is_not_excused_by_a_pause_at_another_time() -> None:
    generator = measured(slow=1_000, pause=300)
    assert len(generator.pauses) == 1
    assert of_all(generator) == set()
    assert not generator.paused_longest_gap
    assert generator.pause_sentence == ""


def test_without_a_pause_nothing_is_said() -> None:
    generator = measured(slow=1_000)
    assert (generator.pauses, generator.paused_quantiles, generator.pause_sentence) == ((), (), "")


def test_a_short_pause_does_not_excuse_a_long_read() -> None:
    generator = measure_generator(run(1_000, 1_020, pause_ms=30))
    assert len(generator.pauses) == 1
    assert generator.pause_sentence == ""
