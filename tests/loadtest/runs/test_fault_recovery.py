"""Each fault at one of its sizes: the report recovers it, and names it. The whole table: ``make bench``."""

from pathlib import Path

import pytest

from benchmarks.fault_cases import CASES, FaultCase, constant_lag
from benchmarks.fault_recovery import NEVER_FAIL_WITHOUT_A_FAULT, is_recovered, measure, verdicts
from loadtest.run.records import Verdict


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.fault)
def test_the_injected_size_is_recovered(synthesized: dict[str, Path], case: FaultCase) -> None:
    size = case.sizes[-1]
    summary = measure(synthesized["conditional"], case, size)
    assert is_recovered(case, size, summary), (case.measure(summary), verdicts(summary))


@pytest.mark.slow
def test_without_a_fault_nothing_is_reported(synthesized: dict[str, Path]) -> None:
    summary = measure(synthesized["conditional"], None, None)
    found = verdicts(summary)
    assert {check: found[check] for check in NEVER_FAIL_WITHOUT_A_FAULT} == dict.fromkeys(
        NEVER_FAIL_WITHOUT_A_FAULT, Verdict.PASS
    )
    assert constant_lag(summary).low == 0
