"""The two runs of a duel as processes: they start, begin to read, and end together, whatever happens.

Each is a load test of its own: when it is interrupted it puts its document back, seals its record and reports. So the
duel only has to make sure that no run goes on without the other, and to clean up after a run that was killed.
"""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Final

from loadtest.load.duelling.meeting import Agreed, Meeting, name_the_moment
from loadtest.run.duel_schedule import Side
from loadtest.run.files import RUN_FILE, SUMMARY_FILE
from loadtest.units import SECOND

HEAD_START_NS: Final = SECOND
"""From when both are ready to the first read. Both must have heard of it by then."""
SPARE_S: Final = 120
"""Longer than the slower of the two takes to get ready. A run whose duel is gone ends by itself after this."""
_LOOK_EVERY_S: Final = 0.05
_PATIENCE_S: Final = 300
"""Time for a run to end, seal and report. Then it is terminated, and killed a minute later."""
_ATTEMPTS: Final = 15
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True)
class Contender:
    """One of the two: what runs it, where it records, and where its output goes."""

    side: Side
    command: list[str]
    environment: Mapping[str, str]
    run_dir: Path
    log: Path

    def last_words(self) -> str:
        """The last line of its output."""
        try:
            lines = [line.strip() for line in self.log.read_text("utf-8", "replace").splitlines()]
        except OSError:
            return ""
        return next((line for line in reversed(lines) if line), "")


@dataclass(frozen=True)
class Ended:
    """How a duel ended: why, if before its time, and whether it had begun at all."""

    began: bool
    why: str = ""
    by_signal: bool = False


class _Asked:
    """Counts how often a signal has asked this process to end."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self, _number: int, _frame: FrameType | None) -> None:
        self.times += 1


def fight(contenders: tuple[Contender, Contender], run_ns: int) -> Ended:
    """Run both until ``run_ns`` is over, one of them ends, or a signal asks for the end. Both have ended on return."""
    with _counted_signals() as asked, tempfile.TemporaryDirectory(prefix="duel-") as folder:
        meetings = [Meeting(one.side, Path(folder)) for one in contenders]
        processes: list[subprocess.Popen[bytes]] = []
        try:
            for one, meeting in zip(contenders, meetings, strict=True):
                processes.append(_started(one, meeting))
            began = _wait(processes, asked, lambda: all(meeting.is_ready for meeting in meetings))
            if began:
                start_ns = time.monotonic_ns() + HEAD_START_NS
                ends_ns = start_ns + run_ns
                name_the_moment(Path(folder), Agreed(start_ns, ends_ns))
                _wait(processes, asked, lambda: time.monotonic_ns() >= ends_ns)
            ended_early = [
                one for one, process in zip(contenders, processes, strict=True) if process.poll() is not None
            ]
            by_signal = asked.times > 0
        finally:
            _end(processes, asked)
        codes = [process.returncode for process in processes]
        ends = zip(contenders, codes, strict=True)
        why = next((_how(one, code, began) for one, code in ends if one in ended_early), "")
        for one in contenders:
            _clean_up(one)
    if by_signal:
        return Ended(began, "it was stopped", by_signal)
    return Ended(began, why)


@contextlib.contextmanager
def _counted_signals() -> Iterator[_Asked]:
    """Signals that would end this process are counted instead."""
    asked = _Asked()
    before = {number: signal.signal(number, asked) for number in _SIGNALS}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _started(one: Contender, meeting: Meeting) -> subprocess.Popen[bytes]:
    """Start one run in a session of its own, so that Ctrl-C reaches only this process, which passes it on once."""
    with one.log.open("wb") as log:
        return subprocess.Popen(
            one.command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**one.environment, **meeting.variable},
            start_new_session=True,
        )


def _wait(processes: list[subprocess.Popen[bytes]], asked: _Asked, done: Callable[[], bool]) -> bool:
    """Wait until ``done``. False when a process ends, or a signal asks for the end, before that."""
    while not done():
        if asked.times or any(process.poll() is not None for process in processes):
            return False
        time.sleep(_LOOK_EVERY_S)
    return True


def _end(processes: list[subprocess.Popen[bytes]], asked: _Asked) -> None:
    """Interrupt all and wait for them; after another signal, or too long a wait, terminate, then kill them."""
    sent = dict.fromkeys(processes, 0)
    before, since = asked.times, time.monotonic()
    while any(process.poll() is None for process in processes):
        waited = time.monotonic() - since
        level = max(1 + (asked.times - before), 1 + (waited > _PATIENCE_S) + (waited > _PATIENCE_S + 60))
        number = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)[min(level, 3) - 1]
        for process in processes:
            if sent[process] < level and process.poll() is None:
                sent[process] = level
                process.send_signal(number)
        time.sleep(_LOOK_EVERY_S)


def _clean_up(one: Contender) -> None:
    """Put the document back and report for a run that could not do so itself."""
    if (one.run_dir / SUMMARY_FILE).exists() or not one.run_dir.is_dir():
        return
    if (one.run_dir / RUN_FILE).exists():
        _run_command("report", "--no-answers", str(one.run_dir), log=one.log)
    _run_command("restore", str(one.run_dir), log=one.log)


def _run_command(*command: str, log: Path) -> None:
    """Run one of our commands, again until the run's writer is gone: it ends a few seconds after its parent."""
    for _ in range(_ATTEMPTS):
        with log.open("ab") as output:
            done = subprocess.run(
                [sys.executable, "-m", "loadtest", *command], check=False, stdout=output, stderr=subprocess.STDOUT
            )
        if done.returncode != 2:
            return
        time.sleep(1)


def _how(one: Contender, code: int, began: bool) -> str:
    """How a run ended that ended before the other, for a sentence."""
    if not began:
        return f"the {one.side} run did not begin: {one.last_words() or f'it ended with exit code {code}'}"
    if code < 0:
        return f"the {one.side} run was killed ({signal.Signals(-code).name})"
    return f"the {one.side} run ended by itself (exit code {code}): {one.last_words()}"
