"""Runs with killed processes: does anything that was lost go unnoticed?

In each run a random subset of {Locust, its workers, the writer, the report, the sandbox} is killed with SIGKILL at a
random moment, and then ``python -m loadtest report`` judges what is left. What is missing is known from outside:

- The sandbox counts the reads that it has answered, 50 times a second, up to the end of the last process that reads. A
  killed process may lose what came after its last flush, a tenth of a second, and no more.
- Every process that records is looked at as often. What an ended process would have done until the end of the run is
  missing, though nothing was ever answered.

With more missing than that, nothing may pass. A *wrong PASS* is an answer or a check that passes all the same. Runs in
which nothing is missing must pass something, so their passes are counted too. The runs are numbered, and each is always
the same: ``python -m benchmarks.kills 12 20`` makes those from 12 to 20.
"""

from __future__ import annotations

import contextlib
import io
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from benchmarks.kill_cases import MASTER, READERS, REPORT, SANDBOX, Killing, killing
from benchmarks.kill_witnesses import Counter, Lives, anybody_lives, registered
from benchmarks.nginx import free_port
from benchmarks.options import parser
from loadtest.__main__ import main as report
from loadtest.project import locust_command
from loadtest.run.loading import load_history
from loadtest.run.records import EXIT_CODES, Verdict
from loadtest.sandbox.process import RunningSandbox, running_sandbox, synthesize
from loadtest.summary.summary import Summary, read_summary

RUNS: Final = 60
RATE: Final = 400
FLUSH_S: Final = 0.1
LATE_S: Final = 0.25
"""A flush is due ten times a second; on a machine that is this busy it may come so much later."""
ABSENT_S: Final = 1.5
"""A process that ended so much before the run is missed: a second is tolerated, and it was looked at from outside."""
LONGEST_S: Final = 60.0
OPEN_S: Final = 7.0
READERS_THERE_NS: Final = 2_000_000_000
"""A planned length counts from before the readers are there; that is at most so long before the first window."""


@dataclass(frozen=True)
class Outcome:
    """What a run came to."""

    killing: Killing
    answered: int  # reads that the sandbox answered from the start on
    recorded: int  # … and that are in the record
    tolerated: int  # reads that the time since the last flush may hold
    absent_s: float  # so long before the end of the run had a process ended that was to record
    passed: tuple[str, ...]  # questions and checks that passed
    verdict: str
    said: str  # what the report says is missing

    @property
    def missing(self) -> int:
        """Reads that were answered and are not in the record."""
        return max(0, self.answered - self.recorded)

    @property
    def lacks(self) -> bool:
        """Whether so much is missing that nothing may pass."""
        return self.missing > self.tolerated or self.absent_s > ABSENT_S

    @property
    def wrong(self) -> bool:
        """Whether something passes though a part of the record is missing."""
        return self.lacks and bool(self.passed)


class Process(Protocol):
    """As much of ``subprocess.Popen`` as is asked of Locust here."""

    pid: int

    def poll(self) -> int | None: ...
    def wait(self) -> int: ...
    def send_signal(self, number: int, /) -> None: ...


def _begin(command: list[str], environment: dict[str, str]) -> Process:
    return subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment, start_new_session=True
    )


def make(
    case: Killing,
    synthesized: Path,
    shared: RunningSandbox | None = None,
    begin: Callable[[list[str], dict[str, str]], Process] = _begin,
) -> Outcome:
    """One run, killed and judged; at the ``shared`` sandbox, if that is not to be killed."""
    with contextlib.ExitStack() as ending:
        run_dir = Path(ending.enter_context(tempfile.TemporaryDirectory())) / "run"
        dies = SANDBOX in (*case.first, *case.then)
        sandbox = shared if shared and not dies else ending.enter_context(running_sandbox(synthesized))
        counter, lives = Counter(sandbox), Lives(run_dir)
        locust = begin(*_locust(case, sandbox, run_dir))
        try:
            _wait(lambda: any(path.stat().st_size for path in run_dir.glob("spool/*.reads")), locust)
            began = time.monotonic()
            _kill(case.first, began + case.first_s, locust, run_dir, sandbox)
            _kill(case.then, began + case.then_s, locust, run_dir, sandbox)
            interrupted_ns = _end(case, began, locust, run_dir)
        finally:
            counter.stop()
            lives.stop()
            with contextlib.suppress(ProcessLookupError):
                os.killpg(locust.pid, signal.SIGKILL)
            locust.wait()
        return _judged(case, counter, lives, interrupted_ns, run_dir)


def _locust(case: Killing, sandbox: RunningSandbox, run_dir: Path) -> tuple[list[str], dict[str, str]]:
    command = locust_command()
    command += ["--only-summary", "-u", str(READERS), "-r", str(READERS), "--seed", "1", "--run-dir", str(run_dir)]
    # a run whose end is not known begins with a long rest, of whose reads nothing can be told
    command += [
        "--window",
        "0.5" if case.planned_s else "0",
        "--write-interval",
        "0.1",
        "--payload-bytes",
        "2048",
        "--arrival-rate",
        str(RATE),
    ]
    command += ["--outputs", str(sandbox.outputs_path)]
    command += ["-t", f"{case.planned_s:g}s"] if case.planned_s else []
    command += ["--processes", str(case.workers)] if case.workers else []
    port = str(free_port())
    return command, {**os.environ, "LOCUST_MASTER_BIND_PORT": port, "LOCUST_MASTER_NODE_PORT": port}


def _kill(names: tuple[str, ...], at: float, locust: Process, run_dir: Path, sandbox: RunningSandbox) -> None:
    if not names:
        return
    time.sleep(max(0.0, at - time.monotonic()))
    processes = dict(registered(run_dir)) | {MASTER: locust.pid, SANDBOX: sandbox.pid}
    for name in names:
        if name != REPORT and name in processes:
            with contextlib.suppress(ProcessLookupError):
                os.kill(processes[name], signal.SIGKILL)


def _end(case: Killing, began: float, locust: Process, run_dir: Path) -> int | None:
    """Let what is left of the run come to its end, and kill its report if that is to be; when it was interrupted."""
    deadline = began + LONGEST_S
    interrupted_ns: int | None = None
    interrupt_at = None if case.planned_s else began + OPEN_S
    while time.monotonic() < deadline and (locust.poll() is None or anybody_lives(run_dir)):
        if interrupt_at is not None and time.monotonic() > interrupt_at and locust.poll() is None:
            locust.send_signal(signal.SIGINT)
            interrupt_at, interrupted_ns = None, time.monotonic_ns()
        if REPORT in (*case.first, *case.then):
            for process in _reports(run_dir):
                time.sleep(case.first_s / 4)
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
        time.sleep(0.02)
    return interrupted_ns


def _reports(run_dir: Path) -> Iterator[int]:
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            words = path.read_bytes().split(b"\0")
            if b"report" in words and str(run_dir.resolve()).encode() in words:
                yield int(path.parent.name)


def _wait(ready: Callable[[], bool], locust: Process) -> None:
    deadline = time.monotonic() + LONGEST_S
    while not ready():
        if locust.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError("The run did not begin.")
        time.sleep(0.02)


def _judged(case: Killing, counter: Counter, lives: Lives, interrupted_ns: int | None, run_dir: Path) -> Outcome:
    deadline = time.monotonic() + LONGEST_S
    while anybody_lives(run_dir) and time.monotonic() < deadline:
        time.sleep(0.02)
    told = io.StringIO()
    with contextlib.redirect_stderr(told):
        code = report(["report", "--quiet", str(run_dir)])
    if code not in EXIT_CODES.values():
        return Outcome(case, 0, 0, 0, 0.0, (), "none", told.getvalue().strip()[:200])
    summary = read_summary(run_dir / "summary.json")
    history = load_history(run_dir)
    start_ns = history.info.plan.start_ns if history.info.plan else 0
    reads = history.reads
    recorded = int((reads.status > 0).sum())
    answered = counter.seen[-1][1] - counter.at(start_ns) if counter.seen else 0
    if case.planned_s:
        end_ns = start_ns + round(case.planned_s * 1e9) - READERS_THERE_NS
    else:
        end_ns = interrupted_ns or max(lives.until.values(), default=start_ns)
    tolerated = READERS + counter.most_within(FLUSH_S + LATE_S)
    return Outcome(
        case,
        answered,
        recorded,
        tolerated,
        lives.most_absent_s(end_ns),
        _passed(summary),
        summary.verdict,
        " ".join(summary.run.ended.missing),
    )


def _passed(summary: Summary) -> tuple[str, ...]:
    judged: list[Any] = [*summary.questions, *summary.checks]
    return tuple(each.id for each in judged if each.verdict is Verdict.PASS)


def row(outcome: Outcome) -> str:
    how = "WRONG PASS" if outcome.wrong else f"{len(outcome.passed)} pass" if outcome.passed else "nothing passes"
    counts = f"{outcome.answered:>8,} {outcome.recorded:>8,} {outcome.missing:>7,} {outcome.tolerated:>9,}"
    counts += f" {max(0.0, outcome.absent_s):>6.1f} s"
    case, verdict = outcome.killing, outcome.verdict
    return f"{case.number:>3} {case.text:<90} {counts}  {verdict:<12} {how:<14} {outcome.said}"


def main(first: int, last: int) -> int:
    """Make the runs and print the table; 1 when something passed wrongly, or a run could not be judged."""
    print("Runs with killed processes   command: python -m benchmarks.kills")
    print(
        f"{'no.':>3} {'run':<12} {'length':<6} {'killed':<70} "
        f"{'answered':>8} {'recorded':>8} {'missing':>7} tolerated  absent"
    )
    synthesized = synthesize("kills")
    outcomes = []
    for number in range(first, last + 1):
        outcomes.append(make(killing(number), synthesized))
        print(row(outcomes[-1]), flush=True)
    wrong = sum(outcome.wrong for outcome in outcomes)
    unjudged = sum(outcome.verdict == "none" for outcome in outcomes)
    lacking = sum(outcome.lacks for outcome in outcomes)
    passing = sum(bool(outcome.passed) and not outcome.lacks for outcome in outcomes)
    print(f"{len(outcomes)} runs: {wrong} wrong PASSes, {unjudged} that could not be judged")
    print(
        f"{lacking} lack a part of their record; of the {len(outcomes) - lacking} others something passes in {passing}"
    )
    return 1 if wrong or unjudged else 0


if __name__ == "__main__":
    options = parser("kills", __doc__)
    options.add_argument("first", type=int, nargs="?", default=1, help="number of the first run")
    options.add_argument("last", type=int, nargs="?", default=RUNS, help="number of the last run")
    chosen = options.parse_args()
    sys.exit(main(chosen.first, chosen.last))
