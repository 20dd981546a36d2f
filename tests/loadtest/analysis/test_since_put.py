"""Response time by the time since the last PUT: which reads are in it, and where slow ones show."""

from __future__ import annotations

from history_language import history

from loadtest.measurements import SincePut
from loadtest.measures.latency import measure_latency

MS = 1_000_000
PUTS = " ".join(f"w{n}[{n * 100 * MS} {n * 100 * MS + 10 * MS}]" for n in range(1, 11))


def points(slow_from_ms: int, slow_to_ms: int, windows: str = "") -> tuple[SincePut, ...]:
    """One read a 250 µs through ten PUTs 100 ms apart; slow so many ms after each PUT's call."""
    reads = []
    for n in range(4_000):
        due = 100 * MS + n * MS // 4
        slow = slow_from_ms * MS <= due % (100 * MS) < slow_to_ms * MS
        reads.append(f"r{n % 40}:r1[{due} {due + (9 if slow else 2) * MS}]")
    return measure_latency(history(f"{PUTS} {' '.join(reads)} {windows}")).since_put


def test_reads_that_are_slow_so_long_after_a_put_show_there() -> None:
    found = points(50, 60)
    assert found[0].from_ns == 0
    assert found[-1].to_ns == 100 * MS
    assert sum(point.reads for point in found) == 4_000
    slow = [(point.from_ns // MS, point.to_ns // MS) for point in found if point.p50_ns == 9 * MS]
    assert slow == [(50, 55), (55, 60)]


def test_only_reads_of_writing_windows_are_in_it() -> None:
    assert points(0, 0, f"quiet0[{50 * MS} {550 * MS}] writing0[{600 * MS} {1_100 * MS}]")[0].reads == 100
    assert points(0, 0, f"quiet0[{50 * MS} {1_100 * MS}]") == ()


def test_too_little_to_tell() -> None:
    assert measure_latency(history("w1[0 10] r1[20 30]")).since_put == ()
    assert measure_latency(history("w1[0 10] w2[20 30]")).since_put == ()
    assert measure_latency(history(f"{PUTS} r1[{500 * MS} {501 * MS}]")).since_put == ()
