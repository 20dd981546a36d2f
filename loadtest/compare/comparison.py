"""Comparison: everything a report may say about two runs, and the verdict; a pure function of their summaries."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from loadtest import units
from loadtest.compare.alike import Difference, differences, notes
from loadtest.compare.doubts import incomplete, same_run, unless_doubted
from loadtest.compare.rows import Row, impact_rows, kind_rows, latency_rows
from loadtest.compare.shares import share_rows
from loadtest.compare.verdicts import check_rows, question_rows
from loadtest.judge.measure.paused_windows import PAUSED
from loadtest.run.records import Verdict
from loadtest.summary.findings import worst
from loadtest.summary.summary import Run, Summary
from loadtest.summary.versions import SAVED_SHARE

DEFAULT_TOLERANCE: Final = 1.07
"""Half way (of ratios) between no change and 15 % more; a run of a minute or two can tell it from both."""
DEFAULT_RUN_NOISE: Final = 0.01
METHOD: Final = (
    "A change is new / base. PASS: the whole 95 % interval is at most {tolerance}; FAIL: all of it is above; "
    "INCONCLUSIVE: it spans that. The interval comes from the windows of each run (Hodges-Lehmann, Mann-Whitney), "
    "widened by the drift that the runs show and by {noise} of run-to-run noise, which no window can show."
)


@dataclass(frozen=True)
class Group:
    """Rows that belong together."""

    title: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Comparison:
    """Two runs side by side."""

    verdict: Verdict
    sentence: str
    base: Run
    new: Run
    tolerance: float
    run_noise: float
    unlike: tuple[Difference, ...]  # not empty only when the comparison was forced
    notes: tuple[str, ...]
    groups: tuple[Group, ...]
    title: str = "Compared with the base run"
    method: str = ""

    @property
    def rows(self) -> tuple[Row, ...]:
        return tuple(row for group in self.groups for row in group.rows)

    @property
    def not_passed(self) -> list[Row]:
        """The rows that FAIL, then those that are INCONCLUSIVE."""
        order = (Verdict.FAIL, Verdict.INCONCLUSIVE)
        return [row for verdict in order for row in self.rows if row.verdict is verdict]


def compare(
    base: Summary, new: Summary, tolerance: float = DEFAULT_TOLERANCE, run_noise: float = DEFAULT_RUN_NOISE
) -> Comparison:
    speed = latency_rows(base, new, tolerance, run_noise)
    groups = (
        Group("Response time", tuple(speed)),
        Group("Response time by kind of answer", tuple(kind_rows(base, new, tolerance, speed))),
        Group("Slowdown while writing", tuple(impact_rows(base, new, tolerance))),
        *common_groups(base, new),
    )
    rows = [row for group in groups for row in group.rows]
    verdict = worst([row.verdict for row in rows if row.verdict is not None])
    doubts = [*same_run(base, new), *incomplete(base, new)]
    verdict, sentence = unless_doubted(verdict, sentence_of(verdict, rows, tolerance), doubts)
    return Comparison(
        verdict=verdict,
        sentence=sentence,
        base=base.run,
        new=new.run,
        tolerance=tolerance,
        run_noise=run_noise,
        unlike=differences(base, new),
        notes=(*left_out(base, new), *notes(base.run, new.run)),
        groups=groups,
        method=METHOD.format(tolerance=units.ratio(tolerance), noise=units.share(run_noise)),
    )


def left_out(base: Summary, new: Summary) -> tuple[str, ...]:
    """How many windows of each run are not compared because the load generator paused in them."""
    counts = [sum(window.dropped == PAUSED for window in run.impact.windows) for run in (base, new)]
    if not any(counts):
        return ()
    both = " and ".join(
        f"{units.counted(n, 'window')} of the {run} run" for n, run in zip(counts, ("base", "new"), strict=True)
    )
    return (f"Left out because the load generator itself paused in them: {both}.",)


def common_groups(base: Summary, new: Summary) -> tuple[Group, ...]:
    """All but response times: the same for two runs apart and for a duel."""
    return (
        Group("Shares", tuple(share_rows(base, new))),
        Group("Promises", tuple(check_rows(base, new))),
        Group("Answers", tuple(question_rows(base, new))),
        Group("Other numbers", tuple(_other_rows(base, new))),
    )


def sentence_of(verdict: Verdict, rows: list[Row], tolerance: float) -> str:
    decisive = [row for row in rows if row.verdict is verdict]
    if verdict is Verdict.PASS:
        return f"Not a regression: nothing is worse than before by more than {units.ratio(tolerance)}."
    what = "; ".join(row.name for row in decisive[:4]) + (" …" if len(decisive) > 4 else "")
    if verdict is Verdict.FAIL:
        return f"Regression: {what}."
    return f"No regression is shown, but {units.counted(len(decisive), 'number')} cannot be told: {what}."


def _other_rows(base: Summary, new: Summary) -> list[Row]:
    """Numbers that are only shown: extremes and counts, for which windows give no interval."""

    def row(name: str, text: Callable[[Summary], str]) -> Row:
        return Row(name, text(base), text(new))

    def latency(population: str, kind: str, field: str) -> Callable[[Summary], str]:
        def text(summary: Summary) -> str:
            row = summary.latency.of(population)
            return units.duration(getattr(getattr(row, kind), field) if row else None)

        return text

    return [
        row("Response time of all reads, p50", latency("all", "response", "p50_ns")),
        row("Response time of all reads, p99", latency("all", "response", "p99_ns")),
        row("Response time of all reads, p99.9", latency("all", "response", "p999_ns")),
        row("Response time of all reads, longest", latency("all", "response", "max_ns")),
        row("Service time of all reads, p50", latency("all", "service", "p50_ns")),
        row("Service time of all reads, p99", latency("all", "service", "p99_ns")),
        row("Stale reads", lambda s: s.consistency.stale_text),
        row("Longest consistency window", _longest_window),
        row("First read of a write after its acknowledgement, p50",
            lambda s: units.duration(s.consistency.first_visible.p50_ns)),
        row(SAVED_SHARE.capitalize(), lambda s: units.share(s.conditional.saved_share)),
        row("Reads per second", lambda s: units.rate(s.availability.reads_per_second)),
        row("PUTs per second of writing", lambda s: units.rate(s.availability.writes_per_second)),
        row("Longest time without a successful read", lambda s: units.duration(s.availability.longest_gap_ns)),
        row("Delay of the generator's event loop, p99", lambda s: units.duration(s.generator.loop_delay.p99_ns)),
        row("Reads", lambda s: units.count(s.run.reads)),
        row("Writes", lambda s: units.count(s.run.writes)),
        row("Windows", lambda s: units.count(s.run.windows)),
        row("Duration", lambda s: units.seconds(s.run.duration_ns)),
    ]  # fmt: skip


def _longest_window(summary: Summary) -> str:
    longest, reads = summary.consistency.longest_window_ns, summary.consistency.reads
    return "no read was stale" if longest is None and reads else units.duration(longest)
