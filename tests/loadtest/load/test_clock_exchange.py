"""Two clocks are compared by messages: what an exchange says is true, and a clock that is another one is told."""

from hypothesis import given
from hypothesis import strategies as st

from loadtest.run.clock_exchange import ACCEPTED_AT_START_NS, OffsetBound, together, why_not_one_clock
from loadtest.units import SECOND

DELAYS = st.tuples(st.integers(0, SECOND), st.integers(0, SECOND))


def exchanges(offset: int, delays: list[tuple[int, int]]) -> list[OffsetBound]:
    """Exchanges with a clock that is ``offset`` ahead; messages take the given times there and back."""
    return [
        OffsetBound.of_exchange(at, at + there + offset, at + there + back)
        for at, (there, back) in enumerate(delays, start=10**12)
    ]


@given(st.integers(-(10**15), 10**15), st.lists(DELAYS, min_size=1))
def test_the_true_offset_is_always_in_the_bound(offset: int, delays: list[tuple[int, int]]) -> None:
    bound = together(exchanges(offset, delays))
    assert bound is not None
    assert bound.low_ns <= offset <= bound.high_ns
    assert bound.width_ns <= min(there + back for there, back in delays)


@given(st.lists(DELAYS, min_size=1))
def test_one_clock_is_never_taken_for_two(delays: list[tuple[int, int]]) -> None:
    assert why_not_one_clock(together(exchanges(0, delays)), 2 * SECOND) == ""


@given(st.integers(-(10**15), 10**15), st.lists(DELAYS, min_size=1))
def test_what_is_accepted_is_off_by_less_than_the_stated_bound(offset: int, delays: list[tuple[int, int]]) -> None:
    if why_not_one_clock(together(exchanges(offset, delays)), ACCEPTED_AT_START_NS) == "":
        assert abs(offset) <= ACCEPTED_AT_START_NS


def test_each_reason_is_said() -> None:
    assert why_not_one_clock(None, SECOND) == "it did not answer when its clock was asked for"
    ahead = why_not_one_clock(OffsetBound(36_000 * SECOND, 36_001 * SECOND), SECOND)
    assert ahead == "its clock (CLOCK_MONOTONIC) is at least 10 h 0 min ahead of the master's"
    behind = why_not_one_clock(OffsetBound(-SECOND - 1000, -SECOND), SECOND)
    assert behind == "its clock (CLOCK_MONOTONIC) is at least 1.00 s behind the master's"
    assert why_not_one_clock(OffsetBound(5, 4), SECOND) == "its clock jumped while it was compared with the master's"
    assert "to 2.00 s only, and 1.00 s is needed" in why_not_one_clock(OffsetBound(-SECOND, SECOND), SECOND)
