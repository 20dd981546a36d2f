"""Each fault at one of its sizes: the report recovers it, and names it. The whole tables: docs/verdicts.md."""

import os
import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from types import SimpleNamespace
from typing import Any

import pytest
from fault_companies import COMPANIES, Company, Injected, run_with
from locust_process import Start, assert_answered
from own_document import Mine
from warm_locust import WarmLocust, arguments_of

from benchmarks.fault_cases import CASES, Interval, Size, constant_lag, share
from benchmarks.fault_recovery import WITHOUT, chosen_rows, is_recovered, rows, verdicts
from benchmarks.own_documents import MADE_UP
from benchmarks.watched_cases import WATCHED
from loadtest.run.files import SUMMARY_FILE
from loadtest.run.records import Verdict
from loadtest.run.settings import WATCH
from loadtest.sandbox.faults.registry import BY_NAME
from loadtest.sandbox.process import RunningSandbox
from loadtest.summary.summary import Summary, read_summary

LATENCY = {"latency"}
"""Has a table of its own (``benchmarks.latency_recovery``)."""
FOREIGN = next(company for company in COMPANIES if company.name == "foreign")
"""Here somebody else writes until the end, and what they wrote last is not taken away."""


@pytest.mark.parametrize("writer", ["publish", "watch"])
def test_every_fault_is_recovered_at_three_sizes(writer: str) -> None:
    sizes: dict[str, set[str]] = {}
    for case, size in rows(writer=writer):
        if size is not None:
            sizes.setdefault(case.fault, set()).add(size.value)
    assert sizes.keys() <= BY_NAME.keys()
    assert writer == WATCH or sizes.keys() == BY_NAME.keys() - LATENCY
    assert {fault for fault, of in sizes.items() if len(of) < 3} == set()
    assert [case.fault for case, size in rows(writer=writer) if size is None] == ["none"]
    assert {case.fault for case, _ in rows(writer=writer, one_size=True)} == {*sizes, "none"}


def test_pieces_of_the_table_make_the_whole_of_it() -> None:
    pieces = [chosen_rows(["--rows", str(first), "30"]) for first in range(1, 1 + len(rows()), 30)]
    assert [row for piece, _ in pieces for row in piece] == rows()
    assert [head for _, head in pieces] == [True, False, False, False]
    assert chosen_rows(["none"]) == ([(WITHOUT, None)], True)
    assert [size.value for _, size in chosen_rows(["torn"])[0] if size] == ["1%", "5%", "20%"]
    assert [size.value for _, size in chosen_rows(["torn", "--one-size"])[0] if size] == ["5%"]


@pytest.mark.parametrize(
    ("reported", "expected"),
    [
        (Interval(60, 140), True),
        (Interval(0, 121), False),  # nothing was recovered: a bracket as wide as the lag holds each lag
        (Interval(90, 300), False),
        (Interval(101, 130), False),
    ],
)
def test_a_bracket_of_a_watched_lag_may_be_wider_by_the_time_between_two_heads_and_no_more(
    reported: Interval, expected: bool
) -> None:
    lag = next(case for case in WATCHED if case.fault == "replica-lag")
    row = (replace(lag, measure=lambda summary: reported, fails=()), Size("100ms", 100))
    heads = [SimpleNamespace(put_ns=apart * 1_000_000) for apart in (20, 60, 50)]
    summary: Any = SimpleNamespace(checks=(), consistency=SimpleNamespace(windows=heads))
    assert is_recovered(row, summary) is expected


def test_of_nothing_at_all_no_size_is_recovered() -> None:
    """Of no 304s no share had a body, and any share may have had one: the fault was not seen, and not recovered."""
    assert not share(0, 0).holds(0.2)
    assert share(0, 5).holds(0)


def test_every_fault_is_injected_into_one_of_these_runs_at_its_largest_size() -> None:
    injected = [(each.fault, each.value) for company in COMPANIES for each in company.faults]
    assert sorted(injected) == sorted((case.fault, case.sizes[-1].value) for case in CASES)


def test_no_check_that_a_fault_must_fail_is_failed_by_another_of_its_run() -> None:
    """Otherwise nobody would notice that a detector had stopped working."""
    for company in COMPANIES:
        fails = [check for each in company.faults for check in each.case.fails]
        assert sorted(set(fails)) == sorted(fails), company.name


@pytest.fixture(scope="session")
def judged(
    shared_sandbox: RunningSandbox, warm_locust: WarmLocust, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Company], Summary]:
    """The summary of the one run that a company of faults has."""

    @cache
    def made(company: Company) -> Summary:
        folder = tmp_path_factory.mktemp("faults")
        enforced = shared_sandbox.state()["enforces_iam"]
        shared_sandbox.enforce_iam(False)
        mine = Mine(shared_sandbox)
        mine.put()
        summary = run_with(
            *(company, shared_sandbox, folder),
            lambda command: warm_locust.start(arguments_of(command), folder, os.environ),
        )
        if company.documents != MADE_UP and company is not FOREIGN:
            assert mine.is_as_it_was()
        shared_sandbox.enforce_iam(enforced)
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
    run = start(sandbox.outputs_path, "--window", "1", run_time="6s").wait()
    assert_answered(run)
    summary = read_summary(run.run_dir / SUMMARY_FILE)
    assert is_recovered((WITHOUT, None), summary), verdicts(summary)
    assert constant_lag(summary).low == 0
    assert "\x1b" not in run.output
    assert re.search(r"^0:0\d of 0:06, \d+ windows? done, now \w+: [\d,]+ reads, \d+ writes, ", run.output, re.M)
    assert "\nJudging the run …\n" in run.output
