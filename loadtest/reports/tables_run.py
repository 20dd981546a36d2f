"""Tables and numbers of the run itself: what was answered, the health of the load generator, settings and versions."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue

from loadtest import units
from loadtest.reports.definitions import OUTCOMES, define, explain
from loadtest.reports.table import QUANTILE_COLUMNS, Column, Fact, Table, quantile_cells
from loadtest.reports.wording import clean, generator_word, text_of
from loadtest.summary import Summary


def outcome_table(summary: Summary) -> Table:
    """How the reads and the writes ended."""
    found = summary.availability
    kinds = (("read", found.read_outcomes), ("write", found.write_outcomes))
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
            Column("share", "Of all operations of this kind.", number=True),
            Column("what it means"),
        ),
        tuple(rows),
        "Nothing was read and nothing was written.",
    )


def availability_facts(summary: Summary) -> tuple[Fact, ...]:
    """What was asked and what was answered."""
    found = summary.availability
    wanted = found.wanted_reads_per_second
    late = found.late_starts
    gap = units.duration(found.longest_gap_ns)
    if found.longest_gap_ns is not None and found.longest_gap_at_ns is not None:
        gap += f" (at {units.seconds(found.longest_gap_at_ns)})"
    return (
        Fact("Reads", units.count(found.reads), "All reads, answered or not."),
        Fact("Errors", f"{found.errors:,} ({units.share(found.error_share)})", "Reads that got no usable answer."),
        Fact("Read rate", units.rate(found.reads_per_second), "Reads per second over the whole run."),
        Fact(
            "Wanted read rate",
            "as fast as they were answered" if wanted is None else units.rate(wanted),
            "The rate at which reads were scheduled, whatever the answers took.",
        ),
        Fact("Late start of a read, p99", units.duration(late.p99_ns), define("late start")),
        Fact("Writes", units.count(found.writes), "All PUTs, the first version included."),
        Fact("Write rate", units.rate(found.writes_per_second), "PUTs per second while writing."),
        Fact("Longest silence", gap, "The longest time in which no read succeeded, and when it began."),
        Fact("Documents received", units.size(found.body_bytes), "Bytes of all bodies."),
        Fact("Measured for", units.seconds(found.duration_ns), "From the first read to the last answer."),
    )


def generator_table(summary: Summary) -> Table:
    """The health of each load-generating process."""
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
        Column("samples", "How often it looked at its own delay.", number=True),
        *(Column(f"delay {column.title}", define("loop delay"), number=True) for column in QUANTILE_COLUMNS),
        Column("CPU", "Share of one core that it used.", number=True),
        Column("memory clean-up", "Share of the time spent in garbage collection.", number=True),
        Column("recording", "Share of the time spent writing the record to disk.", number=True),
    )
    empty = "The load generator recorded nothing about itself, so its speed is not known."
    return Table("generator", "The load generator's own delay", columns, rows, empty)


def generator_facts(summary: Summary) -> tuple[Fact, ...]:
    """Whether the load generator can be believed."""
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
        "ended": run.ended.reason,
        "load-generating processes": units.count(run.workers),
    }
    return (
        _named_values("run", "Run", ended),
        _named_values("target", "Target", run.target),
        _named_values("settings", "Settings", run.settings),
        _named_values("host", "Machine that made the load", run.host),
        _named_values("versions", "Versions", run.versions),
    )


def _named_values(name: str, title: str, values: Mapping[str, JsonValue]) -> Table:
    rows = tuple((clean(key.replace("_", " ")), text_of(value)) for key, value in values.items())
    return Table(name, title, (Column("name"), Column("value")), rows, "Nothing was recorded.")
