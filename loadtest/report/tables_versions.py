"""Tables and numbers of versions: how fresh reads were, and what ETag and 304 did."""

from __future__ import annotations

from loadtest import units
from loadtest.cleaned import clean
from loadtest.judge.checks.visible_writes import listed
from loadtest.judge.measure.windows import MOST_K
from loadtest.report.definitions import define
from loadtest.report.table import FEW_QUANTILE_COLUMNS, Column, Fact, Table, number, table_of
from loadtest.summary.summary import Summary
from loadtest.summary.versions import SAVED_SHARE, Distribution, KStaleness


def consistency_facts(summary: Summary) -> tuple[Fact, ...]:
    consistency = summary.consistency
    low, high = consistency.staleness_low_ns, consistency.staleness_high_ns
    none = "no read was stale" if consistency.reads else units.NOTHING
    stalest = none if low is None else f"{units.duration(low)} to {units.duration(high)}"
    longest = consistency.longest_window_ns
    levels = {
        "atomic": ("atomic", define("atomic")),
        "regular": ("regular, not atomic", f"Regular: {define('regular')} {_ATOMIC}"),
        "neither": (_neither(summary), f"{_ATOMIC} Regular: {define('regular')}"),
        "unknown": ("not known", "Too little was read, written or recorded to tell, or somebody else was writing."),
    }
    share = clean(consistency.stale_text) or units.NOTHING
    if consistency.stale_reads:
        value, bracket, interval = share.partition(" (")
        share = f"{value} at this rate of writes{bracket}{interval}"
    return (
        Fact("Stale reads", units.count(consistency.stale_reads if consistency.reads else None), define("stale read")),
        Fact("Share of stale reads", share, _SHARE_DEFINITION),
        Fact("Reads that could have been stale", units.count(consistency.reads), _READS_DEFINITION),
        Fact("Age of the stalest read", stalest, define("staleness")),
        Fact(
            "Longest consistency window",
            none if longest is None else _longest(summary, longest),
            define("consistency window"),
        ),
        Fact("Writes that were followed", units.count(consistency.writes), _WRITES_DEFINITION),
        Fact("Writes whose window is not fully known", units.count(consistency.censored), _censored(summary)),
        Fact("Writes lost, or not visible until the next", _lost(summary), define("lost write")),
        Fact("Writes overtaken before a read could see them", units.count(consistency.overtaken), _OVERTAKEN),
        Fact("Order of versions", *levels[consistency.level]),
    )


def _lost(summary: Summary) -> str:
    """How many, and those that the summary lists."""
    versions = [window.version for window in summary.consistency.windows if window.unseen == "lost"]
    count = units.count(summary.consistency.lost)
    return f"{count} ({listed(versions)})" if versions else count


_OVERTAKEN = (
    "Acknowledged, but no read returned them, as the next write came before any read that could have told. That says "
    "nothing against the target."
)
_ATOMIC = f"Atomic: {define('atomic')}"


def _neither(summary: Summary) -> str:
    """Why the versions were in neither order."""
    invented = any(check.id == "phantoms" and check.found for check in summary.checks)
    stale = ["stale versions were read"] if summary.consistency.stale_reads else []
    unwritten = ["versions were read that nobody had written yet"] if invented else []
    return f"neither atomic nor regular: {' and '.join(stale + unwritten) or 'versions were out of order'}"


def _longest(summary: Summary, longest_ns: int) -> str:
    cut = any(window.censored and window.last_stale_ns == longest_ns for window in summary.consistency.windows)
    return f"at least {units.duration(longest_ns)}" if cut else units.duration(longest_ns)


def _censored(summary: Summary) -> str:
    """Why windows are not fully known, in this run."""
    consistency = summary.consistency
    if not consistency.censored:
        return "Every write was followed until reads could tell that its window was over."
    cut = consistency.cut_off
    if not cut:
        return "No read came after these writes that could have told."
    last = [window.last_stale_ns for window in consistency.windows if window.censored and window.last_stale_ns]
    least = f" (at least {units.duration(max(last))})" if last else ""
    return (
        f"{units.counted(cut, 'write')}: the run ended while readers still got the old version, so the window is "
        f"longer than could be seen{least}; it is in none of the quantiles below."
    )


_SHARE_DEFINITION = (
    "Stale reads divided by reads that could have been stale. It grows with the rate of writes; how long one write "
    "stays hidden, the consistency window, does not. The interval is over writes, because reads after the same write "
    "are stale together. If none of n reads was stale, the true share may still be anything below about 3 in n (at "
    "95 % confidence), so that bound is shown instead of 0."
)
_READS_DEFINITION = "Reads of a known version that started after an acknowledged write."
_WRITES_DEFINITION = "Acknowledged writes after the first version."


def _distribution_cells(name: str, distribution: Distribution) -> tuple[str, ...]:
    values = (distribution.min_ns, distribution.p50_ns, distribution.p90_ns, distribution.p99_ns, distribution.max_ns)
    return (name, units.count(distribution.count), *(units.duration(value) for value in values))


def visibility_table(summary: Summary) -> Table:
    consistency = summary.consistency
    named = (
        ("first visible (answer came back)", consistency.first_visible),
        ("last stale (read started)", consistency.last_stale),
        ("resolution (gap to the next read)", consistency.resolution),
    )
    return Table(
        "visibility",
        "From the acknowledgement of a write",
        (
            Column("moment"),
            Column("writes", number=True),
            Column("earliest", number=True),
            *FEW_QUANTILE_COLUMNS,
            Column("latest", number=True),
        ),
        tuple(_distribution_cells(name, found) for name, found in named if found.count),
        "No write was followed to its end, so nothing can be said about when versions became visible.",
        " ".join(f"{name.capitalize()}: {define(name)}" for name in ("first visible", "last stale", "resolution")),
    )


def k_staleness_table(summary: Summary) -> Table:
    def behind(row: KStaleness) -> str:
        return f"{row.k:,} or more" if row.k >= MOST_K else units.count(row.k)

    shown = (
        number("acknowledged writes behind", behind, define("acknowledged writes behind (k)")),
        number("reads", lambda row: units.count(row.reads)),
    )
    title, empty = "How far behind the stale reads were", "No read was behind an acknowledged write."
    return table_of("k-staleness", title, shown, summary.consistency.k_staleness, empty)


def conditional_facts(summary: Summary) -> tuple[Fact, ...]:
    counts = summary.conditional
    return (
        Fact("Document bytes not sent thanks to 304", units.size(counts.bytes_saved), _saved_definition(summary)),
        Fact("Document bytes received", units.size(counts.bytes_received), "Of whole documents."),
        Fact(SAVED_SHARE.capitalize(), units.share(counts.saved_share), "Not sent ÷ (not sent + received)."),
        Fact(
            "Documents with an ETag",
            f"{counts.with_etag:,} of {counts.whole_reads:,}",
            f"Of the documents that are whole. {define('ETag')}",
        ),
        Fact("Requests with If-None-Match", units.count(counts.conditional_reads), define("If-None-Match")),
        Fact(
            "Answered 304",
            f"{counts.not_modified:,} of {counts.could_have_been:,} that could have been",
            "A 304 was possible when the server took the reader's copy as current. The answers for an old version are "
            "among them.",
        ),
        Fact("Document sent again in vain", units.count(counts.same_version_sent), _VAIN_DEFINITION),
        Fact(
            "Document had changed",
            units.count(counts.changed),
            "Conditional requests answered with a 200 and another version than was sent.",
        ),
        Fact("304 for an old version", units.count(counts.stale_not_modified), _STALE_304),
        Fact("304 that nobody asked for", units.count(counts.unasked), "A 304 to a request without If-None-Match."),
        Fact("304 with a body", units.count(counts.with_body), "A 304 must not carry a document."),
    )


def _saved_definition(summary: Summary) -> str:
    wrongly = summary.conditional.bytes_saved_wrongly
    text = "Bytes that 200s in place of the 304s would have sent."
    return f"{text} {units.size(wrongly)} of them should have been sent: those 304s were stale." if wrongly else text


_STALE_304 = "A 304 that told a reader that an outdated copy was current: a stale read, judged under “Old versions”."
_VAIN_DEFINITION = "A conditional request answered with a 200 and the very version that the reader held."
