"""What a duel comes to: pair by pair, like with like, and nothing passes that was not looked at."""

import json
import math
from dataclasses import replace
from functools import cache
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from altered import changed, slower

from benchmarks.duel_simulation import FAST_S, SLOW_S, Case, observed
from loadtest.compare.comparison import Comparison
from loadtest.compare.paired import _not_by_pauses, compare_in_turns
from loadtest.compare.paired_rows import kind_rows, latency_rows, pooled_rows
from loadtest.compare.paired_windows import Observed
from loadtest.compare.report_files import DUEL_FILES, markdown, write_comparison
from loadtest.judge.measure.like_with_like import Stretch
from loadtest.run.history.history import Column, History, Windows
from loadtest.run.records import Verdict
from loadtest.summary.summary import Summary

CALM = Case(120, 0.0, SLOW_S, outliers=False, ratio=1.0)


@cache
def calm() -> dict[str, Observed]:
    return observed(CALM, 1)


@pytest.fixture(scope="session")
def history(clean_history: History) -> History:
    return clean_history


def duel(clean: Summary, base: History, new: History, **other: str) -> Comparison:
    return compare_in_turns((clean, base), (clean, new), 1.07, 0.005, **other)


def test_one_build_passes_and_a_slower_one_fails(clean: Summary, history: History) -> None:
    assert duel(clean, history, history).verdict is Verdict.PASS
    assert duel(clean, slower(history, 1.15), history).verdict is Verdict.PASS
    made = duel(clean, history, slower(history, 1.15))
    assert made.verdict is Verdict.FAIL
    assert made.sentence.startswith("Regression: Response time while quiet, p50")


def test_a_kind_of_answer_that_got_slower_does_not_hide_behind_one_that_got_faster(
    clean: Summary, history: History
) -> None:
    faster = slower(history, 0.7, history.reads.status == 304)
    made = duel(clean, history, slower(faster, 1.3, faster.reads.status == 200))
    assert made.verdict is Verdict.FAIL
    failing = [row.name for row in made.rows if row.verdict is Verdict.FAIL]
    assert "Response time of 200 answers while quiet, p50" in failing


def with_stalls(found: Observed, every: int, ms: int) -> Observed:
    """One in ``every`` windows of the new run in which a tenth of the reads took so much longer."""
    stretches, times = [], []
    for number, ((base, new), taken) in enumerate(zip(found.stretches, found.times, strict=True)):
        hit = number % every == 0
        longer = Stretch({kind: np.sort(stalled(own, ms)) for kind, own in new.times.items()})
        stretches.append((base, longer if hit else new))
        times.append((taken[0], stalled(taken[1], ms) if hit else taken[1]))
    return Observed(tuple(stretches), tuple(times), found.dropped)


def stalled(times: Column, ms: int) -> Column:
    longer = times.copy()
    longer[::10] += ms * 1e6
    return longer


def test_stalls_in_few_windows_move_no_median_and_are_seen_all_the_same(clean: Summary) -> None:
    found = {kind: with_stalls(of_kind, 5, 500) for kind, of_kind in calm().items()}
    latency = latency_rows((clean, clean), found, 1.07, 0.005)
    assert Verdict.FAIL not in {row.verdict for row in latency}
    failing = [row.name for row in pooled_rows(found, 1.07, 0.005) if row.verdict is Verdict.FAIL]
    assert "Response time of all reads while quiet, p99" in failing


def test_one_stall_may_be_chance_and_is_no_pass(clean: Summary) -> None:
    found = {kind: with_stalls(of_kind, 100, 500) for kind, of_kind in calm().items()}
    many = {kind: Observed(of_kind.stretches[:8], of_kind.times[:8], 0) for kind, of_kind in found.items()}
    assert {row.verdict for row in pooled_rows(many, 1.07, 0.005)} == {None, Verdict.INCONCLUSIVE}


def test_drift_hits_both_alike(clean: Summary) -> None:
    """Of twelve duels of one build on a drifting machine none fails, and none of a slower one passes."""
    for seed in range(6):
        for drift, memory in ((0.05, SLOW_S), (0.05, FAST_S)):
            verdicts = []
            for ratio in (1.0, 1.15):
                found = observed(Case(120, drift, memory, outliers=False, ratio=ratio), seed)
                rows = latency_rows((clean, clean), found, 1.07, 0.005) + kind_rows(found, 1.07, 0.005)
                verdicts.append({row.verdict for row in rows})
            assert Verdict.FAIL not in verdicts[0]
            assert Verdict.FAIL in verdicts[1]


def test_too_few_pairs_are_undecided_and_say_what_to_do(clean: Summary, history: History) -> None:
    short = {kind: Observed(of_kind.stretches[:5], of_kind.times[:5], 0) for kind, of_kind in calm().items()}
    rows = latency_rows((clean, clean), short, 1.07, 0.005)
    assert {row.verdict for row in rows} == {Verdict.INCONCLUSIVE}
    assert rows[0].sentence.endswith(
        "of 5 pairs of windows too few hold enough reads, and at least 6 are needed: let them duel for longer, or read "
        "more often."
    )


def test_a_duel_that_one_did_not_survive_never_passes(clean: Summary, history: History) -> None:
    made = duel(clean, history, history, broken="the new run was killed (SIGKILL)")
    assert made.verdict is Verdict.INCONCLUSIVE
    assert made.sentence.endswith("this does not pass: The new run was killed (SIGKILL).")
    recovered = replace(clean, run=replace(clean.run, ended=replace(clean.run.ended, recovered=True)))
    made = compare_in_turns((clean, history), (recovered, history), 1.07, 0.005)
    assert made.verdict is Verdict.INCONCLUSIVE
    assert compare_in_turns((clean, history), (recovered, slower(history, 1.3)), 1.07, 0.005).verdict is Verdict.FAIL


def test_noise_of_a_process_widens_every_interval(clean: Summary) -> None:
    found = observed(CALM, 2)
    narrow, wide = (latency_rows((clean, clean), found, 1.07, noise)[0] for noise in (0.0, 0.02))
    assert narrow.low and narrow.high and wide.low and wide.high
    assert wide.low < narrow.low < narrow.high < wide.high
    assert wide.high / wide.low >= math.exp(2 * 1.96 * 0.02 * math.sqrt(2))


def test_what_is_written(clean: Summary, history: History, tmp_path: Path) -> None:
    made = duel(clean, history, slower(history, 1.15))
    text = write_comparison(made, tmp_path)
    assert text.startswith("## ❌ FAIL Duel with the base deployment\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(DUEL_FILES)
    assert json.loads((tmp_path / "duel.json").read_text())["verdict"] == "FAIL"
    suite = ET.fromstring((tmp_path / "junit.xml").read_text())
    assert int(suite.attrib["failures"]) >= 2 and suite.attrib["errors"] == "0"
    page = (tmp_path / "duel.html").read_text()
    assert "Regression: Response time while quiet, p50" in page and "http-equiv" in page


def test_pairs_in_which_a_generator_paused_are_left_out_and_counted(clean: Summary, history: History) -> None:
    samples = history.samples
    late, window = samples.loop_delay_ns.copy(), history.windows
    for place in (2, 3):
        hit = int(np.searchsorted(samples.at_ns, window.start_ns[place] + 200_000_000))
        late[hit] = 100_000_000
    paused = changed(history, samples=replace(samples, loop_delay_ns=late))
    made = duel(clean, history, paused)
    assert made.verdict is Verdict.PASS
    assert "2 pairs were left out, 2 of them because a load generator itself paused." in made.notes[0]
    assert duel(clean, history, slower(paused, 1.15)).verdict is Verdict.FAIL


def test_a_run_that_has_half_of_the_pairs_does_not_pass(clean: Summary, history: History) -> None:
    """Whatever kept it from going on, what it did not measure may be worse."""
    half = {name: column[: len(history.windows) // 2] for name, column in vars(history.windows).items()}
    made = duel(clean, history, changed(history, windows=Windows(**half)))
    assert made.verdict is Verdict.INCONCLUSIVE
    assert "or a run does not have it" in made.sentence
    assert "were left out" in made.notes[0]


def test_a_failure_that_only_pairs_with_pauses_are_enough_to_show_is_no_pass() -> None:
    """Of a rare kind of answer six pairs may be there with them, and five, which have no row, without."""
    found = {kind: with_stalls(of_kind, 1, 500) for kind, of_kind in calm().items()}
    six, five = (
        {kind: Observed(each.stretches[:n], each.times[:n], 0) for kind, each in found.items()} for n in (6, 5)
    )
    whole, left = pooled_rows(six, 1.07, 0.005), pooled_rows(five, 1.07, 0.005)
    assert left == [] and "Response time of all reads while quiet, p99" in {
        row.name for row in whole if row.verdict is Verdict.FAIL
    }
    settled = _not_by_pauses(left, whole)
    assert {row.verdict for row in settled} == {Verdict.INCONCLUSIVE}
    assert settled[0].sentence.endswith("too few are left: let them duel for longer.")


def test_too_many_pauses_are_undecided(clean: Summary) -> None:
    found = {kind: replace(of_kind, paused=12) for kind, of_kind in calm().items()}
    rows = latency_rows((clean, clean), found, 1.07, 0.005)
    assert {row.verdict for row in rows} == {Verdict.INCONCLUSIVE}
    assert "a load generator itself paused in 12 of 4" in rows[0].sentence


def test_documents_of_unlike_size_are_no_pass(clean: Summary, history: History) -> None:
    """A duel that only reads takes what is there; a smaller document is no faster deployment."""
    other = replace(clean, run=replace(clean.run, settings=clean.run.settings | {"payload_bytes": 9}))
    made = compare_in_turns((clean, history), (other, history), 1.07, 0.005)
    assert made.verdict is Verdict.INCONCLUSIVE
    assert "The two are unlike in payload bytes" in made.sentence
    assert "Forced" not in markdown(made)


def test_a_deployment_whose_slow_puts_leave_most_pairs_out_does_not_pass(clean: Summary, history: History) -> None:
    """The pairs that are left are those in which its PUTs were fast."""
    windows, writes = history.windows, history.writes
    returned, hung = writes.returned_ns.copy(), 0
    for place in np.flatnonzero((windows.kind[:-1] == 1) & (windows.kind[1:] == 0)):
        last = int(np.searchsorted(writes.called_ns, windows.end_ns[place])) - 1
        returned[last] = windows.start_ns[place + 1] + 1
        hung += 1
    assert hung > len(windows) / 8
    made = duel(clean, history, changed(history, writes=replace(writes, returned_ns=returned)))
    assert made.verdict is Verdict.INCONCLUSIVE
    assert f"{hung} of {len(windows) // 2} pairs of quiet windows are left out" in made.sentence
