"""Thresholds of runs that ended before all was known: what is only known to be at least so long is not called short."""

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
from altered import changed, with_info
from history_language import history, padding
from hypothesis import example, given
from hypothesis import strategies as st

from loadtest.judge.analyse import summarise
from loadtest.judge.thresholds.judging import evaluate
from loadtest.run.history.history import History
from loadtest.run.history.validation import validated
from loadtest.run.records import UNDECIDED_VERSION, UNSEEN_VERSION, Verdict
from loadtest.summary.findings import ThresholdResult
from loadtest.summary.summary import Summary

PASS, FAIL, OPEN = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE


@lru_cache(maxsize=8)
def summarised(text: str) -> tuple[Summary, History]:
    run = history(text)
    return summarise(run), run


def judged(threshold: str, text: str) -> ThresholdResult:
    (result,) = evaluate([threshold], *summarised(text))
    return result


class TestStalenessOfTheStalestRead:
    """The second read is certainly 5 ns too old, and may be older by far than the first, which is 10 ns too old."""

    text = f"w1[0 10] w2[20 30] r1[40 45] r1[35 9000] {padding(10_000, 3)}"

    @pytest.mark.parametrize(
        ("threshold", "verdict"),
        [
            ("staleness.max < 10us", PASS),
            ("staleness.max < 8980ns", OPEN),
            ("staleness.max < 100ns", OPEN),
            ("staleness.max < 10ns", FAIL),
            ("staleness.max > 8us", OPEN),
            ("staleness.max > 9us", FAIL),
        ],
    )
    def test_reaches_as_far_as_that_of_any_stale_read(self, threshold: str, verdict: Verdict) -> None:
        assert judged(threshold, self.text).verdict is verdict

    def test_is_said_as_an_interval(self) -> None:
        assert judged("staleness.max < 10us", self.text).number.text == "between 10.0 ns and 8.98 µs"


def test_a_lag_that_the_clock_of_a_worker_can_hide_is_not_called_short() -> None:
    """No read was stale as far as could be seen, and one of worker 1 may have been by as much as its clock is off."""
    run = history(padding(0, 1))
    hidden = with_info(run, clock_uncertainty_ns={"1": 50_000_000})
    thresholds = ["staleness.max < 20ms", "window.max < 20ms", "window.max < 60ms"]
    *on_one_clock, _ = evaluate(thresholds, summarise(run), run)
    *open_, longer = evaluate(thresholds, summarise(hidden), hidden)
    assert [result.verdict for result in (*on_one_clock, *open_, longer)] == [PASS, PASS, OPEN, OPEN, PASS]
    assert all("50.0 ms" in result.sentence for result in open_)


@pytest.mark.parametrize(
    ("metric", "too_short", "long_enough"), [("staleness.max", 5, 15), ("window.max", 15, 25), ("visible(max)", 5, 15)]
)
def test_a_lag_from_before_a_head_showed_a_version_is_not_called_short(
    metric: str, too_short: int, long_enough: int
) -> None:
    """Somebody else published each version up to 10 ns before a HEAD showed it; reads of the old one look fresh."""
    for limit, verdict in ((too_short, OPEN), (long_enough, PASS)):
        for run, expected in (
            (history(padding(0, 1)), PASS),
            (history(padding(0, 1), writer="watch", write_interval=0.0, window=0.0), verdict),
        ):
            (result,) = evaluate([f"{metric} < {limit}ns"], summarise(run), run)
            assert result.verdict is expected, result.sentence


class TestStaleReadsThatAreLeftOpen:
    """None was stale for certain. Six reads of the old version, called just before it was replaced, may have been."""

    text = " ".join([padding(0, 1), *(f"r{number}[{120 * number + 8} {120 * number + 30}]" for number in range(6))])
    judged = pytest.mark.parametrize(
        ("threshold", "verdict"),
        [
            ("stale_reads == 0", OPEN),
            ("stale_reads == 1", OPEN),
            ("stale_reads != 1", OPEN),
            ("stale_reads == 7", FAIL),
            ("stale_reads != 7", PASS),
            ("stale_reads < 6", OPEN),
            ("stale_reads <= 6", PASS),
            ("stale_share == 0", OPEN),
            ("stale_share < 50%", PASS),
        ],
    )

    @judged
    def test_by_a_clock_that_is_known_to_a_bound(self, threshold: str, verdict: Verdict) -> None:
        """They were called 2 ns before the acknowledgement, or up to 3 ns after it."""
        run = history(self.text)
        late = np.where(run.reads.returned_ns - run.reads.called_ns == 22, 5, 0)
        for widening_ns, expected in ((late, verdict), (np.minimum(late, 2), None)):
            unsure = validated(changed(run, reads=replace(run.reads, widening_ns=widening_ns)))
            (result,) = evaluate([threshold], summarise(unsure), unsure)
            certain = evaluate([threshold], *summarised(self.text))[0].verdict
            assert result.verdict is (expected or certain), result.sentence

    @judged
    def test_by_heads_that_show_a_version_late(self, threshold: str, verdict: Verdict) -> None:
        run = history(self.text, writer="watch", write_interval=0.0, window=0.0)
        (result,) = evaluate([threshold], summarise(run), run)
        assert result.verdict is verdict, result.sentence

    def test_by_documents_that_no_head_put_in_their_place(self) -> None:
        run = history(padding(0, 1), writer="watch", write_interval=0.0, window=0.0)
        run.reads.version[-3:] = [UNDECIDED_VERSION, UNDECIDED_VERSION, UNSEEN_VERSION]
        (result,) = evaluate(["stale_reads < 3"], summarise(run), run)
        assert result.verdict is OPEN
        assert result.number.text == "between 0 and 3"


@pytest.mark.parametrize(
    ("threshold", "verdict"), [("broken == 0", OPEN), ("broken < 5%", PASS), ("broken > 5%", FAIL)]
)
def test_documents_of_somebody_else_may_have_been_broken_ones(threshold: str, verdict: Verdict) -> None:
    result = judged(threshold, f"{padding(0, 1, reads=300)} foreign[60 61]")
    assert result.verdict is verdict, result.sentence
    assert judged("broken == 0", padding(0, 1, reads=300)).verdict is PASS


class TestTheLongestWindow:
    cut_off = f"{padding(0, 1)} w7[10000 10010] r6[20010 20020] r6[910010 910020]"  # and then the run ended

    @pytest.mark.parametrize(
        ("threshold", "verdict"),
        [
            ("window.max < 1ms", OPEN),
            ("window.max < 1min", OPEN),
            ("window.max <= 900us", OPEN),
            ("window.max < 900us", FAIL),
            ("window.max > 800us", PASS),
            ("window.max >= 900us", PASS),
            ("window.max > 1ms", OPEN),
        ],
    )
    def test_that_the_end_of_the_run_cut_off_has_no_upper_end(self, threshold: str, verdict: Verdict) -> None:
        assert judged(threshold, self.cut_off).verdict is verdict

    def test_that_the_end_of_the_run_cut_off_is_said_to_be_at_least_so_long(self) -> None:
        result = judged("window.max < 1ms", self.cut_off)
        assert result.number.value == 900_000
        assert result.sentence == (
            "The longest consistency window is at least 900 µs, as the run ended before a read saw the new version: "
            "that spans 1ms, so it cannot be called below 1ms."
        )

    def test_counts_where_one_that_was_cut_off_was_shorter_still(self) -> None:
        followed = "w7[10000 10010] r6[510010 510020] r7[600010 600020]"
        result = judged("window.max < 600us", f"{padding(0, 1)} {followed} w8[700000 700010] r7[800010 800020]")
        assert result.verdict is PASS
        assert result.number.text == "between 500 µs and 590 µs"


def seen(*delays: int, unseen: int = 0, waited: int | None = None) -> str:
    """Writes first seen ``delays`` ns after they were acknowledged, and ``unseen`` ones that none of the reads saw.

    A last read finds them unseen ``waited`` ns after the acknowledgement of the last, if it is made at all.
    """
    text, time = [], 0
    for version, delay in enumerate(delays, start=1):
        text.append(f"w{version}[{time} {time + 10}] r{version}[{time + 9} {time + 10 + delay}]")
        time += 1_000_000
    text += [f"w{len(delays) + n}[{time + 20 * n} {time + 20 * n + 10}]" for n in range(1, unseen + 1)]
    if waited is not None:
        called = time + 20 * unseen + 10 + waited
        text.append(f"r{len(delays)}[{called} {called + 5}]")
    return " ".join(text)


class TestTheTimeUntilAWriteIsSeen:
    @pytest.mark.parametrize(
        ("unseen", "quantile", "known"),
        [
            (1, "p50", True),
            (1, "p90", False),
            (1, "p99", False),
            (1, "max", False),
            (6, "p50", True),
            (7, "p50", False),
        ],
    )
    def test_is_not_known_where_too_many_writes_were_waited_for_longer(
        self, unseen: int, quantile: str, known: bool
    ) -> None:
        result = judged(f"visible({quantile}) < 2us", seen(*[1000] * 6, unseen=unseen, waited=5000))
        assert result.verdict is (PASS if known else OPEN)
        assert result.number.value == (1000 if known else None)
        if not known:
            count = "1 write" if unseen == 1 else f"{unseen} writes"
            assert f"({quantile}) was not measured: {count} had " in result.sentence
            assert "not been seen when the run ended" in result.sentence

    @pytest.mark.parametrize("waited", [None, 500])
    @pytest.mark.parametrize("quantile", ["p50", "p90", "p99", "max"])
    def test_does_not_rest_on_writes_that_were_waited_for_less(self, quantile: str, waited: int | None) -> None:
        result = judged(f"visible({quantile}) < 2us", seen(*[1000] * 6, unseen=3, waited=waited))
        assert (result.verdict, result.number.value) == (PASS, 1000)

    def test_of_a_few_writes_does_not_pass_but_may_fail(self) -> None:
        assert judged("visible(max) < 2us", seen(*[1000] * 5)).verdict is PASS
        few = judged("visible(max) < 2us", seen(*[1000] * 4))
        assert few.verdict is OPEN
        assert few.sentence.endswith("but that is of 4, and at least 5 are needed to tell.")
        assert judged("visible(max) < 500ns", seen(1000)).verdict is FAIL

    @given(
        st.lists(st.sampled_from([100, 200, 300, 5000]), min_size=5, max_size=30),
        st.integers(0, 10),
        st.sampled_from([None, 1, 250, 9000]),
        st.sampled_from([150, 250, 350, 9999]),
        st.sampled_from([("p50", 500), ("p90", 900), ("p99", 990), ("max", 1000)]),
    )
    @example([100] * 3 + [200] * 2, 2, 250, 150, ("p50", 500))
    def test_passes_only_where_that_share_of_the_writes_was_seen_in_time_or_not_waited_for(
        self, delays: list[int], unseen: int, waited: int | None, limit: int, quantile: tuple[str, int]
    ) -> None:
        name, per_mille = quantile
        late = 0 if waited is None else sum(waited + 20 * n > limit for n in range(unseen))
        in_time = sum(delay < limit for delay in delays)
        result = judged(f"visible({name}) < {limit}ns", seen(*delays, unseen=unseen, waited=waited))
        if result.verdict is PASS:
            assert 1000 * in_time >= per_mille * (len(delays) + late)
