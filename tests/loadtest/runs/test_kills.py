"""A handful of the runs of ``python -m benchmarks.kills``: nothing that was lost is passed over."""

from pathlib import Path

import pytest

from benchmarks.kill_cases import killing
from benchmarks.kills import Outcome, make, row


@pytest.mark.slow
@pytest.mark.parametrize("number", [2, 3, 5, 9, 10])
def test_nothing_that_was_lost_is_passed_over(synthesized: dict[str, Path], number: int) -> None:
    outcome = make(killing(number), synthesized["conditional"])
    assert outcome.verdict != "none", outcome.said
    assert not outcome.wrong, row(outcome)


def test_a_wrong_pass_is_one() -> None:
    case = killing(1)
    assert Outcome(case, 1000, 500, 400, ("whole",), "PASS", "").wrong
    assert not Outcome(case, 1000, 500, 400, (), "INCONCLUSIVE", "").wrong
    assert not Outcome(case, 1000, 700, 400, ("whole",), "PASS", "").wrong
