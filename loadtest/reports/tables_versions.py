"""Tables and numbers of versions: how fresh reads were, and what ETag and 304 did."""

from __future__ import annotations

from loadtest import units
from loadtest.measurements import Distribution
from loadtest.measures.windows import MOST_K
from loadtest.reports.definitions import define
from loadtest.reports.table import QUANTILE_COLUMNS, Column, Fact, Table
from loadtest.reports.wording import clean
from loadtest.summary import Summary


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
            *QUANTILE_COLUMNS[:3],
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
        tuple(
            (f"{row.k:,} or more" if row.k >= MOST_K else units.count(row.k), units.count(row.reads))
            for row in summary.consistency.k_staleness
        ),
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
