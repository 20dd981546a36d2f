"""Who should have recorded, against who did: whatever is missing is named, whichever way the run ended."""

from hypothesis import given
from hypothesis import strategies as st

from loadtest.run.history.attendance import TOLERATED_NS, Attendance, missing

S = 1_000_000_000


def worker(share: int, until: float | None, of: int = 2, **said: object) -> dict[str, object]:
    until_ns = None if until is None else int(until * S)
    return {"role": "worker", "share": share, "shares": of, "began": True, "until_ns": until_ns, **said}


def of(*processes: dict[str, object], **promised: object) -> Attendance:
    return Attendance.model_validate({"processes": list(processes), **promised})


def test_a_worker_killed_at_6_s_and_everything_else_at_24_s() -> None:
    assert missing(of(worker(0, 24), worker(1, 6.1)), 0, None) == (
        "Worker 2 of 2 was last heard from 6.10 s after the start, 17.9 s before the end: what came then is missing.",
    )


def test_everything_killed_at_24_s_of_30() -> None:
    sentences = missing(of(worker(0, 24), worker(1, 23.8), planned_end_ns=30 * S), 0, None)
    assert sentences == (
        "The run was cut short: the last that was heard of it came 24.0 s after the start, and it was to last until "
        "30.0 s; 6.00 s are missing.",
    )


def test_everything_killed_at_once_where_no_end_was_planned() -> None:
    assert missing(of(worker(0, 24), worker(1, 23.6)), 0, None) == ()


def test_a_process_that_did_not_close_in_a_run_that_ended_in_order() -> None:
    assert "was last heard from 6.00 s" in missing(of(worker(0, 30, closed=True), worker(1, 6)), 0, 30 * S)[0]
    assert "never said that it had recorded all" in missing(of(worker(0, 30, 0)), 0, 30 * S)[0]
    assert missing(of(worker(0, 30, closed=True), worker(1, 29.9, closed=True)), 0, 30 * S) == ()


def test_a_worker_that_refused_never_began_or_could_not_write() -> None:
    assert "did not take part: other clock" in missing(of(worker(0, None, refused="other clock")), 0, S)[0]
    assert "left no record: all 1.00 s" in missing(of({**worker(0, None), "began": False}), 0, S)[0]
    assert "could not write all" in missing(of(worker(0, 1, unwritten=True)), 0, S)[0]
    assert "its file x.etags is gone" in missing(of(worker(0, 1, damage="its file x.etags is gone")), 0, S)[0]
    assert "cannot be compared" in missing(of(worker(0, 1, closed=True, clock="its clock jumped")), 0, S)[0]


def test_the_writer_is_missed_too() -> None:
    writer = {"role": "writer", "began": True, "until_ns": 2 * S}
    assert missing(of(worker(0, 9, 0, closed=True), writer), 0, 9 * S)[0].startswith("The writer was last heard from")


def test_readers_that_never_began() -> None:
    whole = worker(0, 9, 0, closed=True)
    assert missing(of(whole, readers=8, began=6), 0, 9 * S) == (
        "6 of the 8 readers began to read; the others never did.",
    )
    assert missing(of(whole, readers=8, began=8), 0, 9 * S) == ()


@given(
    st.lists(st.tuples(st.integers(0, 40 * S), st.booleans()), min_size=1, max_size=5),
    st.none() | st.integers(1, 40 * S),
    st.none() | st.integers(1, 40 * S),
)
def test_nothing_that_ended_early_and_unclosed_is_ever_passed_over(
    ends: list[tuple[int, bool]], planned_ns: int | None, told_ns: int | None
) -> None:
    count = len(ends)
    processes = [worker(n, end / S, count, closed=closed) for n, (end, closed) in enumerate(ends)]
    sentences = missing(of(*processes, planned_end_ns=planned_ns), 0, told_ns)
    known_end = told_ns or planned_ns or max(end for end, _ in ends)
    if any(not closed and known_end - end > TOLERATED_NS + 1 for end, closed in ends):
        assert sentences
