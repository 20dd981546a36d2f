"""Response time by the time since the last PUT: which reads are in it, and where slow ones show."""

from history_language import history

from loadtest.judge.measure.latency import measure_latency
from loadtest.summary.speed import Latency, SincePut

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
