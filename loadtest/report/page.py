"""``report.html``: one page that holds everything it needs, charts and their script included; it loads nothing.

Its Content-Security-Policy forbids all network access and allows only the two scripts whose hashes it names, so text
that came from a target can neither load nor run anything.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from loadtest import units
from loadtest.cleaned import clean
from loadtest.report import (
    charts_latency,
    charts_slowdown,
    charts_versions,
    check_limits,
    first_screen,
    tables_latency,
    tables_run,
    tables_slowdown,
    tables_versions,
    tables_windows,
    wording,
)
from loadtest.report.chart_script import library
from loadtest.report.chart_style import Chart
from loadtest.report.definitions import GLOSSARY, explain, split_terms, term_in, word_id
from loadtest.report.table import Fact, Table
from loadtest.report.tables_parts import part_tables
from loadtest.report.witness_diagram import diagram
from loadtest.run.records import Verdict
from loadtest.summary.findings import CheckResult, Question
from loadtest.summary.summary import Summary

_FOLDER: Final = Path(__file__).with_name("page")


@dataclass(frozen=True)
class Section:
    """The evidence for one question."""

    question: Question
    topic: wording.Topic
    checks: tuple[CheckResult, ...]
    facts: tuple[Fact, ...]
    charts: tuple[Chart, ...]
    folded_charts: tuple[Chart, ...]
    folded: tuple[Table, ...]
    anchors: frozenset[str]  # checks that are first shown here; others refer to them


def page(summary: Summary, files: Sequence[str] = ()) -> str:
    """The whole page, with links to the ``files`` that lie beside it."""
    sections = tuple(_section(summary, place) for place in range(len(summary.questions)))
    trouble = charts_versions.trouble_over_time(summary)
    charts = [chart for section in sections for chart in (*section.charts, *section.folded_charts)] + [trouble]
    return template().render(
        summary=summary,
        files=files,
        speeds=first_screen.speeds(summary),
        sections=sections,
        trouble=trouble,
        specs=[chart for chart in charts if chart.spec],
        outcomes=tables_run.outcome_table(summary),
        bases=tables_run.bases_table(summary),
        parts=part_tables(summary),
        availability=tables_run.availability_facts(summary),
        generator=tables_run.generator_table(summary),
        generator_facts=tables_run.generator_facts(summary),
        settings=tables_run.settings_tables(summary),
        definitions=GLOSSARY,
        **assets(),
    )


def template() -> Template:
    """That of the page, compiled once."""
    return page_environment().get_template("report.html")


def assets() -> dict[str, Any]:
    """The parts that a page would otherwise load: its style and scripts, and the hashes that its policy allows."""
    scripts = {"library": library(), "own": (_FOLDER / "report.js").read_text(encoding="utf-8")}
    return {
        "style": Markup((_FOLDER / "report.css").read_text(encoding="utf-8")),  # noqa: S704 - this project's own file
        "scripts": {name: Markup(text) for name, text in scripts.items()},  # noqa: S704 - this project's and Vega's
        "hashes": [_hash(text) for text in scripts.values()],
    }


def _section(summary: Summary, place: int) -> Section:
    question, before = summary.questions[place], summary.questions[:place]
    topic = next(topic for topic in wording.TOPICS if topic.id == question.id)
    facts: tuple[Fact, ...] = ()
    charts: tuple[Chart, ...] = ()
    cause: tuple[Chart, ...] = ()
    folded: tuple[Table, ...] = ()
    if question.id == "impact":
        charts = (charts_slowdown.slowdown(summary), charts_latency.latency_over_time(summary))
        cause = (
            charts_slowdown.after_put(summary),
            charts_latency.distribution(summary),
            charts_slowdown.slowdown_during_put(summary),
            charts_slowdown.since_put(summary),
        )
        if _left_behind(summary):
            charts, cause = (*charts, cause[0]), cause[1:]
        like = (tables_slowdown.kinds_table(summary), tables_slowdown.after_table(summary))
        folded = (*tables_latency.latency_tables(summary), *tables_slowdown.impact_tables(summary), *like)
        folded += (tables_windows.windows_table(summary),)
    elif question.id == "freshness":
        facts = tables_versions.consistency_facts(summary)
        charts = (charts_versions.consistency_timeline(summary),)
        cause = (charts_versions.visibility(summary),)
        folded = (tables_versions.visibility_table(summary), tables_versions.k_staleness_table(summary))
    elif question.id == "conditional":
        facts = tables_versions.conditional_facts(summary)
        cause = (charts_versions.answers_over_time(summary),)
    return Section(
        question=question,
        topic=topic,
        checks=tuple(wording.worst_first(wording.checks_of(summary, question))),
        facts=facts,
        charts=charts,
        folded_charts=cause,
        folded=folded,
        anchors=frozenset(question.checks) - {name for earlier in before for name in earlier.checks},
    )


def _left_behind(summary: Summary) -> bool:
    """Whether what PUTs leave behind counts for the answer, or may."""
    impact = summary.impact
    lags = impact.after.lags if impact.after else ()
    return impact.basis == "rests" or any(lag.verdict is not Verdict.PASS for lag in lags)


def _finalized(value: object) -> object:
    """Text that goes into the page, without control characters; markup stays as it is."""
    return clean(value) if isinstance(value, str) and not isinstance(value, Markup) else value


@cache
def page_environment(*folders: Path) -> Environment:
    """Templates of ``folders`` and of this report, with the functions that they may call."""
    environment = Environment(
        loader=FileSystemLoader([*folders, _FOLDER]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalized,
    )
    environment.globals.update(
        about=wording.about,
        answer_to=first_screen.answer,
        counted=units.counted,
        diagram=diagram,
        explain=explain,
        headline=wording.headline,
        lead=wording.lead,
        meaning=wording.VERDICT_MEANING,
        notes=wording.notes,
        limits=check_limits,
        other_checks=wording.other_checks,
        share=units.share,
        signs=wording.SIGNS,
        size=units.size,
        split_terms=split_terms,
        term_in=term_in,
        where=wording.where,
        word_id=word_id,
    )
    return environment


def _hash(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
