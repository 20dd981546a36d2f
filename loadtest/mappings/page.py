"""The page that compares mappings: what a probe and a load test showed of each, and what a site would transfer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape as escape_html
from typing import Final

from markdown_it import MarkdownIt

from loadtest import units
from loadtest.mappings.measured import SECONDS_A_DAY, MeasuredMapping, Site, transfer
from loadtest.probe.model import CaseVerdict, Report, Result
from loadtest.probe.render import conclusion
from loadtest.report.markdown_text import bold, code, escape, table, without_breaks
from loadtest.summary.speed import LatencyRow, Quantiles

_SHOWN_CASES: Final = (
    "etag-present",
    "if-none-match-current",
    "if-none-match-other",
    "if-modified-since-at",
    "browser",
    "browser-replaced",
    "head",
    "missing-object",
)


def markdown_page(measured: Sequence[MeasuredMapping], site: Site, made_with: str) -> str:
    parts = [
        "# The mappings, side by side",
        "Measured in the sandbox, a stand-in for AWS on one machine: what is honoured and what is counted follows from "
        "the mappings; latencies are the sandbox's, not AWS's.",
        f"Made with {code(made_with)}.",
        "## What is honoured",
        "The probe tries one request at a time; the tables of all its cases are in `probe.md` beside each run.",
        _table(measured, _honoured(measured)),
        "## Under load",
        _load_in_words(measured),
        _table(measured, _UNDER_LOAD),
        "## What the load test says",
        *(_sentences(one) for one in measured),
        "## What a site would transfer",
        _table(measured, _transfer_rows(site)),
        _formula(measured, site),
    ]
    return "\n\n".join(parts) + "\n"


def html_page(markdown: str) -> str:
    """The same page as HTML, in one file."""
    body = MarkdownIt("commonmark", {"html": False}).enable("table").render(without_breaks(markdown))
    title = escape_html(markdown.splitlines()[0].lstrip("# "))
    head = f"<meta charset=utf-8><title>{title}</title><style>{_STYLE}</style>"
    return f"<!doctype html>\n<html lang=en>{head}\n{body}</html>\n"


_STYLE: Final = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}"
    "table{border-collapse:collapse;margin:1rem 0}th,td{border:1px solid #8888;padding:.3rem .6rem;text-align:left;"
    "vertical-align:top}code{font-size:.9em}"
)
Row = tuple[str, Callable[[MeasuredMapping], str]]


def _table(measured: Sequence[MeasuredMapping], rows: Sequence[Row]) -> str:
    head = ["", *(code(one.mapping) for one in measured)]
    return table(head, ((name, *(show(one) for one in measured)) for name, show in rows))


def _honoured(measured: Sequence[MeasuredMapping]) -> list[Row]:
    def row(name: str) -> Row:
        expectation = measured[0].case(name).case.expectation
        return expectation, lambda one: _finding(one.case(name))

    return [(bold("Verdict of the probe"), lambda one: _counts(one.report)), *(row(name) for name in _SHOWN_CASES)]


def _finding(result: Result) -> str:
    return f"{result.finding.verdict}: {result.finding.came_back}"


def _counts(report: Report) -> str:
    verdicts = [result.finding.verdict for result in report.results]
    counts = ", ".join(f"{verdicts.count(verdict)} {verdict}" for verdict in CaseVerdict if verdict in verdicts)
    return f"{report.verdict()} ({counts})"


def _load_in_words(measured: Sequence[MeasuredMapping]) -> str:
    settings = measured[0].summary.run.settings
    rate = settings.get("arrival_rate")
    often = f"{rate:g} reads a second" if isinstance(rate, int | float) and rate else "as many reads as come through"
    share = settings.get("conditional_share")
    asked = units.share(float(share)) if isinstance(share, int | float) else "a share"
    return (
        f"The same load for each: {often} over {settings.get('users')} readers for "
        f"{units.seconds(measured[0].summary.run.duration_ns)}, a document of {measured[0].document_bytes():,} bytes "
        f"replaced every {settings.get('write_interval')} s in half of the windows. Readers send If-None-Match with "
        f"{asked} of their reads once they hold a document that came with an ETag. Response times run from when a "
        "read was due to its last byte, service times from when it was sent."
    )


def _share_of_304(one: MeasuredMapping) -> str:
    counted = one.summary.conditional
    return units.share(counted.not_modified / counted.conditional_reads) if counted.conditional_reads else units.NOTHING


def _times(quantiles: Quantiles) -> str:
    if not quantiles.count:
        return units.NOTHING
    return f"{units.duration(quantiles.p50_ns)}, {units.duration(quantiles.p99_ns)} ({quantiles.count:,} reads)"


def _service(one: MeasuredMapping, population: str) -> str:
    rows: tuple[LatencyRow, ...] = one.summary.latency.rows
    return next((_times(row.service) for row in rows if row.population == population), units.NOTHING)


_UNDER_LOAD: Final[tuple[Row, ...]] = (
    ("Reads", lambda one: units.count(one.summary.run.reads)),
    ("… that came with a whole document (200)", lambda one: units.count(one.summary.conditional.whole_reads)),
    ("… that carried an ETag", lambda one: units.count(one.summary.conditional.with_etag)),
    ("… that were answered 304", lambda one: units.count(one.summary.conditional.not_modified)),
    ("… that were cut short: 200 with an empty body", lambda one: units.count(one.outcome("truncated"))),
    (
        "Conditional reads answered 200 or 304 rightly",
        lambda one: units.count(one.summary.conditional.conditional_reads),
    ),
    ("… share of 304 among them", _share_of_304),
    ("Could have been 304 and was not", lambda one: units.count(one.summary.conditional.same_version_sent)),
    ("Bytes of bodies received", lambda one: units.size(one.summary.conditional.bytes_received)),
    ("Document bytes not sent thanks to 304", lambda one: units.size(one.summary.conditional.bytes_saved)),
    ("Response time of a 200: median, p99", lambda one: _times(one.summary.conditional.response_200)),
    ("Response time of a 304: median, p99", lambda one: _times(one.summary.conditional.response_304)),
    ("Service time of a 200: median, p99", lambda one: _service(one, "200")),
    ("Service time of a 304: median, p99", lambda one: _service(one, "304")),
)


def _sentences(one: MeasuredMapping) -> str:
    chosen = (one.question("whole"), one.question("conditional"))
    answers = "\n".join(
        f"- {escape(question.question)} **{question.verdict}.** {escape(question.sentence)}" for question in chosen
    )
    return f"**{code(one.mapping)}** ({conclusion(one.report).split(':')[0]} by the probe)\n\n{answers}"


def _transfer_rows(site: Site) -> list[Row]:
    return [
        ("Bytes of an answer with a changed document", lambda one: units.count(one.whole_answer())),
        ("Bytes of an answer while nothing has changed", lambda one: units.count(one.answer_to_a_current_reader())),
        (bold("Transferred in a day"), lambda one: units.size(transfer(one, site).bytes)),
        (
            "Answers in a day that leave a reader with an empty document",
            lambda one: units.count(round(transfer(one, site).unchanged)) if one.breaks_readers() else "0",
        ),
    ]


def _formula(measured: Sequence[MeasuredMapping], site: Site) -> str:
    polls = SECONDS_A_DAY / site.poll_s
    return (
        f"For {site.readers:,} readers, each asking every {site.poll_s:g} s, and a document of "
        f"{measured[0].document_bytes():,} bytes that changes {site.changes_per_day:g} times a day: each reader asks "
        f"86,400 / {site.poll_s:g} = {polls:,.0f} times a day and finds it changed min({polls:,.0f}, "
        f"{site.changes_per_day:g}) times.\n\n"
        "    bytes a day = readers * (changed * bytes of a whole answer\n"
        "                             + unchanged * bytes of the answer while nothing has changed)\n\n"
        "The bytes of an answer are its header section as the sandbox sends it, and its body; AWS adds some headers of "
        "its own, and TLS its framing. A reader holds what it got last and validates it each time, as a browser does."
    )
