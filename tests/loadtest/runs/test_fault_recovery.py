"""Each fault at one of its sizes: the report recovers it, and names it. The whole tables: docs/verdicts.md."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from own_document import Mine

from benchmarks.fault_cases import CASES, FaultCase, Interval, Size, constant_lag
from benchmarks.fault_recovery import WITHOUT, chosen_rows, is_recovered, measure, rows, verdicts
from benchmarks.own_documents import MADE_UP
from benchmarks.watched_cases import WATCHED
from loadtest.run.settings import WATCH
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
    "cdn": "stamped",
}
"""Faults that are recovered with documents of the user's own; of documents that are made up, the others are."""
NOT_PUT_BACK = {"foreign-writer"}
"""Somebody else writes until the end, and what they wrote last is not taken away."""


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


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.fault)
def test_the_injected_size_is_recovered(sandbox: RunningSandbox, mine: Mine, case: FaultCase) -> None:
    size = case.sizes[-1]
    if case.unit == "share" and case.seconds == 6:  # the largest share shows in few reads
        case = replace(case, seconds=4)
    summary = measure(sandbox, (case, size), OWN_DOCUMENTS.get(case.fault, MADE_UP))
    assert is_recovered((case, size), summary), (case.measure(summary), verdicts(summary))
    if case.fault in OWN_DOCUMENTS.keys() - NOT_PUT_BACK:
        assert mine.is_as_it_was()


@pytest.mark.slow
def test_without_a_fault_nothing_is_reported(sandbox: RunningSandbox) -> None:
    summary = measure(sandbox, (WITHOUT, None))
    assert is_recovered((WITHOUT, None), summary), verdicts(summary)
    assert constant_lag(summary).low == 0
