"""Tables of a Summary as plain text cells: what the page and the Markdown report both show, put together once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from loadtest import units
from loadtest.measurements import ImpactEstimate, Quantiles
from loadtest.reports.definitions import define
from loadtest.reports.wording import clean, generator_word, text_of
from loadtest.summary import Distribution, LatencyRow, Summary


@dataclass(frozen=True)
class Column:
    """One column; ``definition`` is shown on hover, "" when the title says it all."""

    title: str
    definition: str = ""
    number: bool = False


@dataclass(frozen=True)
class Table:
    """A table, or the sentence that stands in its place when there is nothing to show."""

    id: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    empty: str
    note: str = ""


@dataclass(frozen=True)
class Fact:
    """One number with its name and its definition."""

    name: str
    text: str
    definition: str


_QUANTILES = tuple(Column(name, define(name), number=True) for name in ("p50", "p90", "p99", "p99.9", "max"))
_LATENCY_COLUMNS = (Column("reads"), Column("how many", number=True), *_QUANTILES)


def _latency_cells(row: LatencyRow, quantiles: Quantiles) -> tuple[str, ...]:
    return (row.label, units.count(quantiles.count), *quantile_cells(quantiles))


def quantile_cells(quantiles: Quantiles) -> tuple[str, ...]:
    """p50, p90, p99, p99.9 and max as text."""
    values = (quantiles.p50_ns, quantiles.p90_ns, quantiles.p99_ns, quantiles.p999_ns, quantiles.max_ns)
    return tuple(units.duration(value) for value in values)


def latency_tables(summary: Summary) -> tuple[Table, Table]:
    """Response time and service time of each population."""
    rows = [row for row in summary.latency.rows if row.response.count]
    empty = "No read succeeded, so there is no latency to show."
    return (
        Table(
            "response-time",
            "Response time",
            _LATENCY_COLUMNS,
            tuple(_latency_cells(row, row.response) for row in rows),
            empty,
            define("response time"),
        ),
        Table(
            "service-time",
            "Service time",
            _LATENCY_COLUMNS,
            tuple(_latency_cells(row, row.service) for row in rows),
            empty,
            define("service time"),
        ),
    )


_IMPACT_COLUMNS = (
    Column("compared at"),
    Column("slowdown", define("slowdown"), number=True),
    Column("95 % interval", define("95 % interval"), number=True),
    Column("pairs", "Pairs of windows that the comparison rests on.", number=True),
    Column("verdict"),
    Column("in words"),
)


def _impact_cells(estimate: ImpactEstimate) -> tuple[str, ...]:
    known = estimate.low is not None and estimate.high is not None
    return (
        estimate.quantile,
        units.ratio(estimate.ratio),
        f"{units.ratio(estimate.low)} to {units.ratio(estimate.high)}" if known else units.NOTHING,
        units.count(estimate.pairs),
        estimate.verdict.value,
        clean(estimate.text),
    )


def impact_tables(summary: Summary) -> tuple[Table, Table]:
    """Writing windows against quiet ones, and reads that meet a PUT against those that do not."""
    impact = summary.impact
    return (
        Table(
            "impact",
            "Writing windows against quiet windows",
            _IMPACT_COLUMNS,
            tuple(_impact_cells(estimate) for estimate in impact.estimates),
            "This run had no pairs of quiet and writing windows, so there is nothing to compare.",
            clean(impact.method),
        ),
        Table(
            "overlap",
            "Reads that were under way during a PUT against reads of the same window that were not",
            _IMPACT_COLUMNS,
            tuple(_impact_cells(estimate) for estimate in impact.overlap),
            "No read was under way during a PUT, or too few were, so there is nothing to compare.",
        ),
    )


def windows_table(summary: Summary) -> Table:
    """Every window that was recorded, as it was used."""
    rows = tuple(
        (
            units.count(window.index),
            units.count(window.pair),
            window.kind,
            f"{units.seconds(window.start_ns)} to {units.seconds(window.end_ns)}",
            units.count(window.reads),
            units.count(window.puts),
            units.duration(window.p50_ns),
            units.duration(window.p90_ns),
            units.duration(window.p99_ns),
            clean(window.dropped) or "yes",
        )
        for window in summary.impact.windows
    )
    columns = (
        Column("window", define("window"), number=True),
        Column("pair", number=True),
        Column("kind"),
        Column("when", "Since the start of the run."),
        Column("reads", number=True),
        Column("PUTs", define("PUT"), number=True),
        *_QUANTILES[:3],
        Column("used", "Whether it is used; if not, why."),
    )
    empty = "This run had no windows: the writer wrote all the time, or the run was too short for one."
    return Table("windows", "Windows", columns, rows, empty, clean(summary.impact.windows_note))


def consistency_facts(summary: Summary) -> tuple[Fact, ...]:
    """How fresh the reads were."""
    consistency = summary.consistency
    low, high = consistency.staleness_low_ns, consistency.staleness_high_ns
    stalest = "no read was stale" if low is None else f"{units.duration(low)} to {units.duration(high)}"
    longest = consistency.longest_window_ns
    levels = {
        "atomic": "atomic (nothing was out of order)",
        "regular": "regular (fresh, but out of order between readers)",
        "neither": "neither (stale or invented versions were read)",
        "unknown": "not known",
    }
    return (
        Fact("Stale reads", units.count(consistency.stale_reads), define("stale read")),
        Fact("Share of stale reads", clean(consistency.stale_text) or units.NOTHING, _SHARE_DEFINITION),
        Fact("Reads that could have been stale", units.count(consistency.reads), _READS_DEFINITION),
        Fact("Age of the stalest read", stalest, define("staleness")),
        Fact(
            "Longest consistency window",
            "no read was stale" if longest is None else units.duration(longest),
            define("consistency window"),
        ),
        Fact("Writes that were followed", units.count(consistency.writes), _WRITES_DEFINITION),
        Fact("Writes whose window is not fully known", units.count(consistency.censored), define("censored")),
        Fact("Order of versions", levels[consistency.level], f"{define('atomic')} {define('regular')}"),
    )


_SHARE_DEFINITION = (
    "Stale reads divided by reads that could have been stale. When there were none in n reads, the true share can "
    "still be anything below about 3/n (at 95 % confidence), so that bound is given and not 0."
)
_READS_DEFINITION = "Reads of a known version that started after an acknowledged write."
_WRITES_DEFINITION = "Acknowledged writes after the first version."


def _distribution_cells(name: str, distribution: Distribution) -> tuple[str, ...]:
    values = (
        distribution.min_ns,
        distribution.p50_ns,
        distribution.p90_ns,
        distribution.p99_ns,
        distribution.max_ns,
    )
    return (name, units.count(distribution.count), *(units.duration(value) for value in values))


def visibility_table(summary: Summary) -> Table:
    """When writes became visible, over all writes."""
    consistency = summary.consistency
    named = (
        ("first visible", consistency.first_visible),
        ("last stale", consistency.last_stale),
        ("resolution", consistency.resolution),
    )
    return Table(
        "visibility",
        "From the acknowledgement of a write",
        (
            Column("moment", f"{define('first visible')} {define('last stale')} {define('resolution')}"),
            Column("writes", number=True),
            Column("earliest", number=True),
            *_QUANTILES[:3],
            Column("latest", number=True),
        ),
        tuple(_distribution_cells(name, found) for name, found in named if found.count),
        "No write was followed to its end, so nothing can be said about when versions became visible.",
    )


def k_staleness_table(summary: Summary) -> Table:
    """How many writes the stale reads were behind."""
    return Table(
        "k-staleness",
        "How far behind the stale reads were",
        (Column("acknowledged writes behind", define("k"), number=True), Column("reads", number=True)),
        tuple((units.count(row.k), units.count(row.reads)) for row in summary.consistency.k_staleness),
        "No read was behind an acknowledged write.",
    )


def conditional_facts(summary: Summary) -> tuple[Fact, ...]:
    """What ETag did."""
    found = summary.conditional
    return (
        Fact("Bytes saved", units.size(found.bytes_saved), "Bytes of documents that the 304 answers did not send."),
        Fact("Bytes received", units.size(found.bytes_received), "Bytes of documents that were sent."),
        Fact("Share saved", units.share(found.saved_share), "Saved ÷ (saved + received)."),
        Fact("Documents with an ETag", f"{found.with_etag:,} of {found.whole_reads:,}", define("ETag")),
        Fact("Requests with If-None-Match", units.count(found.conditional_reads), define("If-None-Match")),
        Fact(
            "Answered 304",
            f"{found.not_modified:,} of {found.could_have_been:,} that could have been",
            "A 304 was possible when the reader's copy was the version that it was answered with.",
        ),
        Fact("Document sent again in vain", units.count(found.same_version_sent), _VAIN_DEFINITION),
        Fact("Document had changed", units.count(found.changed), "Conditional requests rightly answered with a 200."),
        Fact("304 for an old version", units.count(found.stale_not_modified), "A 304 that is a stale read."),
        Fact("304 that nobody asked for", units.count(found.unasked), "A 304 to a request without If-None-Match."),
        Fact("304 with a body", units.count(found.with_body), "A 304 must not carry a document."),
    )


_VAIN_DEFINITION = "A conditional request answered with a 200 and the very version that the reader held."


def outcome_table(summary: Summary) -> Table:
    """How the reads and the writes ended."""
    found = summary.availability
    rows = [("read", row.outcome, units.count(row.count), units.share(row.share)) for row in found.read_outcomes]
    rows += [("write", row.outcome, units.count(row.count), units.share(row.share)) for row in found.write_outcomes]
    return Table(
        "outcomes",
        "How reads and writes ended",
        (
            Column("operation"),
            Column("outcome"),
            Column("how many", number=True),
            Column("share", "Of all operations of this kind.", number=True),
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
        *(Column(f"delay {column.title}", define("loop delay"), number=True) for column in _QUANTILES),
        Column("CPU", "Share of one core that it used.", number=True),
        Column("memory clean-up", "Share of the time spent in garbage collection.", number=True),
        Column("recording", "Share of the time spent writing the record to disk.", number=True),
    )
    empty = "The load generator recorded nothing about itself, so its speed is not known."
    return Table("generator", "The load generator's own delay", columns, rows, empty)


def generator_facts(summary: Summary) -> tuple[Fact, ...]:
    """Whether the load generator can be believed."""
    generator = summary.generator
    first = Fact("Load generator", generator_word(generator), define("loop delay"))
    return (first, *(Fact(number.name.capitalize(), clean(number.text), "") for number in generator.numbers))


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
