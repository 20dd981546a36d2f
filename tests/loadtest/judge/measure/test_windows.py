"""Consistency windows, the visibility curve, k-staleness and binomial bounds."""

from itertools import pairwise

import numpy as np
import pytest
from history_language import ZERO_NS, history, padding, parse
from hypothesis import given
from hypothesis import strategies as st
from reference import legitimate, operations, over

from loadtest import units
from loadtest.judge.measure.windows import MOST_WINDOWS, measure_consistency
from loadtest.judge.statistics.intervals import binomial_interval, clustered_interval
from loadtest.summary.versions import Consistency, ConsistencyWindow

MS = 1_000_000


def measure(text: str) -> Consistency:
    return measure_consistency(history(text))


def window(text: str, version: int = 1) -> ConsistencyWindow:
    return next(found for found in measure(text).windows if found.version == version)


class TestOneWrite:
    def test_seen_before_the_acknowledgement(self) -> None:
        found = window("w1[0 10] r1[2 7] r1[20 30]")
        assert found.first_visible_ns == -3
        assert found.last_stale_ns is None
        assert found.resolution_ns == 10
        assert not found.censored
        assert found.stale_reads == 0

    def test_the_window_ends_at_the_last_stale_read_not_at_the_first_fresh_one(self) -> None:
        found = window("w1[0 10] r1[12 15] r0[17 19] r0[40 90] r1[55 60]")
        assert found.first_visible_ns == 5
        assert found.last_stale_ns == 30
        assert found.resolution_ns == 15
        assert found.stale_reads == 2

    def test_a_later_version_makes_it_visible_too(self) -> None:
        found = window("w1[0 10] w2[20 30] r2[40 50] r1[60 70]")
        assert found.first_visible_ns == 40

    def test_one_that_no_read_returned_was_never_visible_whatever_came_later(self) -> None:
        overtaken = window("w1[0 10] w2[20 30] r2[40 50]")
        assert (overtaken.first_visible_ns, overtaken.unseen) == (None, "overtaken")
        lost = window("w1[0 10] r0[11 12] w2[20 30] r2[40 50]")
        assert (lost.first_visible_ns, lost.unseen) == (None, "lost")
        found = measure("w1[0 10] r0[11 12] w2[20 30] w3[40 50] r3[60 70]")
        assert (found.lost, found.overtaken, found.first_visible.count) == (1, 1, 1)

    def test_never_seen(self) -> None:
        found = window("w1[0 10] r0[20 30]")
        assert found.first_visible_ns is None
        assert found.last_stale_ns == 10
        assert found.censored
        assert found.resolution_ns is None

    def test_censored_when_no_read_was_called_after_its_end(self) -> None:
        assert window("w1[0 10] r1[5 20]").censored
        assert window("w1[0 10] r1[10 20]").censored  # called at its very end
        assert not window("w1[0 10] r1[11 20]").censored
        assert window("w1[0 10] error[11 20]").censored  # says nothing

    def test_a_read_called_at_the_acknowledgement_is_not_stale(self) -> None:
        assert window("w1[0 10] r0[10 20] r1[30 40]").last_stale_ns is None

    def test_when_and_how_long_the_put_was(self) -> None:
        found = window("w1[3 10] r1[13 20]")
        assert (found.put_ns, found.acked_at_ns) == (7, -3)  # the origin is the call of the first read


def test_a_read_is_stale_for_every_write_that_it_should_have_seen() -> None:
    found = measure("w1[0 10] w2[20 30] w3[40 50] r0[45 60] r0[65 70] r3[80 90]")
    assert [(one.version, one.last_stale_ns, one.stale_reads) for one in found.windows] == [
        (1, 55, 2),
        (2, 35, 2),
        (3, 15, 1),
    ]
    assert found.longest_window_ns == 55
    assert [(one.k, one.reads) for one in found.k_staleness] == [(2, 1), (3, 1)]


def test_a_late_write_of_unknown_outcome_makes_no_window_longer() -> None:
    found = measure("w1[0 ?] w2[20 30] r1[41 50] r2[60 70]")
    assert [one.version for one in found.windows] == [2]
    assert found.windows[0].last_stale_ns is None


def test_version_0_has_no_window() -> None:
    found = measure("r0[10 20]")
    assert (found.writes, found.windows, found.reads, found.stale_share) == (0, (), 0, None)
    assert found.stale_text == "not measured"
    assert found.visibility == ()


def test_nothing_read() -> None:
    found = measure("w1[0 10]")
    assert (found.writes, found.censored, found.level) == (1, 1, "unknown")
    assert found.visibility == ()


def test_totals() -> None:
    found = measure("w1[0 10] w2[20 30] r0[15 16] r2[31 35] r1[40 45] r2[50 51] r1[12 13] r0[5 6]")
    assert (found.reads, found.stale_reads, found.stale_share) == (5, 2, 0.4)
    assert (found.staleness_low_ns, found.staleness_high_ns) == (10, 25)
    low, high = clustered_interval(np.array([1, 1]), np.array([3, 2]))  # after write 1, after write 2
    assert found.stale_share_upper == high
    assert found.stale_text == f"40.0 % (95 % interval {units.share(low)} to {units.share(high)}, over 2 writes)"
    assert (found.first_visible.count, found.first_visible.min_ns, found.first_visible.max_ns) == (2, 3, 5)
    assert (found.last_stale.count, found.last_stale.max_ns) == (2, 10)
    assert (found.resolution.count, found.resolution.min_ns) == (2, 10)


def test_nothing_stale_is_a_bound() -> None:
    found = measure(padding(0, 1))
    assert found.stale_text == units.none_in(found.reads)
    assert found.stale_share == 0
    assert found.stale_share_upper == pytest.approx(3 / found.reads, rel=0.02)
    assert found.longest_window_ns is None
    assert found.level == "atomic"


def test_many_writes_are_thinned_and_the_longest_kept() -> None:
    writes = " ".join(f"w{n}[{100 * n} {100 * n + 10}]" for n in range(1, 2102))
    stale = " ".join(f"r{n - 1}[{100 * n + 20} {100 * n + 25}]" for n in (3, 700, 1501))
    found = measure(f"{writes} {stale} r2101[300000 300001]")
    assert found.writes == 2101
    assert len(found.windows) <= MOST_WINDOWS
    assert {3, 700, 1501} <= {one.version for one in found.windows if one.last_stale_ns == 10}
    assert [one.version for one in found.windows] == sorted({one.version for one in found.windows})
    assert found.windows_note.startswith(f"{len(found.windows):,} of 2,101 writes are listed")
    assert measure(padding(0, 1)).windows_note == ""


@st.composite
def small(draw: st.DrawFn) -> str:
    text, time = [], 0
    for version in range(1, draw(st.integers(1, 5)) + 1):
        took = draw(st.integers(0, 5))
        text.append(f"w{version}[{time} {'?' if draw(st.integers(0, 4)) == 0 else time + took}]")
        time += took + draw(st.integers(1, 6))
    for _ in range(draw(st.integers(0, 8))):
        start = draw(st.integers(0, time + 10))
        text.append(f"r{draw(st.integers(0, version))}[{start} {start + draw(st.integers(0, 9))}]")
    return " ".join(text)


@given(small())
def test_windows_agree_with_their_definition(text: str) -> None:
    found = measure(text)
    writes, reads = operations(parse(text))
    reads = [read for read in reads if read.returned >= writes[read.version].called]
    for one in found.windows:
        write = writes[one.version]
        fresh = [read.returned - write.returned for read in reads if read.version >= one.version]
        was_returned = any(read.version == one.version for read in reads)
        assert one.first_visible_ns == (min(fresh) if was_returned else None)
        stale = [
            read.called - write.returned
            for read in reads
            if read.version < one.version
            and over(read.version, writes, reads) < write.called
            and write.returned < read.called
        ]
        assert one.last_stale_ns == max(stale, default=None)
        assert one.stale_reads == len(stale)
        end = write.returned + max(stale, default=0)
        later = [read.called - end for read in reads if read.called > end]
        assert one.censored == (not later)
        assert one.resolution_ns == min(later, default=None)


def test_the_least_and_the_most_that_a_read_was_stale_may_be_of_two_reads() -> None:
    found = measure("w1[0 10] w2[20 30] r1[40 45] r1[35 9000]")
    assert (found.staleness_low_ns, found.staleness_high_ns) == (10, 8980)


@given(small())
def test_no_read_can_have_been_staler_than_is_said(text: str) -> None:
    found = measure(text)
    writes, reads = operations(parse(text))
    bounds = []
    for read in legitimate(writes, reads):
        since = over(read.version, writes, reads)
        newer = [write for write in writes if write.kind == "acked" and since < write.called]
        if newer and newer[0].returned < read.called:
            bounds.append((read.called - newer[0].returned, read.returned - newer[0].called))
    expected = tuple(max(ends) for ends in zip(*bounds, strict=True)) if bounds else (None, None)
    assert (found.staleness_low_ns, found.staleness_high_ns) == expected


class TestVisibility:
    def test_counts_fresh_and_stale_reads_by_their_distance_from_the_acknowledgement(self) -> None:
        reads = [f"r0[{10 + n * MS // 10} {11 + n * MS // 10}]" for n in range(1, 51)]  # stale for 5 ms
        reads += [f"r1[{10 + n * MS // 10} {11 + n * MS // 10}]" for n in range(51, 601)]
        points = measure("w1[0 10] " + " ".join(reads)).visibility
        assert points[0].from_ns == 0
        assert all(left.to_ns == right.from_ns for left, right in pairwise(points))
        for point in points:
            inside = [n for n in range(1, 601) if point.from_ns < n * MS // 10 <= point.to_ns]
            assert point.reads == len(inside)
            assert point.fresh == sum(n > 50 for n in inside)
            assert point.share == round(point.fresh / point.reads, 9)
            assert (point.low, point.high) == (0, 1)  # of one write nothing can be said about others
        assert points[0].share < 0.1
        assert points[-1].share == 1.0

    def test_bins_of_few_reads_are_put_together(self) -> None:
        points = measure(padding(0, 1)).visibility
        assert all(point.reads >= 30 for point in points[:-1])

    def test_only_what_a_read_should_have_seen_counts_against_a_write(self) -> None:
        text = "w1[0 10] w2[5000 5010] " + " ".join(f"r1[{6000 + n} {6001 + n}]" for n in range(60))
        points = measure(text).visibility
        assert (sum(point.reads for point in points), sum(point.fresh for point in points)) == (
            120,
            60,
        )  # fresh for write 1, stale for write 2

    def test_one_bin_ends_at_the_last_stale_read(self) -> None:
        """Else a bin would show stale reads at times at which there were none."""
        reads = [f"r{0 if n <= 200 else 1}[{10 + n * MS} {11 + n * MS}]" for n in range(1, 601)]
        points = measure("w1[0 10] " + " ".join(reads) + " w2[700000000 700000010]").visibility
        assert any(point.to_ns == 200 * MS for point in points)
        assert all(point.share == (0.0 if point.to_ns <= 200 * MS else 1.0) for point in points)

    def test_always_stale_runs_are_thinned_and_keep_their_shape(self, monkeypatch: pytest.MonkeyPatch) -> None:
        writes = " ".join(f"w{n}[{1000 * n} {1000 * n + 10}]" for n in range(1, 60))
        reads = " ".join(f"r0[{60_000 + n} {60_001 + n}]" for n in range(500))
        whole = measure(f"{writes} {reads}").visibility
        monkeypatch.setattr("loadtest.judge.measure.visibility.MOST_PAIRS", 5000)
        thinned = measure(f"{writes} {reads}").visibility
        assert sum(point.reads for point in thinned) < sum(point.reads for point in whole)
        assert all(point.fresh == 0 for point in thinned)


def test_a_write_that_readers_never_saw_counts_in_no_quantile_and_is_told_apart() -> None:
    followed = measure("w1[0 10] r0[15 16] r1[20 21] w2[100 110] r2[120 121]")
    assert (followed.last_stale.count, followed.cut_off) == (1, 0)
    cut = measure("w1[0 10] r0[15 16] r1[20 21] w2[100 110] r1[500 501]")
    assert (cut.last_stale.count, cut.last_stale.max_ns, cut.cut_off, cut.censored) == (1, 5, 1, 1)
    assert cut.longest_window_ns == 390  # at least


class TestClusteredInterval:
    def test_reads_that_hang_together_tell_less_than_as_many_apart(self) -> None:
        together = clustered_interval(np.array([100, 0] * 10), np.full(20, 100))
        apart = clustered_interval(np.full(20, 50), np.full(20, 100))
        assert together[1] - together[0] > 5 * (apart[1] - apart[0])
        low, high = binomial_interval(1000, 2000)
        assert apart[1] - apart[0] >= high - low

    def test_where_all_are_alike_a_write_is_one_try(self) -> None:
        assert clustered_interval(np.zeros(50), np.full(50, 30)) == binomial_interval(0, 50)
        assert clustered_interval(np.full(50, 30), np.full(50, 30)) == binomial_interval(50, 50)
        assert clustered_interval(np.zeros(2), np.array([30, 0])) == (0, 1)  # one write with reads

    def test_covers_about_as_often_as_it_says(self) -> None:
        random, covered = np.random.default_rng(5), []
        for _ in range(300):
            shares = random.beta(2, 8, 40)  # each write has its own share, 0.2 in the mean
            covered.append(clustered_interval(random.binomial(100, shares), np.full(40, 100)))
        assert np.mean([low <= 0.2 <= high for low, high in covered]) >= 0.93


class TestBinomialInterval:
    def test_nothing_found_is_the_rule_of_three(self) -> None:
        low, high = binomial_interval(0, 60_000)
        assert low == 0
        assert high == pytest.approx(3 / 60_000, rel=0.002)
        assert 1 - (1 - high) ** 60_000 == pytest.approx(0.95, abs=1e-4)

    def test_everything_found_mirrors_it(self) -> None:
        low, high = binomial_interval(100, 100)
        assert high == 1
        assert low == pytest.approx(1 - binomial_interval(0, 100)[1], abs=1e-8)

    def test_published_values(self) -> None:
        # Clopper and Pearson 1934: 10 of 100
        assert binomial_interval(10, 100) == (pytest.approx(0.0490, abs=5e-5), pytest.approx(0.1762, abs=5e-5))

    @given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
    def test_holds_the_share(self, sample: tuple[int, int]) -> None:
        found, tries = sample
        low, high = binomial_interval(found, tries)
        assert 0 <= low <= found / tries <= high <= 1

    def test_covers_at_least_as_often_as_it_says(self) -> None:
        found = np.random.default_rng(3).binomial(200, 0.02, 500)
        covered = [low <= 0.02 <= high for low, high in (binomial_interval(int(one), 200) for one in found)]
        assert np.mean(covered) >= 0.94


def test_times_are_relative() -> None:
    assert all(abs(one.acked_at_ns) < ZERO_NS // 2 for one in measure(padding(0, 1)).windows)
