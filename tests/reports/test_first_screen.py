"""The first screen: milliseconds and verdicts, each figure once; what is rarely read is folded away, and printed."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
import report_summaries
from hypothesis import given
from hypothesis import strategies as st

from loadtest.report import write_reports
from loadtest.report.first_screen import answer, speeds
from loadtest.report.page import page
from loadtest.run.records import Verdict
from loadtest.summary.findings import Number, Question
from loadtest.summary.generator import PausedQuantile


def first_screen(html: str) -> str:
    return html[html.index("<main>") : html.index("<nav")]


def question(verdict: Verdict, number: str, sentence: str) -> Question:
    return Question("impact", "Slow?", verdict, Number("the number", 1.0, "ratio", number), sentence, ())


def test_speaks_milliseconds_and_reads_per_second_beside_the_verdicts(pages: dict[str, str]) -> None:
    shown = first_screen(pages["passing"])
    big = re.findall(r'<dt>.*?>([^<]+)</abbr></dt><dd class="big">([^<]+)</dd>', shown)
    assert big == [("p50", "3.02 ms"), ("p95", "7.44 ms"), ("p99", "9.81 ms"), ("reads/s", "100/s")]
    assert shown.index("7.44 ms") < shown.index("Do writes slow reads down?")


@pytest.mark.parametrize("name", ["passing", "failing", "inconclusive", "without-windows"])
def test_the_sentence_of_an_answer_is_shown_once(pages: dict[str, str], name: str) -> None:
    """On its card, or at the head of its section where the card's number says enough; never in neither."""
    for asked in report_summaries.ALL[name]().questions:
        section = pages[name][pages[name].index(f'<section id="{asked.id}">') :].partition("</section>")[0]
        heading = section.partition('class="muted"')[0]
        assert (asked.sentence in first_screen(pages[name])) != (asked.sentence in heading)


def test_a_pass_whose_sentence_repeats_its_number_keeps_the_sentence_for_its_section() -> None:
    told = answer(
        question(
            Verdict.PASS, "1.03x (95 % interval 0.98x to 1.15x)", "It is 1.03x, within 1.25x. What lasts is not seen."
        )
    )
    assert (told.number, told.rest) == ("1.03x", "(95 % interval 0.98x to 1.15x)")
    assert told.sentence == "What lasts is not seen."  # a caveat is never left for later
    told = answer(question(Verdict.PASS, "46.2 %", "All 8,270 were answered 304."))
    assert (told.number, told.sentence) == ("46.2 %", "All 8,270 were answered 304.")


@pytest.mark.parametrize("verdict", [Verdict.FAIL, Verdict.INCONCLUSIVE])
def test_what_did_not_pass_says_why_on_its_card(verdict: Verdict) -> None:
    told = answer(question(verdict, "1.65x (95 % interval 1.5x to 1.8x)", "It is 1.65x, more than 1.25x."))
    assert (told.number, told.figure, told.sentence) == ("", "1.65x", "It is 1.65x, more than 1.25x.")
    told = answer(question(verdict, "not measured", "Only 3 pairs of windows: let it run longer."))
    assert (told.number, told.sentence) == ("not measured", "Only 3 pairs of windows: let it run longer.")


@given(st.sampled_from(Verdict), st.text(), st.text())
def test_whatever_an_answer_says_its_card_tells_a_number_or_a_sentence(
    verdict: Verdict, number: str, sentence: str
) -> None:
    told = answer(question(verdict, number, sentence))
    assert told.sentence == sentence or verdict is Verdict.PASS
    assert told.number or told.sentence or not (number.partition(" (")[0] and sentence)
    assert told.figure in told.sentence


def test_a_figure_that_is_the_load_generators_own_is_marked_here_too() -> None:
    summary = report_summaries.passing()
    paused = (PausedQuantile("all", "response", "p95"), PausedQuantile("all", "service", "p50"))
    marked = replace(summary, generator=replace(summary.generator, paused_quantiles=paused))
    assert [speed.name for speed in speeds(marked) if "†" in speed.text] == ["p95"]


def test_what_was_not_measured_is_no_zero() -> None:
    assert {speed.text for speed in speeds(report_summaries.empty())} == {"not measured"}
    summary = report_summaries.passing()
    few = tuple(replace(row, response=replace(row.response, p99_ns=None)) for row in summary.latency.rows)
    told = speeds(replace(summary, latency=replace(summary.latency, rows=few)))[2]
    assert (told.text, told.beside) == ("not measured", "too few reads for it")


def opened(html: str) -> str:
    """The page without what is folded away (and what is no text)."""
    html = re.sub(r"<(script|style)\b.*?</\1>", "", html, flags=re.DOTALL)
    while "<details>" in html:
        html = re.sub(r'<details(?: class="long")?>(?:(?!<details).)*?</details>', "", html, flags=re.DOTALL)
    return html


@pytest.mark.parametrize("name", ["passing", "failing"])
def test_less_than_half_of_the_words_are_open_and_what_did_not_pass_is_among_them(
    pages: dict[str, str], name: str
) -> None:
    def words(html: str) -> int:
        return len(re.sub(r"<[^>]*>", " ", html).split())

    shown = opened(pages[name])
    whole = re.sub(r"<(script|style)\b.*?</\1>", "", pages[name], flags=re.DOTALL)
    assert words(shown) < words(whole) / 2
    for check in report_summaries.ALL[name]().checks:
        if check.verdict is not Verdict.PASS:
            assert f'id="check-{check.id}"' in shown
    assert "<details open>" in shown or not any(
        limit.verdict is not Verdict.PASS for limit in report_summaries.ALL[name]().thresholds
    )


def test_every_check_and_every_word_can_be_linked_to(pages: dict[str, str]) -> None:
    for html in pages.values():
        wanted = set(re.findall(r'href="#([^"]+)"', html))
        assert wanted <= set(re.findall(r'\bid="([^"]+)"', html))


def test_links_lead_to_the_files_that_are_there_and_to_no_others(tmp_path: Path) -> None:
    (tmp_path / "reads.parquet").write_bytes(b"")
    write_reports(report_summaries.passing(), tmp_path)
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert re.findall(r'href="([^#"][^"]*)"', html) == ["summary.json", "reads.parquet"]
    assert not re.findall(r'href="([^#"][^"]*)"', page(report_summaries.passing()))
