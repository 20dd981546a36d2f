"""The impact of writes: pairs of windows, what is dropped, the interval, and the verdict at its boundaries."""

import itertools
import math

import numpy as np
import pytest
from altered import from_afar
from history_language import history, samples

from loadtest.judge.checks.write_impact import write_impact
from loadtest.judge.measure.impact import measure_impact
from loadtest.judge.measure.window_pairs import NO_PARTNER
from loadtest.run.history.history import History
from loadtest.run.records import Verdict
from loadtest.summary.findings import CheckResult

LENGTH = 10_000_000
TOOK = 10_000


def run(
    ratios: list[float], *, reads: int = 100, extra: str = "", puts: bool = True, delay: int = 1, **settings: float
) -> History:
    """One pair of windows a ratio: quiet, then writing; all reads of a window take the same time."""
    text, version = [extra], 0
    for pair, ratio in enumerate(ratios):
        start = 2 * pair * LENGTH
        text.append(f"quiet{pair}[{start} {start + LENGTH - 100}]")
        text.append(f"writing{pair}[{start + LENGTH} {start + 2 * LENGTH - 100}]")
        if puts:
            version += 1
            text.append(f"w{version}[{start + LENGTH + 50} {start + LENGTH + 90}]")
        for number in range(reads):
            due = start + 1000 + number * 50_000
            text.append(f"r0[{due} {due + TOOK}]")
            due += LENGTH
            text.append(f"r0[{due} {due + round(TOOK * ratio)}]")
    table = samples([delay] * 100) if delay else None
    return history(" ".join(text), samples=table, **settings)


def judge(ratios: list[float], **settings: float) -> CheckResult:
    return write_impact(run(ratios, **settings))


def test_the_ratio_and_its_interval() -> None:
    ratios = [1.0, 1.1, 1.2, 1.3, 1.4, 1.5]
    impact = measure_impact(run(ratios))
    for estimate in impact.estimates:
        assert (estimate.low, estimate.high) == (pytest.approx(1.0), pytest.approx(1.5))
        logs = np.log(ratios)
        walsh = [(a + b) / 2 for a, b in itertools.combinations_with_replacement(logs, 2)]
        assert estimate.ratio == pytest.approx(math.exp(np.median(walsh)), abs=1e-6)
        assert estimate.pairs == 6
    assert [estimate.quantile for estimate in impact.estimates] == ["p50", "p90", "p99"]
    assert impact.headline == "p99"
    assert (impact.pairs_used, impact.pairs_dropped) == (6, 0)
    assert impact.noise_floor == pytest.approx(math.sqrt(1.5))


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (1.0, 1.25, Verdict.PASS),  # at the tolerance is tolerated
        (1.0, 1.26, Verdict.INCONCLUSIVE),
        (1.25, 1.5, Verdict.INCONCLUSIVE),
        (1.26, 1.5, Verdict.FAIL),
        (0.5, 1.0, Verdict.PASS),
        (0.5, 0.99, Verdict.INCONCLUSIVE),  # writes do not make reads faster
    ],
)
def test_the_verdict_at_its_boundaries(low: float, high: float, expected: Verdict) -> None:
    result = judge(np.linspace(low, high, 6).tolist())
    assert result.verdict is expected
    assert result.found == (3 if expected is Verdict.FAIL else 0)
    assert result.looked_at == 6


def test_sentences() -> None:
    passed = judge([1.0] * 6)
    assert passed.sentence == (
        "Response time at p99 while writing is 1.00x of that while quiet (95 % interval 1.00x to 1.00x, 6 pairs of "
        "windows): within the tolerated 1.25x. What a PUT leaves behind may reach into quiet windows and be missed: "
        "this run has no rests, for which it takes at least 22 windows."
    )
    failed = judge([2.0] * 6)
    assert failed.sentence.endswith("more than the tolerated 1.25x at p50, p90, p99.")
    open_ = judge([1.0, 1.1, 1.2, 1.3, 1.4, 1.5])
    assert "which spans the tolerated 1.25x: about " in open_.sentence


def test_five_pairs_are_too_few() -> None:
    result = judge([1.0] * 5)
    assert result.verdict is Verdict.INCONCLUSIVE
    assert result.sentence == (
        "Impact at p99 was not measured: 5 pairs of windows, at least 6 are needed; run at least 1 more pair of "
        "windows (4.00 s) longer."
    )
    estimate = measure_impact(run([1.0] * 5)).estimates[2]
    assert (estimate.ratio, estimate.low, estimate.more_pairs) == (None, None, 1)
    assert measure_impact(run([1.0] * 5)).noise_floor is None


def test_a_quantile_wants_enough_reads_in_a_window() -> None:
    impact = measure_impact(run([1.0] * 6, reads=99))
    assert [estimate.pairs for estimate in impact.estimates] == [6, 6, 0]
    assert judge([1.0] * 6, reads=99).verdict is Verdict.INCONCLUSIVE


class TestAHeadlineThatIsNotMeasured:
    def test_for_windows_with_few_reads_wants_more_reads_and_no_more_pairs(self) -> None:
        result = judge([2.0] * 22, reads=80)
        assert result.verdict is Verdict.FAIL
        assert "22 pairs were used, but windows hold as few as 80 successful reads" in result.sentence
        assert "p99 takes at least 100: read more often, or in longer windows" in result.sentence
        assert "At p50, p90 reads are slower than the tolerated 1.25x." in result.sentence
        assert "run at least" not in result.sentence

    def test_names_no_quantile_where_none_fails(self) -> None:
        sentence = measure_impact(run([1.0] * 22, reads=80)).sentence
        assert sentence.endswith("p99 takes at least 100: read more often, or in longer windows.")

    @pytest.mark.parametrize(("pairs", "more"), [(1, 6), (5, 6)])
    def test_for_few_pairs_still_wants_more_of_them(self, pairs: int, more: int) -> None:
        sentence = measure_impact(run([2.0] * pairs, reads=80)).sentence
        assert sentence.endswith(f"run at least {more} more pairs of windows (24.0 s) longer.")

    def test_is_measured_with_as_many_reads_as_it_asks_for(self) -> None:
        assert measure_impact(run([1.0] * 6, reads=100)).estimates[2].ratio == pytest.approx(1.0)


def test_slow_reads_at_p50_fail_though_p99_is_undecided() -> None:
    text = []
    for pair in range(6):
        for kind, name in enumerate(("quiet", "writing")):
            start = (2 * pair + kind) * LENGTH
            text.append(f"{name}{pair}[{start} {start + LENGTH - 100}]")
            for number in range(100):
                due = start + 1000 + number * 50_000
                slow = number >= 98
                took = TOOK * (10 + pair * kind) if slow else TOOK * (1 + kind)
                text.append(f"r0[{due} {due + took}]")
        text.append(f"w{pair + 1}[{(2 * pair + 1) * LENGTH + 50} {(2 * pair + 1) * LENGTH + 90}]")
    impact = measure_impact(history(" ".join(text)))
    assert [estimate.verdict for estimate in impact.estimates] == [Verdict.FAIL, Verdict.FAIL, Verdict.INCONCLUSIVE]
    assert impact.verdict is Verdict.FAIL
    assert impact.sentence.endswith("at p50, p90.")


def test_a_slow_generator_makes_it_inconclusive() -> None:
    result = judge([2.0] * 6, delay=9_000)
    assert result.verdict is Verdict.INCONCLUSIVE
    assert result.sentence.startswith("The load generator was too slow")
    assert "What was measured: Response time at p99" in result.sentence
    assert judge([2.0] * 6, delay=0).verdict is Verdict.INCONCLUSIVE  # no sample


class TestDroppedWindows:
    def rows(self, history_: History) -> list[str]:
        return [row.dropped for row in measure_impact(history_).windows if row.dropped]

    @pytest.mark.parametrize(
        ("start", "end", "dropped"),
        [(-300, -1, 0), (-300, 0, 1), (500, 600, 1), (LENGTH - 100, LENGTH + 20, 1), (LENGTH - 99, LENGTH + 20, 0)],
    )
    def test_a_quiet_window_that_meets_a_put(self, start: int, end: int, dropped: int) -> None:
        puts = " ".join(f"w{n + 2}[{(2 * n + 1) * LENGTH + 150} {(2 * n + 1) * LENGTH + 160}]" for n in range(7))
        met = run([1.0] * 7, puts=False, extra=f"w1[{start} {end}] {puts}")
        assert measure_impact(met).pairs_dropped == dropped
        assert self.rows(met) == ["a PUT was in flight though the window was quiet", NO_PARTNER] * dropped

    def test_a_writing_window_without_a_put(self) -> None:
        puts = " ".join(f"w{n}[{(2 * n + 1) * LENGTH + 50} {(2 * n + 1) * LENGTH + 90}]" for n in range(1, 7))
        without = run([1.0] * 7, puts=False, extra=puts)
        assert self.rows(without) == [NO_PARTNER, "no PUT was in flight though the window was for writing"]
        impact = measure_impact(without)
        assert (impact.pairs_used, impact.pairs_dropped) == (6, 1)

    def test_a_put_that_was_refused_was_never_in_flight(self) -> None:
        acked = " ".join(f"w{n}[{(2 * n - 1) * LENGTH + 150} {(2 * n - 1) * LENGTH + 160}]" for n in range(1, 7))
        refused = f"x7[{13 * LENGTH + 50} {13 * LENGTH + 90}]"
        nothing_else = run([1.0] * 7, puts=False, extra=f"{acked} {refused}")
        assert self.rows(nothing_else) == [NO_PARTNER, "no PUT was in flight though the window was for writing"]
        assert measure_impact(nothing_else).pairs_used == 6
        while_quiet = f"x7[{12 * LENGTH + 500} {12 * LENGTH + 600}] w8[{13 * LENGTH + 150} {13 * LENGTH + 160}]"
        assert self.rows(run([1.0] * 7, puts=False, extra=f"{acked} {while_quiet}")) == []

    def test_a_window_without_reads(self) -> None:
        start = 12 * LENGTH
        extra = f"quiet6[{start} {start + 10}] writing6[{start + 20} {start + 30}] w7[{start + 25} {start + 26}]"
        impact = measure_impact(run([1.0] * 6, extra=extra))
        assert (impact.pairs_used, impact.pairs_dropped) == (6, 1)
        assert [row.dropped for row in impact.windows[-2:]] == ["no successful read"] * 2

    def test_half_a_pair(self) -> None:
        start = 12 * LENGTH
        extra = f"quiet6[{start} {start + 100}] r0[{start} {start + 10}]"
        impact = measure_impact(run([1.0] * 6, extra=extra))
        assert (impact.pairs_used, impact.pairs_dropped) == (6, 1)


def test_windows_as_they_were_used() -> None:
    row = measure_impact(run([1.0, 2.0] + [1.0] * 4)).windows[3]
    assert (row.index, row.pair, row.kind, row.reads, row.puts, row.dropped) == (3, 1, "writing", 100, 1, "")
    assert (row.p50_ns, row.p90_ns, row.p99_ns) == (2 * TOOK, 2 * TOOK, 2 * TOOK)
    assert row.start_ns == 3 * LENGTH - 1000  # since the first read
    assert row.end_ns - row.start_ns == LENGTH - 100


def test_a_read_belongs_to_the_window_in_which_it_was_due() -> None:
    start = 12 * LENGTH
    extra = (
        f"quiet6[{start} {start + 100}] r0[{start - 1} {start + 10}] r0[{start + 99} {start + 500}] "
        f"r0[{start + 100} {start + 101}] r0[{start + 400} {start + 500} due={start}]"
    )
    assert measure_impact(run([1.0] * 6, extra=extra)).windows[-1].reads == 2


def test_the_control_without_writes() -> None:
    control = run([1.0] * 6, puts=False, write_interval=0)
    impact = measure_impact(control)
    assert impact.control
    assert impact.overlap == ()
    result = write_impact(control)
    assert result.verdict is Verdict.INCONCLUSIVE, "an answer about writes needs some"
    assert result.sentence.startswith("A/A control: nothing was written, and p99 response times still differ by 1.00x")
    assert result.sentence.endswith("So whether writes slow reads down was not tried.")


def test_writes_all_the_time_leave_nothing_to_compare_with() -> None:
    result = write_impact(history("w1[0 10] r1[20 30]", samples=samples([1] * 100), window=0))
    assert result.verdict is Verdict.INCONCLUSIVE
    assert result.sentence.startswith("Not asked: the run has no quiet windows")


def test_numbers() -> None:
    result = judge([1.0, 1.1, 1.2, 1.3, 1.4, 1.5])
    assert [number.unit for number in result.numbers] == ["ratio"] * 4
    assert [number.value for number in result.numbers[:3]] == [
        estimate.ratio for estimate in measure_impact(run([1.0, 1.1, 1.2, 1.3, 1.4, 1.5])).estimates
    ]
    assert (result.numbers[3].value, result.numbers[3].text) == (pytest.approx(math.sqrt(1.5)), "1.22x")
    assert result.numbers[2].text == "1.24x (95 % interval 1.00x to 1.50x)"


def test_more_pairs_are_asked_for_when_the_interval_is_wide() -> None:
    spread = [0.5, 0.7, 0.9, 1.1, 1.3, 1.9]
    estimate = measure_impact(run(spread)).estimates[2]
    limit, center = math.log(1.25), math.log(estimate.ratio)
    reach = math.log(estimate.high) - center
    expected = math.ceil(6 * (reach / max(limit - center, limit / 2)) ** 2) - 6
    assert estimate.more_pairs == pytest.approx(expected, abs=1)
    settled = measure_impact(run([1.0] * 6)).estimates[2]
    assert settled.more_pairs is None


def test_more_pairs_when_the_estimate_is_above_the_tolerance() -> None:
    estimate = measure_impact(run([1.2, 1.5, 1.6, 1.7, 1.8, 1.9])).estimates[2]
    center = math.log(estimate.ratio)
    reach = center - math.log(estimate.low)
    expected = math.ceil(6 * (reach / (center - math.log(1.25))) ** 2) - 6
    assert estimate.more_pairs == pytest.approx(expected, abs=1)


def test_a_tolerance_of_one_may_never_be_settled() -> None:
    result = judge([0.8, 0.9, 1.0, 1.0, 1 / 0.9, 1 / 0.8], impact_tolerance=1.0)
    assert result.verdict is Verdict.INCONCLUSIVE


class TestReadsDueDuringAPut:
    def test_are_compared_with_the_others_of_their_window(self) -> None:
        text = []
        for pair in range(6):
            start = pair * LENGTH
            text.append(f"writing{pair}[{start} {start + LENGTH - 1}] w{pair + 1}[{start} {start + LENGTH // 2}]")
            for number in range(20):
                due = start + number * LENGTH // 20
                text.append(f"r0[{due} {due + (3000 if number <= 10 else 1000)}]")
        overlap = measure_impact(history(" ".join(text))).overlap
        assert [(estimate.quantile, estimate.ratio) for estimate in overlap[:1]] == [("p50", pytest.approx(3.0))]
        assert overlap[0].pairs == 6
        assert overlap[2].ratio is None
        assert overlap[2].text == (
            "not measured: 0 writing windows had enough reads on both sides, at least 6 are needed"
        )

    def test_a_slow_read_that_merely_overlaps_one_is_none_of_them(self) -> None:
        text = []
        for pair in range(6):
            start = pair * LENGTH
            text.append(f"writing{pair}[{start} {start + LENGTH - 1}] w{pair + 1}[{start + 5000} {start + 6000}]")
            text += [f"r0[{start} {start + 9000}]"] * 3 + [f"r0[{start + 5500} {start + 6500}]"] * 3
        overlap = measure_impact(history(" ".join(text))).overlap
        assert overlap[0].ratio == pytest.approx(1 / 9, abs=1e-6)

    def test_while_a_put_was_refused_is_not_while_a_put_was_in_flight(self) -> None:
        text = []
        for pair in range(6):
            start = pair * LENGTH
            text.append(f"writing{pair}[{start} {start + LENGTH - 1}] w{2 * pair + 1}[{start} {start + 10}]")
            text.append(f"x{2 * pair + 2}[{start + 5000} {start + 6000}]")
            text += [f"r0[{start + due} {start + due + 500}]" for due in (5100, 5200, 5300, 7100, 7200, 7300)]
        overlap = measure_impact(history(" ".join(text))).overlap
        assert overlap[0].text.startswith("not measured: 0 writing windows had enough reads on both sides")


@pytest.mark.parametrize("width_ns", [LENGTH // 50, LENGTH // 10, LENGTH // 5, LENGTH * 2 // 5])
def test_slow_reads_of_a_worker_elsewhere_are_not_taken_for_those_of_a_quiet_window(width_ns: int) -> None:
    """The first reads while writing may seem to have been due in the quiet window before."""
    near = run([1.5] * 8, reads=198)
    assert measure_impact(near).verdict is Verdict.FAIL
    impact = measure_impact(from_afar(near, width_ns))
    assert impact.verdict is Verdict.FAIL, impact.sentence
    assert impact.estimates[0].ratio == pytest.approx(1.5)


def test_a_worker_whose_clock_does_not_tell_the_window_of_many_reads_passes_nothing() -> None:
    near = run([1.0] * 8, reads=198)
    assert measure_impact(near).verdict is Verdict.PASS
    assert measure_impact(from_afar(near, LENGTH // 10)).verdict is Verdict.PASS
    blurred = measure_impact(from_afar(near, LENGTH * 2 // 5))
    assert blurred.verdict is Verdict.INCONCLUSIVE
    assert "of the reads of worker 1 may have been due in another window" in blurred.sentence
    assert measure_impact(from_afar(near, 2 * LENGTH)).verdict is Verdict.INCONCLUSIVE
