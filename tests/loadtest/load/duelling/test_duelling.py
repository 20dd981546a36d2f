"""The two processes of a duel: none goes on without the other, whatever ends one of them or both."""

import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from loadtest.load.duelling.duelling import Contender, Ended, fight
from loadtest.load.duelling.meeting import Agreed, Meeting, name_the_moment
from loadtest.run.duel_schedule import Side
from loadtest.units import SECOND

PROJECT = Path(__file__).parents[4]
RUN = """
import os, signal, sys, time
from pathlib import Path
from loadtest.load.duelling.meeting import Meeting
run_dir = Path(sys.argv[1])
run_dir.mkdir()
def stop(*_):
    (run_dir / "summary.json").write_text("ended in order")
    raise SystemExit(0)
signal.signal(signal.SIGINT, stop)
print("about to begin", flush=True)
"""
MEET = 'agreed = Meeting.of(os.environ).wait(time.sleep, lambda: False)\n(run_dir / "agreed").write_text(str(agreed))\n'
BESIDE_BASE = """
log = run_dir.parent / "base.log"  # which says when the other can be ended in order
while not (log.exists() and "about to begin" in log.read_text()): time.sleep(0.01)
"""
READ = MEET + "while True: time.sleep(0.01)\n"


def contender(folder: Path, side: Side, what: str) -> Contender:
    run_dir = folder / f"duel-{side}"
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    return Contender(
        side, [sys.executable, "-c", RUN + what, str(run_dir)], environment, run_dir, folder / f"{side}.log"
    )


def duel(folder: Path, base: str, new: str, run_ns: int = 60 * SECOND) -> Ended:
    return fight((contender(folder, Side.BASE, base), contender(folder, Side.NEW, new)), run_ns)


def ended_in_order(folder: Path, side: str) -> bool:
    return (folder / f"duel-{side}" / "summary.json").exists()


def test_both_begin_at_one_moment_and_are_ended_when_the_time_is_over(tmp_path: Path) -> None:
    assert duel(tmp_path, READ, READ, run_ns=SECOND // 10) == Ended(began=True)
    agreed = [(tmp_path / f"duel-{side}" / "agreed").read_text() for side in Side]
    assert agreed[0] == agreed[1] and "Agreed(start_ns=" in agreed[0]
    assert all(ended_in_order(tmp_path, side) for side in Side)


def test_one_that_cannot_begin_ends_the_other_and_its_sentence_is_told(tmp_path: Path) -> None:
    refused = "print('There is no bucket: give one.'); raise SystemExit(2)"
    ended = duel(tmp_path, READ, BESIDE_BASE + refused)
    assert not ended.began and not ended.by_signal
    assert ended.why == "the new run did not begin: There is no bucket: give one."
    assert ended_in_order(tmp_path, "base")


@pytest.mark.parametrize(
    ("death", "why"),
    [
        ("os.kill(os.getpid(), signal.SIGKILL)", "the base run was killed (SIGKILL)"),
        ("print('no space left'); raise SystemExit(2)", "the base run ended by itself (exit code 2): no space left"),
    ],
)
def test_one_that_dies_ends_the_other(tmp_path: Path, death: str, why: str) -> None:
    ended = duel(tmp_path, MEET + death, READ)
    assert ended == Ended(True, why)
    assert ended_in_order(tmp_path, "new")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_both_in_order(tmp_path: Path, number: signal.Signals) -> None:
    def when_reading() -> None:
        while not all((tmp_path / f"duel-{side}" / "agreed").exists() for side in Side):
            time.sleep(0.01)
        os.kill(os.getpid(), number)

    before = signal.getsignal(number)
    threading.Thread(target=when_reading).start()
    assert duel(tmp_path, READ, READ) == Ended(True, "it was stopped", by_signal=True)
    assert all(ended_in_order(tmp_path, side) for side in Side)
    assert signal.getsignal(number) is before


def test_a_signal_before_the_beginning(tmp_path: Path) -> None:
    def when_there() -> None:
        while not (tmp_path / "base.log").exists() or "about" not in (tmp_path / "base.log").read_text():
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=when_there).start()
    ended = duel(tmp_path, READ, "while True: time.sleep(0.01)")
    assert not ended.began and ended.by_signal


def test_a_run_that_is_given_up_meanwhile_waits_no_longer(tmp_path: Path) -> None:
    meeting = Meeting(Side.NEW, tmp_path)
    assert not meeting.is_ready
    assert meeting.wait(lambda _: None, lambda: True) is None
    assert meeting.is_ready
    name_the_moment(tmp_path, Agreed(5, 9))
    assert meeting.wait(lambda _: None, lambda: False) == Agreed(5, 9)


def test_only_a_run_that_was_sent_to_a_meeting_has_one(tmp_path: Path) -> None:
    assert Meeting.of({}) is None
    meeting = Meeting(Side.BASE, tmp_path)
    assert Meeting.of(meeting.variable) == meeting
