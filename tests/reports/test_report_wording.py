"""Words and diagrams: definitions, harmless text, and where the operations of a witness are drawn."""

import unicodedata
from dataclasses import replace

import pytest
import report_summaries
from hypothesis import given
from hypothesis import strategies as st

from loadtest.cleaned import clean
from loadtest.report.definitions import DEFINITIONS, OUTCOMES, define, explain
from loadtest.report.operations import operation_times
from loadtest.report.witness_diagram import diagram
from loadtest.report.wording import headline, notes, text_of
from loadtest.run.history.looks import LookMade, RunLooks
from loadtest.run.records import ReadOutcome, Verdict, WriteOutcome
from loadtest.summary.findings import Operation, Witness

MS = report_summaries.MS


def read(called: int, returned: int | None) -> Operation:
    return Operation("read", 1, called, returned, "0/1", 200, "whole", -1, -1, "")


def drawn(*spans: tuple[int, int | None]) -> list[tuple[float, float]]:
    witness = Witness("why", "the start", 0, tuple(read(called, returned) for called, returned in spans))
    return [(bar.left, bar.width) for bar in diagram(witness).bars]


def test_every_outcome_is_explained() -> None:
    names = {outcome.name.lower().replace("_", "-") for outcome in (*ReadOutcome, *WriteOutcome)}
    assert names == set(OUTCOMES)


def test_longest_defined_term_explains_a_number() -> None:
    assert explain("something else") == ""
    assert explain("reads, p99.9") == define("p99.9")
    assert explain("torn bodies") == define("torn")
    assert explain("reads started late, p99") != define("p99")  # the whole expression, not its last word
    with pytest.raises(KeyError):
        define("something else")


@given(st.text())
def test_clean_text_holds_no_control_and_no_surrogate(text: str) -> None:
    cleaned = clean(text)
    assert not any(ord(character) < 32 or 0x7F <= ord(character) < 0xA0 for character in cleaned)
    cleaned.encode("utf-8")
    assert clean(cleaned) == cleaned


EDGES = "\x00\x1b\x7f\x85\x9f\xa0\ud800\udfff\ufffd\ufffe\uffff\u2029\u202a\u202e\u202f\u2066\u2069\u206a"


@given(st.text(st.characters() | st.sampled_from(EDGES)))
def test_clean_text_is_the_text_without_what_steers(text: str) -> None:
    spaced = text.replace("\r\n", " ").translate(dict.fromkeys(map(ord, "\r\n\t"), " "))
    steers = "\ufffe\uffff\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    assert clean(text) == "".join(
        "\ufffd" if unicodedata.category(each) in ("Cc", "Cs") or each in steers else each for each in spaced
    )


def test_headline_counts_and_names_what_did_not_pass() -> None:
    summary = report_summaries.passing()
    assert headline(summary) == "All four questions pass in the sandbox."
    real = replace(summary, run=replace(summary.run, target={"kind": "aws"}))
    assert headline(real) == "All four questions pass."
    mixed = replace(summary, questions=report_summaries.questions(whole=Verdict.FAIL, conditional=Verdict.INCONCLUSIVE))
    assert headline(mixed) == (
        "1 of 4 questions fails: whole documents. 1 is undecided: ETag and 304. 2 pass in the sandbox."
    )
    assert headline(report_summaries.empty()) == "All four questions are undecided."


def test_a_check_that_no_question_rests_on_shows_in_the_headline() -> None:
    summary = report_summaries.passing()
    checks = tuple(
        replace(check, verdict=Verdict.FAIL) if check.id == "availability" else check for check in summary.checks
    )
    assert headline(replace(summary, checks=checks)).endswith("Beside them, 1 check or threshold did not pass.")


def test_notes_say_what_limits_the_run() -> None:
    assert [note.split()[1] for note in notes(report_summaries.passing())] == ["target"]
    text = " ".join(notes(report_summaries.inconclusive()))
    assert "recovered" in text
    assert "control" in text
    assert "Too little to tell whether the load generator was fast enough." in text


def test_a_run_that_a_look_ended_says_so_at_the_top() -> None:
    run = report_summaries.passing()
    reason = RunLooks(planned=8, pairs=20, made=[LookMade(number=3, until_ns=1, pairs=9, undecided=[])]).said
    ended = replace(run, run=replace(run.run, ended=replace(run.run.ended, reason=reason)))
    assert any(note.startswith("The run ended early, decided after 1 of 8 looks") for note in notes(ended))
    assert not any("looks" in note for note in notes(run))


def test_settings_as_text() -> None:
    assert text_of({"a": [1, None], "b": True}) == "a: 1, none, b: yes"
    assert text_of([]) == "none"


def test_times_of_an_operation() -> None:
    assert operation_times(read(-5 * MS, 0)) == "at -5.00 ms, took 5.00 ms"
    assert operation_times(read(5 * MS, None)) == "at 5.00 ms, never returned"
    elsewhere = replace(read(-6 * MS, 1 * MS), widening_ns=2 * MS)
    assert operation_times(elsewhere) == "at -6.00 ms (its clock is known to 2.00 ms), took 5.00 ms"


def test_bars_follow_time_and_stay_inside() -> None:
    bars = drawn((0, 10 * MS), (5 * MS, 20 * MS), (20 * MS, 40 * MS))
    lefts = [left for left, _ in bars]
    assert lefts == sorted(lefts)
    assert bars[2][0] == pytest.approx(bars[1][0] + bars[1][1], abs=0.02)
    assert all(left + width <= 100 for left, width in bars)


def test_long_idle_time_is_cut_out_and_labelled() -> None:
    witness = Witness("why", "the start", 0, (read(0, 5 * MS), read(5_000 * MS, 5_004 * MS)))
    placed = diagram(witness)
    assert [gap.text for gap in placed.gaps] == ["5.00 s"]
    first, second = placed.bars
    assert first.left + first.width < placed.gaps[0].middle < second.left
    assert second.width > 20  # 4 of the 9 ms that are drawn


def test_an_open_interval_runs_to_the_edge() -> None:
    witness = Witness("why", "the start", 0, (read(0, 5 * MS), read(4 * MS, None)))
    bar = diagram(witness).bars[1]
    assert bar.open_ended
    assert bar.left + bar.width == pytest.approx(100)


@given(
    st.lists(
        st.tuples(st.integers(-(10**15), 10**15), st.one_of(st.none(), st.integers(0, 10**15))), min_size=0, max_size=4
    )
)
def test_any_witness_can_be_placed(spans: list[tuple[int, int | None]]) -> None:
    for left, width in drawn(*((called, None if took is None else called + took) for called, took in spans)):
        assert 0 <= left <= 100
        assert 0 < width <= 100


def test_definitions_are_sentences() -> None:
    assert all(text.endswith(".") for text in (*DEFINITIONS.values(), *OUTCOMES.values()))
