"""Parts of summaries made by hand: a run of a minute in which everything is as it should be."""
# ruff: noqa: E501 - records with many fields read best as rows

from itertools import pairwise
from typing import Any

from loadtest.run.records import Verdict
from loadtest.summary.findings import CheckResult, Number, Operation, Witness
from loadtest.summary.generator import Availability, Generator, GeneratorWorker, OutcomeCount
from loadtest.summary.slowdown import ImpactEstimate
from loadtest.summary.speed import Impact, Latency, LatencyHistogram, LatencyRow, LatencySeries, Quantiles, WindowRow
from loadtest.summary.summary import Ended, Run
from loadtest.summary.versions import Consistency, ConsistencyWindow, Distribution, VisibilityPoint

MS = 1_000_000
S = 1_000_000_000
NOTHING = Quantiles(0, None, None, None, None, None)
NO_DISTRIBUTION = Distribution(0, None, None, None, None, None)
QUANTILES = ("p50", "p90", "p99")


def quantiles(count: int, scale: float = 1.0) -> Quantiles:
    values = [int(scale * value * MS) for value in (3.02, 5.4, 9.81, 14.2, 25.7)]
    return Quantiles(count, *values, p95_ns=int(scale * 7.44 * MS))


def check(name: str, verdict: Verdict, sentence: str = "", **others: Any) -> CheckResult:
    fields: dict[str, Any] = {
        "looked_at": 6_000,
        "found": 0,
        "numbers": (Number("reads", 6_000, "count", "6,000"),),
        "witnesses": (),
        "error": "",
        **others,
    }
    title = name.replace("-", " ").capitalize()
    return CheckResult(name, title, f"The promise of {name}.", verdict, sentence or f"What {name} found.", **fields)


def stale_witness(reader: int = 3) -> Witness:
    """Write 6, then write 7, then a read that still gets 6, 300 ms later."""

    def operation(kind: str, version: int, called: int, returned: int | None, **others: Any) -> Operation:
        fields: dict[str, Any] = {
            "session": "writer",
            "status": None,
            "outcome": "acked",
            "sent_version": -1,
            "etag_version": -1,
            "request_id": "",
            **others,
        }
        return Operation(kind, version, called, returned, **fields)

    return Witness(
        sentence=f"Reader 0/{reader} was given version 6 although write 7 had been acknowledged 300 ms before.",
        relative_to="acknowledgement of write 7",
        at_ns=12 * S,
        operations=(
            operation("write", 6, -500 * MS, -495 * MS),
            operation("write", 7, -5 * MS, 0),
            operation("write", 8, 200 * MS, None, outcome="unknown"),
            operation(
                "read", 6, 300 * MS, 304 * MS, session=f"0/{reader}", status=200, outcome="whole",
                sent_version=5, etag_version=6, request_id="abc-123",
            ),
        ),
    )  # fmt: skip


def estimate(name: str, ratio: float, verdict: Verdict) -> ImpactEstimate:
    low, high = round(ratio * 0.93, 6), round(ratio * 1.07, 6)
    text = f"{ratio:.2f}x (95 % interval {low:.2f}x to {high:.2f}x)"
    return ImpactEstimate(name, ratio, low, high, 15, None, verdict, text)


def impact_of(pairs: int) -> Impact:
    windows = []
    for index in range(2 * pairs):
        writing = (index % 2) ^ (index // 2 % 2)
        windows.append(
            WindowRow(index, index // 2, "writing" if writing else "quiet", index * 2 * S + 200 * MS, (index + 1) * 2 * S - 200 * MS,
                      160, 3 * writing, 3 * MS, 5 * MS, 9 * MS, "no successful read" if index == 4 else "")
        )  # fmt: skip
    return Impact(
        method="How the slowdown is estimated.",
        tolerance=1.25,
        headline="p99",
        control=False,
        estimates=tuple(estimate(name, 1.04, Verdict.PASS) for name in QUANTILES),
        overlap=(estimate("p50", 1.1, Verdict.PASS), ImpactEstimate("p90", None, None, None, 0, 6, Verdict.INCONCLUSIVE, "not measured")),
        pairs_used=pairs,
        pairs_dropped=0,
        windows=tuple(windows),
        windows_note="",
        noise_floor=1.07,
        sentence="The slowdown in one sentence.",
    )  # fmt: skip


def latency_of(buckets: int, bucket_ns: int = S) -> Latency:
    wave = [place * 7 % 11 for place in range(buckets)]
    rows = (
        ("all", "All reads", 6_000, 1.0),
        ("200", "Answered 200", 4_000, 1.0),
        ("304", "Answered 304", 2_000, 0.9),
        ("quiet", "Due in a quiet window", 2_400, 1.0),
        ("writing", "Due in a writing window", 2_400, 1.04),
        ("overlapping-put", "… while a PUT was in flight", 0, 1.0),
    )
    edges = tuple(int(MS * 10 ** (place / 20)) for place in range(31))
    return Latency(
        definition="How latency is counted.",
        rows=tuple(
            LatencyRow(name, label, *((quantiles(count, scale * 0.99), quantiles(count, scale)) if count else (NOTHING, NOTHING)))
            for name, label, count, scale in rows
        ),
        series=LatencySeries(
            bucket_ns=bucket_ns,
            start_ns=tuple(place * bucket_ns for place in range(buckets)),
            p50_ns=tuple(None if place == 20 else 3 * MS + value * 50_000 for place, value in enumerate(wave)),
            p99_ns=tuple(None if place == 20 else 8 * MS + value * 400_000 for place, value in enumerate(wave)),
            max_ns=tuple(None if place == 20 else 12 * MS + value * 900_000 for place, value in enumerate(wave)),
            ok=tuple(60 + value for value in wave),
            not_modified=tuple(40 - value for value in wave),
            faults=(0,) * buckets,
            errors=(0,) * buckets,
        ),
        histogram=LatencyHistogram(
            edges, tuple(max(0, 300 - abs(10 - i) * 25) for i in range(30)), tuple(max(0, 290 - abs(11 - i) * 24) for i in range(30))
        ),
    )  # fmt: skip


def window(place: int) -> ConsistencyWindow:
    first = (place * 5 % 13 - 3) * MS
    return ConsistencyWindow(
        place + 1, (place + 2) * S, 5 * MS + place % 7 * 300_000, first, None, 4 * MS, 0, place == 57
    )


def consistency_of(writes: int) -> Consistency:
    edges = [0, *(int(MS * 10 ** (place / 6)) for place in range(16))]
    return Consistency(
        level="atomic", writes=writes, censored=1, windows=tuple(window(place) for place in range(writes)), windows_note="",
        first_visible=Distribution(writes, -3 * MS, 3 * MS, 8 * MS, 9 * MS, 9 * MS),
        last_stale=NO_DISTRIBUTION, longest_window_ns=None,
        resolution=Distribution(writes - 1, 1 * MS, 4 * MS, 7 * MS, 9 * MS, 9 * MS),
        reads=5_800, stale_reads=0, stale_share=0.0, stale_share_upper=0.000516, stale_text="at 95 % confidence below 0.0517 %, or 1 in 1,933",
        staleness_low_ns=None, staleness_high_ns=None, k_staleness=(),
        visibility=tuple(
            VisibilityPoint(low, high, 10 + place * 30, 10 + place * 30, 1.0, round(1 - 3 / (10 + place * 30), 6), 1.0)
            for place, (low, high) in enumerate(pairwise(edges))
        ),
    )  # fmt: skip


def availability() -> Availability:
    return Availability(
        reads=6_000, errors=0, error_share=0.0, writes=61, write_outcomes=(OutcomeCount("acked", 61, 1.0),), write_errors=(),
        read_outcomes=(OutcomeCount("whole", 4_000, 0.666666667), OutcomeCount("not-modified", 2_000, 0.333333333)),
        duration_ns=60 * S, reads_per_second=100.0, writes_per_second=2.0, wanted_reads_per_second=100.0,
        late_starts=quantiles(6_000, 0.01), body_bytes=64 * MS, longest_gap_ns=26 * MS, longest_gap_at_ns=31 * S,
    )  # fmt: skip


def worker() -> GeneratorWorker:
    return GeneratorWorker(0, 3_000, quantiles(3_000, 0.02), 0.33, 0.002, 0.0005)


def generator() -> Generator:
    numbers = (Number("loop delay beside response time, p50", 0.0259, "share", "2.59 %"),)
    return Generator(quantiles(3_000, 0.02), (worker(),), True, numbers, "The load generator was fast enough.")


def run_of(seconds: int) -> Run:
    return Run(
        id="0123456789ab", started="2026-01-01T00:00:00Z", origin_ns=1_000 * S, duration_ns=seconds * S,
        reads=6_000, writes=61, windows=30, workers=1, sessions=20,
        settings={"write_interval": 0.5, "conditional_share": 0.5, "thresholds": [], "stack": None},
        target={"url": "http://127.0.0.1:4566/_aws/execute-api/abc/prod/v1/samples", "kind": "sandbox"},
        host={"cpus": 2, "system": "Linux"}, versions={"python": "3.11", "locust": "2.47.0"},
        ended=Ended("run time over", seconds * S, recovered=False),
    )  # fmt: skip
