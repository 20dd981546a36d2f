"""Clocks compared by messages: what an exchange says is true, what workers answer, and what it is taken for."""

import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.errors import UsageError
from loadtest.load.workers import workers
from loadtest.load.workers.clock_readings import READING_MESSAGE, Exchanges, Reading
from loadtest.load.workers.workers import Workers
from loadtest.run.clocks.clock_bounds import EXCHANGE_DTYPE
from loadtest.run.clocks.clock_exchange import ACCEPTED_AT_START_NS, OffsetBound, together, why_not_one_clock
from loadtest.run.clocks.clocks import clock_name, clocks_of
from loadtest.run.clocks.exchange_files import exchange_file, load_exchanges
from loadtest.run.files import CLOCK_SUFFIX_WITHOUT_CHECKSUMS, SPOOL_FOLDER
from loadtest.units import SECOND

NOW = 100 * SECOND
ANSWER = {"sent_ns": NOW - 5, "read_ns": 7, "clock": "boot/1", "place": "Tokyo"}
ROWS = [(number * SECOND, 5 * SECOND + number * SECOND + 40, number * SECOND + 100) for number in range(1, 9)]


@pytest.mark.parametrize(
    "broken",
    [
        None,
        [],
        {},
        {**ANSWER, "sent_ns": None},
        {**ANSWER, "sent_ns": NOW + 1},
        {**ANSWER, "sent_ns": -1},
        {**ANSWER, "read_ns": 1.5},
        {**ANSWER, "read_ns": 2**64},
        {**ANSWER, "read_ns": True},
    ],
)
def test_what_no_worker_says_is_no_reading(broken: object) -> None:
    assert Reading.of(broken, NOW) is None


def test_a_name_that_is_none_is_left_out() -> None:
    assert Reading.of(ANSWER, NOW) == (NOW - 5, 7, "boot/1", "Tokyo")
    assert Reading.of({"sent_ns": 1, "read_ns": 7}, NOW) == (1, 7, "", ""), "another version may say less"
    for place in (7, "x" * 61, "a\nb", "\x1b[31mred"):
        assert Reading.of({**ANSWER, "clock": 7, "place": place}, NOW) == (NOW - 5, 7, "", "")


class Runner:
    """A master with one worker that answers at once, as ``answer`` says."""

    def __init__(self, answer: Callable[[dict[str, Any]], object]) -> None:
        self.clients = SimpleNamespace(ready=[SimpleNamespace(id="far")], spawning=[], running=[])
        self._answer, self._handlers = answer, {}

    def register_message(self, kind: str, handler: Callable[..., None]) -> None:
        self._handlers[kind] = handler

    def send_message(self, _kind: str, data: dict[str, Any], client: str) -> None:
        self._handlers[READING_MESSAGE](msg=SimpleNamespace(node_id=client, data=self._answer(data)))


def _promised(answer: Callable[[dict[str, Any]], object], monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setattr(workers, "_PATIENCE_AT_START_S", 0.01)
    team = Workers(Runner(answer))
    team.share_out()
    team.stop()
    return team.promised()[0]


def _reading(sent: dict[str, Any], **others: object) -> dict[str, Any]:
    return {"sent_ns": sent["sent_ns"], "read_ns": time.monotonic_ns(), "clock": clock_name(), "place": "", **others}


def test_clocks_without_a_name_are_not_taken_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _promised(_reading, monkeypatch)["clock"]["one"] is True
    assert _promised(lambda sent: _reading(sent, clock="another"), monkeypatch)["clock"]["one"] is False
    monkeypatch.setattr(workers, "clock_name", str)
    assert _promised(lambda sent: _reading(sent, clock=""), monkeypatch)["clock"]["one"] is False


def test_a_worker_of_another_version_that_says_less_is_not_refused_for_its_clock(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It gets the plan, and refuses it for its version: that is what its user is to be told."""
    promised = _promised(lambda sent: {"sent_ns": sent["sent_ns"], "read_ns": time.monotonic_ns()}, monkeypatch)
    assert not promised["refused"]


def test_a_worker_that_answers_nonsense_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "did not answer" in _promised(lambda _: {"read_ns": "now"}, monkeypatch)["refused"]


def test_a_disk_that_takes_part_of_an_exchange_leaves_whole_ones(tmp_path: Path) -> None:
    class Slow:
        """A file that takes seven bytes at a time, and nothing the second time."""

        def __init__(self) -> None:
            self.content, self.calls = b"", 0

        def write(self, content: bytes) -> int:
            self.calls += 1
            if self.calls == 2:
                raise OSError(28, "No space left on device")
            self.content += bytes(content[:7])
            return len(content[:7])

        def close(self) -> None:
            (tmp_path / SPOOL_FOLDER).mkdir()
            exchange_file(tmp_path, 0).write_bytes(self.content)

    exchanges = Exchanges()
    exchanges._file = Slow()  # type: ignore[assignment]
    for row in ROWS:
        exchanges.add(*row, "boot/1", "")
    exchanges.close()
    assert load_exchanges(tmp_path, 0).tolist() == ROWS


def _run(start: object, asked_ns: object, refused: str = "") -> dict[str, Any]:
    clock = {"one": False, "start": start, "asked_ns": asked_ns}
    return {"manifest": {"processes": [{"role": "worker", "share": 0, "refused": refused, "clock": clock}]}}


KNOWN = _run([5 * SECOND - 60, 5 * SECOND + 40], ROWS[-1][2])


def _written(tmp_path: Path, rows: list[tuple[int, int, int]]) -> Path:
    (tmp_path / SPOOL_FOLDER).mkdir()
    exchanges = Exchanges()
    exchanges.keep(exchange_file(tmp_path, 0))
    for row in rows:
        exchanges.add(*row, "boot/1", "")
    exchanges.close()
    return tmp_path


def test_the_exchanges_that_were_written_are_taken(tmp_path: Path) -> None:
    bounds = clocks_of(_written(tmp_path, [*ROWS, (9 * SECOND, 14 * SECOND + 40, 9 * SECOND + 100)]), KNOWN)
    assert bounds[0].earliest(np.array([6 * SECOND + 40])).tolist() == [SECOND]


@pytest.mark.parametrize(
    "rows",
    [
        ROWS[:-1],
        ROWS[:3],
        [(sent, remote + SECOND, received) for sent, remote, received in ROWS],
        [(sent + 7 * SECOND, remote, received + 7 * SECOND) for sent, remote, received in ROWS],
        [*ROWS[:-2], (ROWS[-2][0], ROWS[-2][1], ROWS[-2][0] - 1), ROWS[-1]],
        [(-1, *ROWS[0][1:]), *ROWS[1:]],
        ROWS[::-1],
    ],
    ids=["cut", "cut short", "of another clock", "of another run", "received before sent", "negative", "mixed up"],
)
def test_exchanges_that_are_not_those_of_the_run_are_refused(tmp_path: Path, rows: list[tuple[int, int, int]]) -> None:
    with pytest.raises(UsageError, match="does not hold what"):
        clocks_of(_written(tmp_path, rows), KNOWN)


@given(place=st.integers(0, 28 * len(ROWS) - 1), bit=st.integers(0, 7))
def test_no_flipped_bit_is_passed_over(written: Path, place: int, bit: int) -> None:
    path = exchange_file(written, 0)
    before = path.read_bytes()
    path.write_bytes(before[:place] + bytes([before[place] ^ 1 << bit]) + before[place + 1 :])
    try:
        with pytest.raises(UsageError, match=r"is damaged \(exchange \d of 8 .* the clock of worker 1"):
            clocks_of(written, KNOWN)
    finally:
        path.write_bytes(before)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _written(tmp_path_factory.mktemp("run"), ROWS)


def test_a_row_that_is_gone_from_the_middle_is_missed(tmp_path: Path) -> None:
    path = exchange_file(_written(tmp_path, ROWS), 0)
    content = path.read_bytes()
    path.write_bytes(content[: 3 * 28] + content[4 * 28 :])
    with pytest.raises(UsageError, match="exchange 4 of 7"):
        load_exchanges(tmp_path, 0)


def test_part_of_a_row_at_the_end_is_of_a_killed_master(tmp_path: Path) -> None:
    path = exchange_file(_written(tmp_path, ROWS), 0)
    path.write_bytes(path.read_bytes()[:-5])
    assert load_exchanges(tmp_path, 0).tolist() == ROWS[:-1]


def test_a_run_of_a_version_without_checksums_can_be_read(tmp_path: Path) -> None:
    (tmp_path / SPOOL_FOLDER).mkdir()
    old = exchange_file(tmp_path, 0).with_suffix(CLOCK_SUFFIX_WITHOUT_CHECKSUMS)
    old.write_bytes(np.array(ROWS, dtype=EXCHANGE_DTYPE).tobytes())
    assert load_exchanges(tmp_path, 0).tolist() == ROWS
    assert clocks_of(tmp_path, KNOWN).keys() == {0}


def test_exchanges_that_are_gone_are_missed_unless_their_worker_never_took_part(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="missing or empty"):
        clocks_of(tmp_path, KNOWN)
    assert clocks_of(tmp_path, _run(None, None, "it did not answer when its clock was asked for")) == {}


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
