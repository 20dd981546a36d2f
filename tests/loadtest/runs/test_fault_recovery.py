"""Each fault at one of its sizes: the report recovers it, and names it. The whole table: ``make bench``."""

from dataclasses import replace

import pytest

from benchmarks.fault_cases import CASES, FaultCase, constant_lag
from benchmarks.fault_recovery import (
    NEVER_FAIL_WITHOUT_A_FAULT,
    chosen_rows,
    is_recovered,
    measure,
    rows,
    verdicts,
)
from benchmarks.own_documents import MADE_UP
from loadtest.run.records import Verdict
from loadtest.sandbox.faults.registry import BY_NAME
from loadtest.sandbox.process import RunningSandbox

LATENCY = {"latency"}
"""Has a table of its own (``benchmarks.latency_recovery``)."""
OWN_DOCUMENTS = {
    "torn": "stamped",
    "truncate": "folder",
    "corrupt": "folder",
    "stale-304": "stamped",
    "replica-lag": "folder",
    "rewrite": "stamped",
    "foreign-writer": "stamped",
}
"""Faults that are recovered with documents of the user's own; of documents that are made up, the others are."""


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


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.fault)
def test_the_injected_size_is_recovered(sandbox: RunningSandbox, case: FaultCase) -> None:
    size = case.sizes[-1]
    if case.unit == "share" and case.seconds == 6:  # the largest share shows in few reads
        case = replace(case, seconds=4)
    summary = measure(sandbox, case, size, OWN_DOCUMENTS.get(case.fault, MADE_UP))
    assert is_recovered(case, size, summary), (case.measure(summary), verdicts(summary))


@pytest.mark.slow
def test_without_a_fault_nothing_is_reported(sandbox: RunningSandbox) -> None:
    summary = measure(sandbox, None, None)
    found = verdicts(summary)
    assert {check: found[check] for check in NEVER_FAIL_WITHOUT_A_FAULT} == dict.fromkeys(
        NEVER_FAIL_WITHOUT_A_FAULT, Verdict.PASS
    )
    assert constant_lag(summary).low == 0
