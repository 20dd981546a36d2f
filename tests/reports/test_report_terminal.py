"""The end of a run on a terminal: plain lines in a file, colour on a terminal, and where the report is."""

import io
import re
from pathlib import Path

import pytest
import report_summaries

from loadtest.cleaned import clean
from loadtest.report.terminal import print_answers
from loadtest.summary.summary import Summary

WRITTEN = tuple(Path("runs/x") / name for name in ("summary.json", "report.md", "report.html", "junit.xml"))


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


def printed(summary: Summary, stream: io.StringIO | None = None) -> str:
    stream = stream or io.StringIO()
    print_answers(summary, WRITTEN, stream)
    return stream.getvalue()


def test_plain_lines_when_it_is_no_terminal(any_summary: Summary, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    text = printed(any_summary)
    assert "\x1b" not in text
    assert all(line == line.rstrip() for line in text.splitlines())
    for question in any_summary.questions:
        assert clean(question.sentence) in text  # on one line, however long


def test_says_the_four_answers_and_where_the_report_is() -> None:
    text = printed(report_summaries.passing())
    lines = [line.strip() for line in text.splitlines()]
    assert "✓ PASS          All four questions pass in the sandbox." in lines
    assert "✓ PASS          Is every read whole?" in lines
    assert "share of documents that are not whole: at 95 % confidence below 0.0750 %, or 1 in 1,333" in lines
    assert "The answer to whole." in lines
    assert "Report: runs/x/report.html" in lines
    assert "beside it: summary.json, report.md, junit.xml" in lines
    assert "did not pass" not in text


def test_says_what_did_not_pass_with_a_witness() -> None:
    text = printed(report_summaries.failing())
    assert "✗ FAIL          Fresh reads: 1,332 reads of 5,800 were stale." in text
    assert text.count("was given version 6") == 1
    assert "✗ FAIL          p99 < 5ms: p99 was 9.81 ms, not below 5 ms." in text
    assert "Whole bodies" not in text


def test_colour_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    assert "\x1b[1;31m" in printed(report_summaries.failing(), Terminal())


def test_on_a_narrow_terminal_text_wraps_beside_the_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    lines = re.sub(r"\x1b\[[0-9;]*m", "", printed(report_summaries.failing(), Terminal())).splitlines()
    assert max(map(len, lines)) <= 60
    first = next(place for place, line in enumerate(lines) if "simulator" in line)
    assert all(line.startswith(" " * 16) for line in lines[first : first + 3])


def test_text_from_outside_cannot_steer_the_terminal() -> None:
    text = printed(report_summaries.hostile())
    assert "\x1b" not in text
    assert "\x00" not in text
    assert "[31m" in text  # shown, not obeyed


def test_a_terminal_without_unicode_gets_the_words() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    print_answers(report_summaries.failing(), WRITTEN, stream)
    stream.flush()
    assert b"FAIL          p99 < 5ms" in raw.getvalue()
