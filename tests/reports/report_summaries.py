"""Summaries made by hand for the reports' tests: one of each kind that a report must cope with."""
# ruff: noqa: E501 - records with many fields read best as rows

from dataclasses import replace
from itertools import pairwise
from typing import Any

from loadtest.run.records import Verdict
from loadtest.summary.findings import CheckResult, Number, Operation, Question, ThresholdResult, Witness
from loadtest.summary.generator import Availability, Generator, GeneratorWorker, OutcomeCount
from loadtest.summary.slowdown import ImpactEstimate
from loadtest.summary.speed import Impact, Latency, LatencyHistogram, LatencyRow, LatencySeries, Quantiles, WindowRow
from loadtest.summary.summary import Ended, Run, Summary
from loadtest.summary.versions import (
    Conditional,
    Consistency,
    ConsistencyWindow,
    Distribution,
    KStaleness,
    VisibilityPoint,
)

MS = 1_000_000
S = 1_000_000_000
NOTHING = Quantiles(0, None, None, None, None, None)
NO_DISTRIBUTION = Distribution(0, None, None, None, None, None)
HOSTILE = 'http://host/<script>alert("x")</script>|`a`\x1b[31m\u202e[b](http://evil.example)@user #1 <!-- -->\x00 ]]>'

QUESTIONS = {
    "impact": ("Do writes slow reads down?", ("write-impact",)),
    "whole": ("Is every read whole?", ("whole-bodies",)),
    "freshness": ("How long do readers see the old version?", ("fresh-reads",)),
    "conditional": ("Is ETag honoured, and what does it save?", ("conditional-get",)),
}


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


def passing() -> Summary:
    """A run of 60 s with 15 pairs of windows in which everything is as it should be."""
    return Summary(
        format=1,
        verdict=Verdict.PASS,
        questions=questions(),
        checks=tuple(check(name, Verdict.PASS) for name in ("write-impact", "whole-bodies", "fresh-reads", "conditional-get", "availability", "assumptions")),
        latency=_latency(60),
        consistency=_consistency(60),
        conditional=Conditional(4_000, 4_000, 3_000, 2_000, 1_000, 0, 2_000, 0, 0, 0, 64 * MS, 32 * MS, 0.333333333,
                                quantiles(4_000), quantiles(2_000, 0.9)),
        impact=_impact(15),
        availability=_availability(),
        generator=_generator(),
        thresholds=(),
        run=_run(60),
    )  # fmt: skip


def questions(**verdicts: Verdict) -> tuple[Question, Question, Question, Question]:
    numbers = {
        "impact": Number("response time while writing / while quiet, p99", 1.04, "ratio", "1.04x (95 % interval 0.97x to 1.11x)"),
        "whole": Number("share of documents that are not whole", 0.0, "share", "< 3/4,000 at 95 %"),
        "freshness": Number("share of stale reads", 0.0, "share", "< 3/5,800 at 95 %"),
        "conditional": Number("bytes not sent thanks to 304", 0.333333333, "share", "33.3 % of bytes saved"),
    }  # fmt: skip
    made = [
        Question(name, text, verdicts.get(name, Verdict.PASS), numbers[name], f"The answer to {name}.", checks)
        for name, (text, checks) in QUESTIONS.items()
    ]
    return made[0], made[1], made[2], made[3]


def failing() -> Summary:
    """Stale reads with witnesses, slower reads, errors and a threshold that was missed."""
    summary = passing()
    limit = ThresholdResult(
        "p99 < 5ms", Verdict.FAIL, Number("p99", 9_810_000, "ns", "9.81 ms"), 5.0, "p99 was 9.81 ms, not below 5 ms."
    )
    stale = [
        replace(window, last_stale_ns=(280 + place % 30) * MS, first_visible_ns=320 * MS, stale_reads=9)
        for place, window in enumerate(summary.consistency.windows)
    ]
    return replace(
        summary,
        verdict=Verdict.FAIL,
        questions=questions(impact=Verdict.FAIL, freshness=Verdict.FAIL),
        checks=(
            check("write-impact", Verdict.FAIL, found=3),
            check("whole-bodies", Verdict.PASS),
            check("fresh-reads", Verdict.FAIL, "1,332 reads of 5,800 were stale.", found=1_332,
                  witnesses=(stale_witness(3), stale_witness(4))),
            check("conditional-get", Verdict.PASS),
            check("availability", Verdict.FAIL, "12 reads ended in an error."),
        ),
        consistency=replace(
            summary.consistency, level="neither", windows=tuple(stale), stale_reads=1_332, stale_share=0.229655172,
            stale_text="23.0 % (95 % interval 21.9 % to 24.1 %)", longest_window_ns=309 * MS,
            staleness_low_ns=309 * MS, staleness_high_ns=314 * MS, k_staleness=(KStaleness(1, 1_300), KStaleness(2, 32)),
        ),
        impact=replace(summary.impact, estimates=tuple(_estimate(name, 1.65, Verdict.FAIL) for name in _QUANTILES)),
        latency=replace(
            summary.latency, series=replace(summary.latency.series, errors=tuple(12 if i == 30 else 0 for i in range(60)))
        ),
        availability=replace(
            summary.availability, errors=12, error_share=0.002,
            read_outcomes=(OutcomeCount("whole", 3_988, 0.6647), OutcomeCount("server-error", 12, 0.002)),
            write_errors=("InternalError: try again",),
        ),
        thresholds=(limit,),
    )  # fmt: skip


def inconclusive() -> Summary:
    """Too little of everything: verdicts are open, a check crashed, and much could not be measured."""
    summary = passing()
    crashed = check(
        "fresh-reads", Verdict.INCONCLUSIVE, "This check broke off.", error="ValueError: a <b> & c", numbers=()
    )
    unknown = tuple(
        ImpactEstimate(name, None, None, None, 2, 4, Verdict.INCONCLUSIVE, "not measured") for name in _QUANTILES
    )
    return replace(
        summary,
        verdict=Verdict.INCONCLUSIVE,
        questions=tuple(
            replace(question, number=replace(question.number, value=None, text="not measured"))
            for question in questions(**dict.fromkeys(QUESTIONS, Verdict.INCONCLUSIVE))
        ),
        checks=(crashed, check("whole-bodies", Verdict.INCONCLUSIVE), check("assumptions", Verdict.INCONCLUSIVE)),
        impact=replace(summary.impact, estimates=unknown, overlap=(), noise_floor=None, control=True),
        generator=Generator(NOTHING, (), None, (), "Too little to tell whether the load generator was fast enough."),
        conditional=replace(summary.conditional, saved_share=None, bytes_saved=0, bytes_received=0),
        run=replace(summary.run, ended=Ended("killed", None, recovered=True)),
    )  # fmt: skip


def empty() -> Summary:
    """Nothing was read and nothing written beyond the first version."""
    summary = inconclusive()
    return replace(
        summary,
        checks=(),
        latency=Latency("How it is counted.", (), LatencySeries(S, (), (), (), (), (), (), (), ()), LatencyHistogram((), (), ())),
        consistency=Consistency("unknown", 0, 0, (), "", NO_DISTRIBUTION, NO_DISTRIBUTION, None, NO_DISTRIBUTION, 0, 0, None,
                                None, "not measured", None, None, (), ()),
        conditional=Conditional(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, None, NOTHING, NOTHING),
        impact=replace(summary.impact, windows=(), estimates=(), pairs_used=0),
        availability=Availability(0, 0, None, (), 0, (), (), 0, None, None, None, NOTHING, 0, None, None),
        run=replace(summary.run, reads=0, writes=0, windows=0, sessions=0, workers=0, duration_ns=0,
                    settings={}, target={}, host={}, versions={}),
    )  # fmt: skip


def without_windows() -> Summary:
    """Written to all the time: nothing quiet to compare with."""
    summary = passing()
    histogram = replace(summary.latency.histogram, quiet=tuple(0 for _ in summary.latency.histogram.quiet))
    rows = tuple(
        replace(row, response=NOTHING, service=NOTHING) if row.population == "quiet" else row
        for row in summary.latency.rows
    )
    return replace(
        summary,
        verdict=Verdict.INCONCLUSIVE,
        questions=questions(impact=Verdict.INCONCLUSIVE),
        latency=replace(summary.latency, rows=rows, histogram=histogram),
        impact=replace(summary.impact, windows=(), estimates=(), overlap=(), pairs_used=0),
    )


def hostile() -> Summary:
    """Text from outside that tries to be markup, in every place that can hold such text."""
    summary = failing()
    bad = HOSTILE
    number = Number(bad, 1.0, "count", bad)
    operations = tuple(
        replace(operation, session=bad, outcome=bad, request_id=bad) for operation in stale_witness().operations
    )
    checks = tuple(
        replace(result, title=bad, guarantee=bad, sentence=bad, numbers=(number,), error=bad,
                witnesses=(Witness(bad, bad, 0, operations),))
        for result in summary.checks
    )  # fmt: skip
    return replace(
        summary,
        questions=tuple(replace(question, question=bad, sentence=bad, number=number) for question in summary.questions),
        checks=checks,
        consistency=replace(summary.consistency, windows_note=bad, stale_text=bad),
        impact=replace(summary.impact, method=bad, sentence=bad, windows_note=bad),
        availability=replace(summary.availability, write_errors=(bad,), read_outcomes=(OutcomeCount(bad, 1, 0.1),)),
        generator=replace(summary.generator, sentence=bad, numbers=(number,), fast_enough=False),
        thresholds=(replace(summary.thresholds[0], expression=bad, sentence=bad, number=number),),
        run=replace(summary.run, id=bad, started=bad, settings={bad: bad, "list": [bad], "map": {bad: None}},
                    target={"url": bad, "kind": "sandbox"}, host={"name": bad}, versions={bad: True},
                    ended=Ended(bad, 1, recovered=False)),
    )  # fmt: skip


def largest() -> Summary:
    """As much as a summary ever holds: ten million reads over days, all lists at their limits, all checks failing."""
    summary = failing()
    witnesses = tuple(stale_witness(number) for number in range(5))
    windows = tuple(summary.impact.windows[place % 2] for place in range(2_000))
    return replace(
        summary,
        latency=_latency(600, bucket_ns=3_600 * S),
        consistency=replace(
            summary.consistency,
            windows=tuple(replace(_window(place), stale_reads=10_000, last_stale_ns=299 * MS) for place in range(2_000)),
            visibility=tuple(VisibilityPoint(i, i + 1, 10_000_000, 9_999_999, 0.9999999, 0.99, 1.0) for i in range(60)),
        ),
        impact=replace(
            summary.impact,
            windows=tuple(
                replace(window, index=place, pair=place // 2, start_ns=place * 1_000 * S, end_ns=(place + 1) * 1_000 * S)
                for place, window in enumerate(windows)
            ),
        ),
        generator=replace(summary.generator, workers=tuple(replace(_worker(), worker=place) for place in range(64))),
        checks=tuple(check(f"check-{place}", Verdict.FAIL, found=9_999_999, witnesses=witnesses) for place in range(12)),
        run=replace(summary.run, reads=10_000_000, duration_ns=600 * 3_600 * S),
    )  # fmt: skip


_QUANTILES = ("p50", "p90", "p99")


def _estimate(name: str, ratio: float, verdict: Verdict) -> ImpactEstimate:
    low, high = round(ratio * 0.93, 6), round(ratio * 1.07, 6)
    text = f"{ratio:.2f}x (95 % interval {low:.2f}x to {high:.2f}x)"
    return ImpactEstimate(name, ratio, low, high, 15, None, verdict, text)


def _impact(pairs: int) -> Impact:
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
        estimates=tuple(_estimate(name, 1.04, Verdict.PASS) for name in _QUANTILES),
        overlap=(_estimate("p50", 1.1, Verdict.PASS), ImpactEstimate("p90", None, None, None, 0, 6, Verdict.INCONCLUSIVE, "not measured")),
        pairs_used=pairs,
        pairs_dropped=0,
        windows=tuple(windows),
        windows_note="",
        noise_floor=1.07,
        sentence="The slowdown in one sentence.",
    )  # fmt: skip


def _latency(buckets: int, bucket_ns: int = S) -> Latency:
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


def _window(place: int) -> ConsistencyWindow:
    first = (place * 5 % 13 - 3) * MS
    return ConsistencyWindow(
        place + 1, (place + 2) * S, 5 * MS + place % 7 * 300_000, first, None, 4 * MS, 0, place == 57
    )


def _consistency(writes: int) -> Consistency:
    edges = [0, *(int(MS * 10 ** (place / 6)) for place in range(16))]
    return Consistency(
        level="atomic",
        writes=writes,
        censored=1,
        windows=tuple(_window(place) for place in range(writes)),
        windows_note="",
        first_visible=Distribution(writes, -3 * MS, 3 * MS, 8 * MS, 9 * MS, 9 * MS),
        last_stale=NO_DISTRIBUTION,
        longest_window_ns=None,
        resolution=Distribution(writes - 1, 1 * MS, 4 * MS, 7 * MS, 9 * MS, 9 * MS),
        reads=5_800,
        stale_reads=0,
        stale_share=0.0,
        stale_share_upper=0.000516,
        stale_text="< 3/5,800 at 95 %",
        staleness_low_ns=None,
        staleness_high_ns=None,
        k_staleness=(),
        visibility=tuple(
            VisibilityPoint(low, high, 10 + place * 30, 10 + place * 30, 1.0, round(1 - 3 / (10 + place * 30), 6), 1.0)
            for place, (low, high) in enumerate(pairwise(edges))
        ),
    )


def _availability() -> Availability:
    return Availability(
        reads=6_000,
        errors=0,
        error_share=0.0,
        read_outcomes=(OutcomeCount("whole", 4_000, 0.666666667), OutcomeCount("not-modified", 2_000, 0.333333333)),
        writes=61,
        write_outcomes=(OutcomeCount("acked", 61, 1.0),),
        write_errors=(),
        duration_ns=60 * S,
        reads_per_second=100.0,
        writes_per_second=2.0,
        wanted_reads_per_second=100.0,
        late_starts=quantiles(6_000, 0.01),
        body_bytes=64 * MS,
        longest_gap_ns=26 * MS,
        longest_gap_at_ns=31 * S,
    )


def _worker() -> GeneratorWorker:
    return GeneratorWorker(0, 3_000, quantiles(3_000, 0.02), 0.33, 0.002, 0.0005)


def _generator() -> Generator:
    numbers = (Number("loop delay beside response time, p50", 0.0259, "share", "2.59 %"),)
    return Generator(quantiles(3_000, 0.02), (_worker(),), True, numbers, "The load generator was fast enough.")


def _run(seconds: int) -> Run:
    return Run(
        id="0123456789ab",
        started="2026-01-01T00:00:00Z",
        origin_ns=1_000 * S,
        duration_ns=seconds * S,
        reads=6_000,
        writes=61,
        windows=30,
        workers=1,
        sessions=20,
        settings={"write_interval": 0.5, "conditional_share": 0.5, "thresholds": [], "stack": None},
        target={"url": "http://127.0.0.1:4566/_aws/execute-api/abc/prod/v1/samples", "kind": "sandbox"},
        host={"cpus": 2, "system": "Linux"},
        versions={"python": "3.11", "locust": "2.47.0"},
        ended=Ended("run time over", seconds * S, recovered=False),
    )


ALL = {
    "passing": passing,
    "failing": failing,
    "inconclusive": inconclusive,
    "empty": empty,
    "without-windows": without_windows,
    "hostile": hostile,
    "largest": largest,
}
