"""Tables and numbers of the run itself: what was answered, the health of the load generator, settings and versions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Final

from pydantic import JsonValue

from loadtest import units
from loadtest.cleaned import clean
from loadtest.report.definitions import OUTCOMES, define, explain
from loadtest.report.table import QUANTILE_COLUMNS, Column, Fact, Table, quantile_cells
from loadtest.report.wording import generator_word, text_of
from loadtest.summary.summary import Summary


def outcome_table(summary: Summary) -> Table:
    kinds = (("read", summary.availability.read_outcomes), ("write", summary.availability.write_outcomes))
    rows = [
        (kind, row.outcome, units.count(row.count), units.share(row.share), OUTCOMES.get(row.outcome, ""))
        for kind, outcomes in kinds
        for row in outcomes
    ]
    return Table(
        "outcomes",
        "How reads and writes ended",
        (
            Column("operation"),
            Column("outcome"),
            Column("how many", number=True),
            Column("share of all reads (writes)", number=True),
            Column("what it means"),
        ),
        tuple(rows),
        "Nothing was read and nothing was written.",
    )


def availability_facts(summary: Summary) -> tuple[Fact, ...]:
    counts = summary.availability
    wanted = counts.wanted_reads_per_second
    gap = units.duration(counts.longest_gap_ns)
    silence = "The longest time in which no read succeeded, and when it began."
    if summary.generator.paused_longest_gap:
        silence = "† The load generator itself paused for most of it, so it does not tell about the target."
    if counts.longest_gap_ns is not None and counts.longest_gap_at_ns is not None:
        gap += f" (at {units.seconds(counts.longest_gap_at_ns)}){' †' if summary.generator.paused_longest_gap else ''}"
    return (
        Fact("Reads", units.count(counts.reads), "All reads, answered or not."),
        Fact(
            "Errors",
            f"{counts.errors:,} ({units.share(counts.error_share)})",
            "Reads that got no answer, or neither a 200 nor a 304. (Damaged documents: question 2; stale reads: "
            "question 3.)",
        ),
        Fact("Read rate", units.rate(counts.reads_per_second), "Reads per second over the whole run."),
        Fact(
            "Wanted read rate",
            "as fast as they were answered" if wanted is None else units.rate(wanted),
            "The rate at which reads were scheduled, however long the answers took.",
        ),
        Fact("Late start of a read, p99", units.duration(counts.late_starts.p99_ns), define("late start")),
        Fact("Writes", units.count(counts.writes), "All PUTs, the first version included."),
        Fact("Write rate", units.rate(counts.writes_per_second), "PUTs per second while writing."),
        Fact("Longest silence", gap, silence),
        Fact("Documents received", units.size(counts.body_bytes), "Bytes of all bodies, damaged ones included."),
        Fact("Measured for", units.seconds(counts.duration_ns), "From the first read to the last answer."),
    )


def bases_table(summary: Summary) -> Table:
    """Which reads count where: the bases of all shares."""
    reads, rows_of = summary.availability.reads, {row.population: row.response.count for row in summary.latency.rows}
    succeeded = rows_of.get("all", 0)
    rows = [
        ("All reads", reads, "availability"),
        ("… that succeeded: 200 with a whole document, or 304", succeeded, "response and service times"),
        ("… that did not: errors and damaged documents", reads - succeeded, "availability; whole documents"),
    ]
    if summary.impact.windows:
        quiet, writing = rows_of.get("quiet", 0), rows_of.get("writing", 0)
        rows += [
            ("Successful reads due in a quiet window", quiet, "slowdown"),
            ("Successful reads due in a writing window", writing, "slowdown"),
            (
                "Successful reads due in a rest, at an edge or outside",
                succeeded - quiet - writing,
                "what PUTs leave behind",
            ),
        ]
    rows.append(("Reads that could have been stale", summary.consistency.reads, "share of stale reads"))
    return Table(
        "bases",
        "Which reads count where",
        (Column("reads"), Column("how many", number=True), Column("they are the base of")),
        tuple((name, units.count(number), use) for name, number, use in rows) if reads else (),
        "Nothing was read.",
    )


def generator_table(summary: Summary) -> Table:
    rows = tuple(
        (
            units.count(worker.worker),
            units.count(worker.samples),
            *quantile_cells(worker.loop_delay),
            units.share(worker.cpu_share),
            units.share(worker.gc_share),
            units.share(worker.flush_share),
        )
        for worker in summary.generator.workers
    )
    columns = (
        Column("process", number=True),
        Column("samples", "How often it measured its own delay.", number=True),
        *(Column(f"delay {column.title}", define("loop delay"), number=True) for column in QUANTILE_COLUMNS),
        Column("CPU", "Share of one core that it used.", number=True),
        Column("memory clean-up", "Share of the time spent in garbage collection.", number=True),
        Column("recording", "Share of the time spent writing the record to disk.", number=True),
    )
    empty = "The load generator recorded nothing about itself, so its speed is not known."
    return Table("generator", "The load generator's own delay", columns, rows, empty)


def generator_facts(summary: Summary) -> tuple[Fact, ...]:
    generator = summary.generator
    first = Fact("load generator", generator_word(generator), define("loop delay"))
    return (
        first,
        *(Fact(clean(number.name), clean(number.text), explain(number.name)) for number in generator.numbers),
    )


def settings_tables(summary: Summary) -> tuple[Table, ...]:
    """Target, settings, host and versions as they were recorded."""
    run = summary.run
    ended = {
        "run": run.id,
        "started": run.started,
        "took": units.seconds(run.duration_ns),
        "ended": _ENDINGS.get(run.ended.reason, run.ended.reason),
        "load-generating processes": units.count(run.workers),
        **({name: text for name, text in asdict(run.source).items() if text} if run.source else {}),
    }
    return (
        _named_values("run", "Run", ended),
        _named_values("target", "Target", run.target),
        _named_values("settings", "Settings", {name: _with_unit(name, value) for name, value in run.settings.items()}),
        _named_values("host", "Machine that made the load", {name: _short(value) for name, value in run.host.items()}),
        _named_values("versions", "Versions", run.versions),
    )


_ENDINGS: Final = {"stopped": "in order: its time was over, or it was stopped by hand"}
_UNITS: Final = {
    "write_interval": "s",
    "arrival_rate": "reads/s",
    "window": "s",
    "max_staleness": "s",
    "impact_tolerance": "times as slow",
    "conditional_share": "of the reads",
    "payload_bytes": "bytes",
}


def _with_unit(name: str, value: JsonValue) -> JsonValue:
    if name == "thresholds" and not value:
        return "none beside the limits that are built in"
    if name in _UNITS and isinstance(value, (int, float)) and not isinstance(value, bool):
        return f"{value:,g} {_UNITS[name]}"
    return value


def _short(value: JsonValue) -> JsonValue:
    """A number with two digits after the point, also in a list."""
    if isinstance(value, list):
        return [_short(item) for item in value]
    return f"{value:.2f}" if isinstance(value, float) else value


def _named_values(name: str, title: str, values: Mapping[str, JsonValue]) -> Table:
    rows = tuple((clean(key.replace("_", " ")), text_of(value)) for key, value in values.items())
    return Table(name, title, (Column("name"), Column("value")), rows, "Nothing was recorded.")
