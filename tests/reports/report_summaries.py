"""Summaries made by hand for the reports' tests: one of each kind that a report must cope with."""
# ruff: noqa: E501 - records with many fields read best as rows

from dataclasses import replace

from loadtest.run.records import Verdict
from loadtest.summary.findings import Number, Question, ThresholdResult, Witness
from loadtest.summary.generator import Availability, Generator, OutcomeCount
from loadtest.summary.slowdown import ImpactEstimate
from loadtest.summary.speed import Latency, LatencyHistogram, LatencySeries
from loadtest.summary.summary import Ended, Summary
from loadtest.summary.versions import Conditional, Consistency, KStaleness, VisibilityPoint
from tests.reports import summary_parts as parts
from tests.reports.summary_parts import MS, NO_DISTRIBUTION, NOTHING, QUANTILES, S, check, quantiles

HOSTILE = 'http://host/<script>alert("x")</script>|`a`\x1b[31m\u202e[b](http://evil.example)@user #1 <!-- -->\x00 ]]>'

QUESTIONS = {
    "impact": ("Do writes slow reads down?", ("write-impact",)),
    "whole": ("Is every read whole?", ("whole-bodies",)),
    "freshness": ("How long do readers see the old version?", ("fresh-reads",)),
    "conditional": ("Is ETag honoured, and what does it save?", ("conditional-get",)),
}


def passing() -> Summary:
    """A run of 60 s with 15 pairs of windows in which everything is as it should be."""
    return Summary(
        format=1,
        verdict=Verdict.PASS,
        questions=questions(),
        checks=tuple(check(name, Verdict.PASS) for name in ("write-impact", "whole-bodies", "fresh-reads", "conditional-get", "availability", "assumptions")),
        latency=parts.latency_of(60),
        consistency=parts.consistency_of(60),
        conditional=Conditional(4_000, 4_000, 3_000, 2_000, 1_000, 0, 2_000, 0, 0, 0, 64 * MS, 32 * MS, 0.333333333,
                                quantiles(4_000), quantiles(2_000, 0.9)),
        impact=parts.impact_of(15),
        availability=parts.availability(),
        generator=parts.generator(),
        thresholds=(),
        run=parts.run_of(60),
    )  # fmt: skip


def questions(**verdicts: Verdict) -> tuple[Question, Question, Question, Question]:
    numbers = {
        "impact": Number("response time while writing / while quiet, p99", 1.04, "ratio", "1.04x (95 % interval 0.97x to 1.11x)"),
        "whole": Number("share of documents that are not whole", 0.0, "share", "at 95 % confidence below 0.0750 %, or 1 in 1,333"),
        "freshness": Number("share of stale reads", 0.0, "share", "at 95 % confidence below 0.0517 %, or 1 in 1,933"),
        "conditional": Number("share of document bytes not sent thanks to 304", 0.333333333, "share", "33.3 %"),
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
                  witnesses=(parts.stale_witness(3), parts.stale_witness(4))),
            check("conditional-get", Verdict.PASS),
            check("availability", Verdict.FAIL, "12 reads ended in an error."),
        ),
        consistency=replace(
            summary.consistency, level="neither", windows=tuple(stale), stale_reads=1_332, stale_share=0.229655172,
            stale_text="23.0 % (95 % interval 21.9 % to 24.1 %)", longest_window_ns=309 * MS,
            staleness_low_ns=309 * MS, staleness_high_ns=314 * MS, k_staleness=(KStaleness(1, 1_300), KStaleness(2, 32)),
        ),
        impact=replace(summary.impact, estimates=tuple(parts.estimate(name, 1.65, Verdict.FAIL) for name in QUANTILES)),
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
        ImpactEstimate(name, None, None, None, 2, 4, Verdict.INCONCLUSIVE, "not measured") for name in QUANTILES
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
        replace(operation, session=bad, outcome=bad, request_id=bad) for operation in parts.stale_witness().operations
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
    witnesses = tuple(parts.stale_witness(number) for number in range(5))
    windows = tuple(summary.impact.windows[place % 2] for place in range(2_000))
    return replace(
        summary,
        latency=parts.latency_of(600, bucket_ns=3_600 * S),
        consistency=replace(
            summary.consistency,
            windows=tuple(replace(parts.window(place), stale_reads=10_000, last_stale_ns=299 * MS) for place in range(2_000)),
            visibility=tuple(VisibilityPoint(i, i + 1, 10_000_000, 9_999_999, 0.9999999, 0.99, 1.0) for i in range(60)),
        ),
        impact=replace(
            summary.impact,
            windows=tuple(
                replace(window, index=place, pair=place // 2, start_ns=place * 1_000 * S, end_ns=(place + 1) * 1_000 * S)
                for place, window in enumerate(windows)
            ),
        ),
        generator=replace(summary.generator, workers=tuple(replace(parts.worker(), worker=place) for place in range(64))),
        checks=tuple(check(f"check-{place}", Verdict.FAIL, found=9_999_999, witnesses=witnesses) for place in range(12)),
        run=replace(summary.run, reads=10_000_000, duration_ns=600 * 3_600 * S),
    )  # fmt: skip


ALL = {
    "passing": passing,
    "failing": failing,
    "inconclusive": inconclusive,
    "empty": empty,
    "without-windows": without_windows,
    "hostile": hostile,
    "largest": largest,
}
