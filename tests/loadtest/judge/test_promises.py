"""What a report says of a check without knowing it: its nouns, and what it tolerates in a run."""

import pytest
from pydantic import JsonValue

from loadtest.judge.checks.promise import Counted, Promise, no_limit, tolerated_staleness
from loadtest.judge.checks.write_impact import tolerated_ratio
from loadtest.run.records import Verdict


@pytest.mark.parametrize(
    ("recorded", "said"),
    [
        ({}, ""),
        ({"max_staleness": None}, ""),
        ({"max_staleness": True}, ""),
        ({"max_staleness": "2"}, ""),
        ({"max_staleness": 0}, "none (0 ms)"),
        ({"max_staleness": 0.0005}, "up to 500 µs old"),
        ({"max_staleness": 2}, "up to 2.00 s old"),
    ],
)
def test_staleness_is_tolerated_for_as_long_as_was_recorded(recorded: dict[str, JsonValue], said: str) -> None:
    assert tolerated_staleness(recorded) == said


@pytest.mark.parametrize(
    ("recorded", "said"), [({}, ""), ({"impact_tolerance": "1.25"}, ""), ({"impact_tolerance": 1.25}, "up to 1.25x")]
)
def test_a_slowdown_is_tolerated_up_to_what_was_recorded(recorded: dict[str, JsonValue], said: str) -> None:
    assert tolerated_ratio(recorded) == said


def test_a_check_tolerates_nothing_unless_it_says_so_and_counts_in_its_own_nouns() -> None:
    assert Promise("id", "title", "guarantee").tolerated({}) == "none"
    assert not no_limit({})
    inversions = Counted("inversion", "inversions")
    assert [inversions.text(count) for count in (0, 1, 1234)] == ["0 inversions", "1 inversion", "1,234 inversions"]


def test_a_check_that_crashed_knows_nothing_and_keeps_its_error() -> None:
    result = Promise("id", "title", "guarantee").crashed(ValueError("no such column"))
    assert (result.verdict, result.looked_at, result.found) == (Verdict.INCONCLUSIVE, 0, 0)
    assert result.error == "ValueError: no such column"
