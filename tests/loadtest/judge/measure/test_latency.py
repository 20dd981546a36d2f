"""Latency: exact quantiles, by population, over time, as a histogram, and by the time since the last PUT."""

import math

import numpy as np
import pytest
from history_language import history
from hypothesis import given
from hypothesis import strategies as st

from loadtest.judge.measure.latency import measure_latency, row
from loadtest.judge.statistics.quantiles import distribution, enough, quantiles, rank
from loadtest.summary.speed import Latency, SincePut
from loadtest.summary.versions import Distribution
from loadtest.units import SECOND


def measure(text: str) -> Latency:
    return measure_latency(history(text))


class TestQuantiles:
    @given(st.lists(st.integers(0, 10**12), min_size=1, max_size=300), st.sampled_from((500, 900, 950, 990, 999)))
    def test_are_what_numpy_calls_inverted_cdf(self, values: list[int], per_mille: int) -> None:
        rising = np.sort(np.array(values))
        expected = np.quantile(rising.astype(object), per_mille / 1000, method="inverted_cdf")
        exact = rising[math.ceil(len(values) * per_mille / 1000 - 1e-9) - 1]
        assert rising[rank(len(values), per_mille)] == exact
        assert exact == pytest.approx(expected)

    def test_of_a_thousand(self) -> None:
        found = quantiles(np.arange(1, 1001)[::-1])
        assert (found.count, found.p50_ns, found.p90_ns, found.p99_ns) == (1000, 500, 900, 990)
        assert (found.p999_ns, found.max_ns) == (999, 1000)

    def test_are_left_out_where_no_value_lies_beyond(self) -> None:
        assert quantiles(np.arange(999)).p999_ns is None
        assert quantiles(np.arange(1000)).p999_ns is not None
        assert (quantiles(np.arange(99)).p99_ns, quantiles(np.arange(100)).p99_ns) == (None, 98)
        assert (quantiles(np.arange(19)).p95_ns, quantiles(np.arange(20)).p95_ns) == (None, 18)
        assert (quantiles(np.arange(9)).p90_ns, quantiles(np.arange(10)).p90_ns) == (None, 8)
        assert (quantiles(np.arange(1)).p50_ns, quantiles(np.arange(2)).p50_ns) == (None, 0)
        assert quantiles(np.arange(1)).max_ns == 0
        assert not enough(0, 500)

    def test_of_nothing(self) -> None:
        found = quantiles(np.zeros(0, np.int64))
        assert (found.count, found.p50_ns, found.max_ns) == (0, None, None)

    def test_of_a_few_durations(self) -> None:
        assert distribution(np.array([5, -3, 9])) == Distribution(3, -3, 5, 9, 9, 9)
        assert distribution(np.zeros(0, np.int64)).min_ns is None


class TestPopulations:
    text = (
        "w1[0 10] w2[100 200] quiet0[20 90] writing0[95 300] "
        "r1[20 25 due=15] r1[21 27] n1[30 31] r2[89 95] r2[90 97] r2[100 110] n2[200 203 due=199] r2[201 206] "
        "error[100 190] torn[100 195] r2[300 301]"
    )

    def counts(self, text: str) -> dict[str, int]:
        return {one.population: one.response.count for one in measure(text).rows}

    def test_are_told_apart(self) -> None:
        assert self.counts(self.text) == {
            "all": 9,
            "200": 7,
            "304": 2,
            "quiet": 3,  # due from 20 on and before 90
            "writing": 3,
            "overlapping-put": 2,
            "clear-of-put": 1,
        }

    def test_service_counts_from_the_call_and_response_from_when_it_was_due(self) -> None:
        found = row(measure(self.text), "304")
        assert (found.service.max_ns, found.response.max_ns) == (3, 4)
        assert found.service.count == found.response.count == 2

    def test_without_windows_all_reads_are_of_writing(self) -> None:
        counts = self.counts("w1[0 10] r1[5 20] r1[11 30]")
        assert (counts["quiet"], counts["writing"], counts["overlapping-put"], counts["clear-of-put"]) == (0, 2, 1, 1)

    def test_without_reads(self) -> None:
        found = measure("w1[0 10]")
        assert [one.response.count for one in found.rows] == [0] * 7
        assert found.series.start_ns == ()
        assert found.histogram.edges_ns == ()

    def test_the_definition_is_stated(self) -> None:
        assert "Exact order statistics" in measure("w1[0 10]").definition


class TestSeries:
    def test_by_the_second_in_which_a_read_was_due(self) -> None:
        text = (
            f"w1[-90 -80] r1[0 10] n1[1 6] error[2 3] torn[4 5] r1[{SECOND} {SECOND + 100} due={SECOND - 1}] "
            f"r1[{3 * SECOND} {3 * SECOND + 7}] not-sent[{4 * SECOND} {4 * SECOND} due=9 status=0]"
        )
        found = measure(text).series
        assert found.bucket_ns == SECOND
        assert found.start_ns == (0, SECOND, 2 * SECOND, 3 * SECOND)
        assert found.ok == (2, 0, 0, 1)
        assert found.not_modified == (1, 0, 0, 0)
        assert found.errors == (1, 0, 0, 0)
        assert found.faults == (1, 0, 0, 0)
        assert found.p50_ns == (10, None, None, 7)
        assert found.p99_ns == found.max_ns == (101, None, None, 7)

    def test_long_runs_get_longer_buckets(self) -> None:
        text = "w1[-90 -80] r1[0 10] r1[%d %d]"
        end = 600 * SECOND - 1
        assert measure(text % (end, end)).series.bucket_ns == SECOND
        end += 1
        assert measure(text % (end, end)).series.bucket_ns == 2 * SECOND
        end = 3600 * 24 * 30 * SECOND
        series = measure(text % (end, end)).series
        assert len(series.start_ns) <= 600
        assert sum(series.ok) == 2

    def test_a_read_that_was_due_before_the_origin_is_in_the_first_bucket(self) -> None:
        assert measure("w1[-90 -80] r1[0 10 due=-70]").series.ok == (1,)


class TestHistogram:
    @given(st.lists(st.integers(0, 10**10), min_size=1, max_size=50))
    def test_holds_every_read(self, times: list[int]) -> None:
        reads = " ".join(f"r1[{n} {n + took}]" for n, took in enumerate(times))
        found = measure(f"w1[-90 -80] {reads}").histogram
        assert sum(found.writing) == len(times)
        assert len(found.writing) == len(found.quiet) == len(found.edges_ns) - 1
        assert list(found.edges_ns) == sorted(set(found.edges_ns))
        expected, _ = np.histogram(np.maximum(times, found.edges_ns[0]), bins=np.array(found.edges_ns, dtype=float))
        assert list(found.writing) == expected.tolist()

    def test_tells_quiet_from_writing(self) -> None:
        found = measure("w1[-90 -80] quiet0[0 99] writing0[100 199] r1[0 100] r1[10 110] r1[100 1100]").histogram
        assert (sum(found.quiet), sum(found.writing)) == (2, 1)
        assert found.quiet[0] == 2
        assert found.writing[-1] == 1

    def test_windows_without_reads_have_none(self) -> None:
        assert measure("w1[-90 -80] quiet0[0 9] writing0[100 199] r1[20 30]").histogram.edges_ns == ()


MS = 1_000_000
PUTS = " ".join(f"w{n}[{n * 100 * MS} {n * 100 * MS + 10 * MS}]" for n in range(1, 11))


def points(slow_from_ms: int, slow_to_ms: int, windows: str = "") -> tuple[SincePut, ...]:
    """Around the PUTs of :func:`latency`."""
    return latency(slow_from_ms, slow_to_ms, windows).since_put


def latency(slow_from_ms: int, slow_to_ms: int, windows: str = "", puts: str = PUTS) -> Latency:
    """One read a 250 µs through ten PUTs 100 ms apart; slow so many ms after each PUT's call."""
    reads = []
    for n in range(4_000):
        due = 100 * MS + n * MS // 4
        slow = slow_from_ms * MS <= due % (100 * MS) < slow_to_ms * MS
        reads.append(f"r{n % 40}:r1[{due} {due + (9 if slow else 2) * MS}]")
    return measure_latency(history(f"{puts} {' '.join(reads)} {windows}"))


def test_reads_that_are_slow_so_long_after_a_put_show_there() -> None:
    found = points(50, 60)
    assert found[0].from_ns == -10 * MS  # p99 is 9 ms: so long before a PUT a slow read still meets it
    assert sum(point.reads for point in found) == 4_000 - 40  # too few came so long after the last PUT
    assert [(point.from_ns // MS, point.to_ns // MS) for point in found if point.p50_ns == 9 * MS] == [
        (50, 55),
        (55, 60),
    ]


def test_reads_that_a_put_catches_show_before_it_and_not_long_after_the_one_before() -> None:
    found = points(92, 100)
    slow = [point for point in found if point.p99_ns == 9 * MS]
    assert slow
    assert all(point.to_ns <= 0 for point in slow if point.p50_ns == 9 * MS)
    assert all(point.p99_ns == 2 * MS for point in found if point.to_ns > 0 and point.to_ns <= 80 * MS)


def test_the_slowest_reads_tell_whether_they_met_a_put_and_whether_they_were_due_during_one() -> None:
    def slowest(slow_from_ms: int) -> tuple[int, int, int]:
        found = latency(slow_from_ms, slow_from_ms + 4).slowest
        assert 0.1 < found.overlapping_share_of_all < 0.2
        return found.count, found.overlapping, found.due_during

    assert slowest(0) == (160, 160, 160)  # due during a PUT
    assert slowest(94)[1:] == (144, 0)  # due before one, and caught (the last of them come after the last PUT)
    assert slowest(50)[1:] == (0, 0)  # neither


def test_only_reads_of_writing_windows_are_in_it() -> None:
    assert points(0, 0, f"quiet0[{50 * MS} {550 * MS}] writing0[{600 * MS} {1_100 * MS}]")[0].reads == 100
    assert points(0, 0, f"quiet0[{50 * MS} {1_100 * MS}]") == ()


def test_too_little_to_tell() -> None:
    assert measure_latency(history("w1[0 10] r1[20 30]")).since_put == ()
    assert measure_latency(history("w1[0 10] w2[20 30]")).since_put == ()
    assert measure_latency(history(f"{PUTS} r1[{500 * MS} {501 * MS}]")).since_put == ()


def test_a_put_that_was_refused_is_none() -> None:
    """Halfway between two others, one that replaced nothing."""
    others = [
        f"w{2 * n - 1}[{n * 100 * MS} {(n * 100 + 10) * MS}] x{2 * n}[{(n * 100 + 50) * MS} {(n * 100 + 60) * MS}]"
        for n in range(1, 11)
    ]
    assert latency(50, 60, puts=" ".join(others)).since_put == points(50, 60)
