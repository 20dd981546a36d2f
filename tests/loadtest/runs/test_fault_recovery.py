"""Each fault at one of its sizes: the report recovers it, and names it. The whole table: ``make bench``."""

import os
import re
from collections.abc import Callable
from functools import cache

import pytest
from fault_companies import COMPANIES, Company, Injected, run_with
from locust_process import BASE_INSTALL, Start, assert_answered
from warm_locust import WarmLocust, arguments_of

from benchmarks.fault_cases import CASES, constant_lag
from benchmarks.fault_recovery import NEVER_FAIL_WITHOUT_A_FAULT, chosen_rows, rows, verdicts
from loadtest.report.page import page
from loadtest.run.files import SUMMARY_FILE
from loadtest.run.records import Verdict
from loadtest.sandbox.faults.registry import BY_NAME
from loadtest.sandbox.process import RunningSandbox
from loadtest.summary.summary import Summary, read_summary

LATENCY = {"latency"}
"""Has a table of its own (``benchmarks.latency_recovery``)."""
FOREIGN = next(company for company in COMPANIES if company.name == "frozen")


def test_every_fault_is_recovered_at_three_sizes() -> None:
    sizes: dict[str, set[str]] = {}
    for row in rows():
        if row is not None:
            sizes.setdefault(row[0].fault, set()).add(row[1].value)
    assert sizes.keys() == BY_NAME.keys() - LATENCY
    assert {fault for fault, of in sizes.items() if len(of) < 3} == set()


def test_pieces_of_the_table_make_the_whole_of_it() -> None:
    pieces = [chosen_rows(["--rows", str(first), "30"]) for first in range(1, 1 + len(rows()), 30)]
    assert [row for piece, _ in pieces for row in piece] == rows()
    assert [head for _, head in pieces] == [True, False, False, False]
    assert chosen_rows(["none"]) == ([None], True)
    assert [row[1].value for row in chosen_rows(["torn"])[0]] == ["1%", "5%", "20%"]


def test_every_fault_is_injected_into_one_of_these_runs_at_its_largest_size() -> None:
    injected = [(each.fault, each.value) for company in COMPANIES for each in company.faults]
    assert sorted(injected) == sorted((case.fault, case.sizes[-1].value) for case in CASES)


@pytest.fixture(scope="session")
def judged(
    shared_sandbox: RunningSandbox, warm_locust: WarmLocust, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Company], Summary]:
    """The summary of the one run that a company of faults has."""

    environment = {**os.environ, "PYTHONPATH": str(BASE_INSTALL)}

    @cache
    def made(company: Company) -> Summary:
        folder = tmp_path_factory.mktemp("faults")
        summary = run_with(
            *(company, shared_sandbox, folder),
            lambda command: warm_locust.start(arguments_of(command), folder, environment),
        )
        assert page(summary)
        return summary

    return made


def in_one_process(company: Company) -> pytest.MarkDecorator:
    """What is asked of one run is asked where it was made."""
    return pytest.mark.xdist_group(f"faults: {company.name}")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("company", "injected"),
    [
        pytest.param(company, each, id=each.fault, marks=in_one_process(company))
        for company in COMPANIES
        for each in company.faults
    ],
)
def test_the_injected_size_is_recovered(
    judged: Callable[[Company], Summary], company: Company, injected: Injected
) -> None:
    summary = judged(company)
    assert injected.is_recovered(summary), (injected.case.measure(summary), verdicts(summary))


@pytest.mark.slow
@in_one_process(FOREIGN)
def test_somebody_else_who_writes_is_named(judged: Callable[[Company], Summary]) -> None:
    summary = judged(FOREIGN)
    assert summary.verdict is not Verdict.PASS
    (assumptions,) = (check for check in summary.checks if check.id == "assumptions")
    assert assumptions.verdict is not Verdict.PASS
    assert "somebody else" in assumptions.sentence.lower()
    (freshness,) = (question for question in summary.questions if question.id == "freshness")
    assert freshness.verdict is Verdict.INCONCLUSIVE


@pytest.mark.slow
def test_without_a_fault_nothing_is_reported_and_a_pipe_gets_plain_lines(sandbox: RunningSandbox, start: Start) -> None:
    run = start(sandbox.outputs_path, run_time="6s").wait()
    assert_answered(run)
    summary = read_summary(run.run_dir / SUMMARY_FILE)
    found = verdicts(summary)
    assert {check: found[check] for check in NEVER_FAIL_WITHOUT_A_FAULT} == dict.fromkeys(
        NEVER_FAIL_WITHOUT_A_FAULT, Verdict.PASS
    )
    assert constant_lag(summary).low == 0
    assert "\x1b" not in run.output
    assert re.search(r"^0:0\d of 0:06, \d+ windows? done, now \w+: [\d,]+ reads, \d+ writes, ", run.output, re.M)
    assert "\nJudging the run …\n" in run.output
