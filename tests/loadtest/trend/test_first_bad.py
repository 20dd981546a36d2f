"""The first bad run, where several numbers place what made them worse a little differently."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from loadtest.trend.first_bad import Event, Worsening, events


@st.composite
def worsenings(draw: st.DrawFn) -> Worsening:
    earliest, run, latest = sorted(draw(st.tuples(*[st.integers(0, 12)] * 3)))
    return Worsening(earliest, run, latest, draw(st.floats(0, 0.01)), draw(st.text("abc", min_size=1, max_size=3)))


def test_a_noisy_quantile_that_seems_to_have_changed_before_does_not_name_the_run() -> None:
    """As in 46 real runs of a sandbox that got slower with the 41st."""
    median = Worsening(39, 40, 40, 1e-10, "p50")
    noisy = Worsening(35, 35, 39, 1e-3, "p99")
    assert events([noisy, median]) == [Event(40, ("p50", "p99"))]


def test_what_can_have_begun_with_no_run_in_common_stays_apart_and_the_first_comes_first() -> None:
    early, late = Worsening(10, 12, 13, 1e-3, "early"), Worsening(20, 20, 20, 0.0, "late")
    assert events([late, early]) == [Event(12, ("early",)), Event(20, ("late",))]
    assert events([]) == []


@given(st.lists(worsenings(), max_size=6))
def test_every_change_is_in_one_event_and_no_fewer_events_would_do(changes: list[Worsening]) -> None:
    found = events(changes)
    assert sorted(text for event in found for text in event.texts) == sorted(change.text for change in changes)
    assert [event.run for event in found] == sorted({event.run for event in found} & {change.run for change in changes})
    fewest = next(
        count
        for count in range(len(changes) + 1)
        for runs in itertools.combinations(range(13), count)
        if all(any(change.earliest <= run <= change.latest for run in runs) for change in changes)
    )
    assert len(found) <= fewest
