"""What the progress of a run says, in a log and on terminals of any width."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from loadtest.load.progress.text import Line, Snapshot, plain_line, status_lines
from loadtest.load.reading.recorder import Counts
from loadtest.units import SECOND

RUNNING = Snapshot(
    elapsed_ns=34 * SECOND,
    total_ns=90 * SECOND,
    window="17 windows done, now writing",
    counts=Counts(reads=6_800, not_modified=3_200, loop_delay_ns=800_000),
    writes=34,
    reads_per_second=200.4,
)
TROUBLED = replace(RUNNING, counts=Counts(6_800, 3_200, 12, 3, 40, 0, 25_000_000))


def text(lines: list[Line]) -> list[str]:
    return ["".join(part for part, _ in line) for line in lines]


def styled(lines: list[Line], style: str) -> list[str]:
    return [part for line in lines for part, own in line if own == style]


def test_a_plain_line_says_where_the_run_is_and_what_was_found() -> None:
    assert plain_line(RUNNING) == (
        "0:34 of 1:30, 17 windows done, now writing: 6,800 reads, 34 writes, 0 stale reads so far, 3,200 answered 304"
    )
    assert plain_line(TROUBLED).endswith(
        "12 stale reads so far, 3,200 answered 304, 3 not whole or not ours, 40 errors"
    )


def test_a_wide_terminal_shows_everything_in_two_lines() -> None:
    bar, counts = text(status_lines(RUNNING, 119))
    assert bar == "━" * 40 + "  0:34 of 1:30, 17 windows done, now writing"
    assert counts == (
        "6,800 reads (200/s) · 34 writes · 0 stale · 304: 47.1 % · 0 not whole · 0 errors · generator delay 800 µs"
    )


def test_the_bar_is_as_far_as_the_run() -> None:
    def done(snapshot: Snapshot) -> int:
        return len("".join(styled(status_lines(snapshot, 119)[:1], "good")))

    assert done(replace(RUNNING, elapsed_ns=0)) == 0
    assert done(replace(RUNNING, elapsed_ns=45 * SECOND)) == 20
    assert done(replace(RUNNING, elapsed_ns=95 * SECOND)) == 40


def test_without_a_run_time_there_is_no_bar() -> None:
    endless = replace(RUNNING, total_ns=None, elapsed_ns=3_725 * SECOND)
    assert text(status_lines(endless, 119))[0] == "1:02:05, 17 windows done, now writing"


def test_trouble_stands_out_and_its_absence_does_not() -> None:
    assert styled(status_lines(TROUBLED, 119), "bad") == ["12 stale", "3 not whole", "40 errors"]
    assert styled(status_lines(TROUBLED, 119), "doubtful") == ["generator delay 25.0 ms"]
    assert styled(status_lines(RUNNING, 119), "bad") + styled(status_lines(RUNNING, 119), "doubtful") == []


def test_before_the_first_read_nothing_is_made_up() -> None:
    begun = replace(RUNNING, counts=Counts(), writes=0, reads_per_second=None, elapsed_ns=0)
    assert "0 reads · 0 writes · 0 stale · 304: none yet" in text(status_lines(begun, 119))[1]


@given(
    width=st.integers(1, 200),
    elapsed=st.integers(0, 10**15),
    total=st.none() | st.integers(1, 10**15),
    counts=st.builds(Counts, *[st.integers(0, 10**9)] * 7),
)
def test_no_line_is_wider_than_the_terminal(width: int, elapsed: int, total: int | None, counts: Counts) -> None:
    snapshot = replace(RUNNING, elapsed_ns=elapsed, total_ns=total, counts=counts)
    assert all(len(line) <= width for line in text(status_lines(snapshot, width)))
