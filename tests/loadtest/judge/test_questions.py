"""The four questions: the worst verdict of their checks, the number, the sentence; and checks that crash."""

import pytest
from history_language import history, padding

from loadtest.judge.analyse import summarise
from loadtest.judge.checks.promise import Promise
from loadtest.judge.checks.registry import CHECKS, run_checks
from loadtest.run.history.history import History
from loadtest.run.records import Verdict
from loadtest.summary.findings import CheckResult, Question, worst
from loadtest.summary.summary import Summary

ENOUGH = padding(10_000, 3, reads=300)


def question(text: str, name: str, **settings: float) -> Question:
    return next(one for one in summarise(history(text, **settings)).questions if one.id == name)


def test_their_order_and_what_they_rest_on() -> None:
    summary = summarise(history(padding(0, 1)))
    assert [one.id for one in summary.questions] == ["impact", "whole", "freshness", "conditional"]
    known = {check.id for check in summary.checks}
    assert all(one.checks and set(one.checks) <= known for one in summary.questions)
    assert [check.id for check in summary.checks] == [promise.id for promise, _ in CHECKS]


def test_the_overall_verdict_is_the_worst_of_all_checks() -> None:
    assert summarise(history(f"w1[0 10] w2[20 30] r1[31 40] {ENOUGH}")).verdict is Verdict.FAIL
    assert summarise(history(padding(0, 1, reads=400))).verdict is Verdict.INCONCLUSIVE  # no windows


def test_an_answer_fails_with_any_of_its_checks() -> None:
    back = question(f"w1[0 10] w2[20 9000] a:r2[30 40] a:r1[41 50] {ENOUGH}", "freshness")
    assert back.verdict is Verdict.FAIL
    assert "went back in time" in back.sentence
    assert "not atomic" in back.sentence
    phantom = question(f"w1[0 10] w2[20 30] r99[31 40] {ENOUGH}", "freshness")
    assert phantom.verdict is Verdict.FAIL
    assert "cannot have been there" in phantom.sentence
    assert "None of" in phantom.sentence  # what the first check has to say is there too


def test_an_answer_that_passes_says_what_its_first_check_found() -> None:
    found = question(f"w1[0 10] w2[20 30] {ENOUGH}", "freshness")
    assert found.verdict is Verdict.PASS
    assert found.sentence.startswith("None of ")
    assert found.sentence.count("None of") == 1


def test_numbers() -> None:
    stale = question(f"w1[0 10] w2[20 30] r1[1000030 1000040] {padding(2_000_000, 3)}", "freshness")
    assert (stale.number.value, stale.number.unit, stale.number.text) == (1_000_000, "ns", "1.00 ms")
    fresh = question(f"w1[0 10] w2[20 30] {ENOUGH}", "freshness")
    assert fresh.number.text.startswith("none in ")
    torn = question("w1[0 10] r1[1 2] r1[3 4] r1[5 6] torn[7 8]", "whole")
    assert (torn.number.value, torn.number.text) == (0.25, "25.0 %")
    whole = question(f"w1[0 10] w2[20 30] {ENOUGH}", "whole")
    assert (whole.number.value, whole.number.text[:8]) == (0.0, "none in ")
    saved = question("w1[0 10] r1[1 2] n1[3 4] n1[5 6] n1[7 8]", "conditional")
    assert (saved.number.value, saved.number.text) == (0.75, "75.0 %")
    assert question("w1[0 10] r1[1 2]", "conditional").number.value is None
    impact = question("w1[0 10]", "impact")
    assert (impact.number.value, impact.number.unit) == (None, "ratio")
    assert question("r0[1 2]", "impact", write_interval=0).number.text.startswith("A/A control: ")


def test_nothing_read_answers_nothing() -> None:
    summary = summarise(history("w1[0 10]"))
    assert {one.verdict for one in summary.questions} == {Verdict.INCONCLUSIVE}
    assert summary.verdict is Verdict.INCONCLUSIVE
    assert question("w1[0 10]", "whole").number.value is None


def test_worst() -> None:
    everything = [Verdict.PASS, Verdict.INCONCLUSIVE, Verdict.FAIL]
    assert worst(everything) is Verdict.FAIL
    assert worst(everything[:2]) is Verdict.INCONCLUSIVE
    assert worst([Verdict.PASS]) is Verdict.PASS
    assert worst([]) is Verdict.INCONCLUSIVE


def crash(_: History) -> CheckResult:
    raise ZeroDivisionError("division by zero")


def test_a_check_that_crashes_is_inconclusive_and_the_others_run() -> None:
    broken = Promise("broken", "Broken", "It holds.")
    results = run_checks(history("w1[0 10]"), ((broken, crash), *CHECKS))
    assert (results[0].id, results[0].verdict) == ("broken", Verdict.INCONCLUSIVE)
    assert results[0].error == "ZeroDivisionError: division by zero"
    assert (results[0].title, results[0].guarantee) == ("Broken", "It holds.")
    assert (results[0].looked_at, results[0].found, results[0].numbers, results[0].witnesses) == (0, 0, (), ())
    assert results[0].sentence == ("This check broke off, so it says nothing about the run; please report its error.")
    assert [result.id for result in results[1:]] == [promise.id for promise, _ in CHECKS]
    assert all(not result.error for result in results[1:])


@pytest.mark.parametrize("promise", [promise for promise, _ in CHECKS], ids=lambda promise: promise.id)
def test_a_check_says_what_it_promises(promise: Promise) -> None:
    assert promise.guarantee.endswith(".")
    assert promise.title
    assert promise.id == promise.id.lower()


def test_a_result_carries_the_name_and_the_promise_of_its_check() -> None:
    for (promise, _), result in zip(CHECKS, run_checks(history("w1[0 10]")), strict=True):
        assert (result.id, result.title, result.guarantee) == (promise.id, promise.title, promise.guarantee)


def test_the_run_is_described() -> None:
    text = "w1[0 10] a:r1[20 30 worker=2] b:r1[40 50] b:not-sent[60 60 due=5 status=0] quiet0[0 9]"
    summary: Summary = summarise(history(text))
    run = summary.run
    assert (run.reads, run.writes, run.windows, run.workers, run.sessions) == (3, 2, 1, 2, 2)
    assert (run.duration_ns, run.id) == (40, "0123456789ab")
    assert run.settings["impact_tolerance"] == 1.25
    assert run.ended.reason == "not recorded"
    assert run.ended.at_ns is None
    assert summarise(history("w1[0 10]")).run.duration_ns == 0
