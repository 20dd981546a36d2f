"""What was measured of a mapping, whether it is as that mapping is known to be, and what a site would transfer with it.

Pure functions; bytes of header sections are counted from the probe's answers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from loadtest.probe.model import Exchange, Report, Result
from loadtest.run.records import Verdict
from loadtest.summary.findings import Question
from loadtest.summary.summary import Summary

SECONDS_A_DAY: Final = 86_400
_STATUS_LINE: Final = len("HTTP/1.1 304 Not Modified\r\n\r\n")


@dataclass(frozen=True)
class Site:
    """A site whose readers poll. ``changes_per_day`` is how often the document changes."""

    readers: int
    poll_s: float
    changes_per_day: float


@dataclass(frozen=True)
class MeasuredMapping:
    """One mapping: what the probe showed, and what the load test measured."""

    mapping: str
    report: Report
    summary: Summary

    def case(self, name: str) -> Result:
        return next(result for result in self.report.results if result.case.name == name)

    def question(self, name: str) -> Question:
        return next(question for question in self.summary.questions if question.id == name)

    def outcome(self, name: str) -> int:
        """How many reads ended in one way."""
        return sum(counted.count for counted in self.summary.availability.read_outcomes if counted.outcome == name)

    def document_bytes(self) -> int:
        size = self.summary.run.settings["payload_bytes"]
        return size if isinstance(size, int) else 0

    def whole_answer(self) -> int:
        """Bytes of a 200 with the whole document, its header section included."""
        return _head_bytes(self.case("etag-present").exchanges[0]) + self.document_bytes()

    def answer_to_a_current_reader(self) -> int:
        """Bytes that a reader gets who validates what it holds while that is current; all of it without an ETag."""
        asked = self.case("if-none-match-current").exchanges
        if not asked or asked[0].body_bytes:
            return self.whole_answer()
        return _head_bytes(asked[0])

    def breaks_readers(self) -> bool:
        """Whether a reader whose document is current gets an empty one instead."""
        asked = self.case("if-none-match-current").exchanges
        return bool(asked) and asked[0].status == 200 and asked[0].body_bytes == 0


@dataclass(frozen=True)
class Transfer:
    """What a site transfers in a day. ``changed`` and ``unchanged`` count answers."""

    changed: float
    unchanged: float
    bytes: float


def transfer(measured: MeasuredMapping, site: Site) -> Transfer:
    """Answers and bytes a day: a changed document comes whole, an unchanged one as that mapping answers it."""
    polls = SECONDS_A_DAY / site.poll_s
    changed = site.readers * min(polls, site.changes_per_day)
    unchanged = site.readers * polls - changed
    volume = changed * measured.whole_answer() + unchanged * measured.answer_to_a_current_reader()
    return Transfer(changed, unchanged, volume)


def _head_bytes(exchange: Exchange) -> int:
    return _STATUS_LINE + sum(len(name) + len(value) + len(": \r\n") for name, value in exchange.headers)


def unlike_expected(measured: Mapping[str, MeasuredMapping]) -> list[str]:
    """Sentences about mappings that do not behave as they are known to."""
    expected: tuple[tuple[str, str, Callable[[MeasuredMapping], bool]], ...] = (
        ("conditional", "the probe does not pass", lambda one: one.report.verdict() is Verdict.PASS),
        (
            "conditional",
            "the load test does not find ETag honoured",
            lambda one: one.question("conditional").verdict is Verdict.PASS,
        ),
        ("original", "the probe finds no fault", lambda one: one.report.verdict() is Verdict.FAIL),
        ("original", "there are 304 answers", lambda one: one.summary.conditional.not_modified == 0),
        ("half", "the probe finds no fault", lambda one: one.report.verdict() is Verdict.FAIL),
        ("half", "the probe sees no empty 200", MeasuredMapping.breaks_readers),
        ("half", "the load test catches no truncated read", lambda one: one.outcome("truncated") > 0),
        ("half", "the load test finds reads whole", lambda one: one.question("whole").verdict is Verdict.FAIL),
    )
    return [
        f"with mapping {mapping} {surprise}."
        for mapping, surprise, holds in expected
        if mapping in measured and not holds(measured[mapping])
    ]
