"""The first screen of the page: how fast reads were, and the four answers, each figure once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from loadtest import units
from loadtest.report.definitions import define
from loadtest.report.table import QUANTILE_COLUMNS, quantile_cells
from loadtest.run.records import Verdict
from loadtest.summary.findings import Question
from loadtest.summary.speed import LatencyRow
from loadtest.summary.summary import Summary

_QUANTILES: Final = ("p50", "p95", "p99")


@dataclass(frozen=True)
class Speed:
    """One figure of speed: that of all reads, and beside it those while quiet and while writing."""

    name: str
    text: str
    beside: str
    definition: str


def speeds(summary: Summary) -> tuple[Speed, ...]:
    """p50, p95 and p99 of the response time of all reads, with those while quiet and while writing, and reads/s."""
    rows = {row.population: row for row in summary.latency.rows if row.response.count}
    cells: dict[str, dict[str, str]] = {
        name: _cells(summary, row) for name, row in rows.items() if name in ("all", "quiet", "writing")
    }
    wanted = summary.availability.wanted_reads_per_second
    return (
        *(
            Speed(name, cells["all"][name] if cells.get("all") else units.NOTHING, _beside(cells, name), define(name))
            for name in _QUANTILES
        ),
        Speed(
            "reads/s",
            units.rate(summary.availability.reads_per_second),
            "as fast as they were answered" if wanted is None else f"wanted {units.rate(wanted)}",
            "Reads per second over the whole run.",
        ),
    )


def _cells(summary: Summary, row: LatencyRow) -> dict[str, str]:
    marked = {
        one.quantile
        for one in summary.generator.paused_quantiles
        if (one.population, one.time) == (row.population, "response")
    }
    titles = (column.title for column in QUANTILE_COLUMNS)
    return dict(zip(titles, quantile_cells(row.response, marked), strict=True))


def _beside(cells: Mapping[str, Mapping[str, str]], quantile: str) -> str:
    if not cells.get("all"):
        return "no read succeeded"
    if cells["all"][quantile] == units.NOTHING:
        return "too few reads for it"
    return ", ".join(f"{cells[kind][quantile]} while {kind}" for kind in ("quiet", "writing") if kind in cells)


@dataclass(frozen=True)
class Answer:
    """The card of a question. A number that the sentence holds is not repeated."""

    number: str  # "" when the sentence has it
    rest: str
    name: str
    sentence: str  # of a PASS only the parts with other figures than its number; the question's section has all of it
    figure: str = ""  # the part of the sentence that is set in bold


def answer(question: Question) -> Answer:
    """The card of ``question``: a PASS shows its number, all else the sentence that says why."""
    number, _, rest = question.number.text.partition(" (")
    rest = f"({rest}" if rest else ""
    sentence, in_sentence = question.sentence, _figures(question.sentence)
    if question.verdict is Verdict.PASS:
        in_number = _figures(question.number.text)
        other = [part for part in _SENTENCE_END.split(sentence) if not _figures(part) & in_number]
        return Answer(number, rest, question.number.name, " ".join(other))
    if number in sentence or (_figures(number) and _figures(number) <= in_sentence):
        return Answer("", "", "", sentence, number if number in sentence else "")
    return Answer(number, "" if in_sentence & _figures(rest) else rest, question.number.name, sentence)


_SENTENCE_END: Final = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")


def _figures(text: str) -> set[str]:
    return set(re.findall(r"\d[\d,]*(?:\.\d+)?", text))
