"""The life of a run, in the Locust process that has one: standalone, or the master of several workers.

prepare (target, run directory, writer, version 0) → start (all users are there: agree on a start) → finish (stop the
writer, wait for the workers' spools, seal, report). Workers hear of the start by a Locust message.
"""

from __future__ import annotations

import logging
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final, TextIO

import gevent
from locust.exception import CatchResponseError

from loadtest.options import Settings, UsageError
from loadtest.recording.plan import Plan, boot_id
from loadtest.recording.preflight import check_answers, wait_for_version_0
from loadtest.recording.progress import Progress
from loadtest.recording.run_directory import RunDirectory
from loadtest.recording.spool import SPOOL_FOLDER, closed_spools
from loadtest.recording.writer_process import JOURNAL_NAME, Put, WriterProcess
from loadtest.records import EXIT_CODES, EXIT_USAGE, Verdict, WriteOutcome
from loadtest.schedule import SECOND
from loadtest.target import Target
from loadtest.terminals import can_redraw

logger = logging.getLogger(__name__)

PLAN_MESSAGE: Final = "read-model-plan"
ACKNOWLEDGED_MESSAGE: Final = "read-model-acknowledged"
_HEAD_START_NS: Final = SECOND // 2
"""Time for the plan to reach every worker before the first read is due."""
_PROJECT: Final = Path(__file__).resolve().parents[2]


class Coordinator:
    """One run. Its methods are called in order, each once; ``finish`` may be called at any time and more than once."""

    def __init__(self, environment: Any, settings: Settings, target: Target) -> None:
        self._environment = environment
        self._settings = settings
        self._target = target
        self._writer: WriterProcess | None = None
        self._directory: RunDirectory | None = None
        self._plan: Plan | None = None
        self._progress: Progress | None = None
        self._finished = False

    def prepare(self) -> None:
        """Everything that can fail for want of a right setting, before any load.

        Raises:
            UsageError: one sentence that says what was received and what to do.
        """
        check_answers(self._target)
        self._directory = RunDirectory.create(self._settings.run_dir)
        try:
            journal = self._directory.path / JOURNAL_NAME
            self._writer = WriterProcess(
                self._directory.run, journal, self._settings, self._target, on_put=self._on_put
            )
            self._writer.first_put()
            wait_for_version_0(self._target, self._directory.run, self._settings.payload_bytes)
        except BaseException:
            self.abandon()
            raise

    def start(self, users: int, workers: int, ends_ns: int | None = None) -> Plan:
        """All users are there: fix when the first window begins, and tell the writer.

        ``ends_ns`` is when the run will end, if that is known (CLOCK_MONOTONIC); only the progress display needs it.
        """
        assert self._directory is not None and self._writer is not None  # noqa: S101 - called in order
        settings = self._settings
        self._plan = Plan(
            run=self._directory.run,
            run_dir=str(self._directory.path.resolve()),
            boot_id=boot_id(),
            url=self._target.url,
            start_ns=time.monotonic_ns() + _HEAD_START_NS,
            window_ns=int(settings.window * SECOND),
            seed=settings.seed,
            payload_bytes=settings.payload_bytes,
            arrival_rate=settings.arrival_rate,
            arrival_process=settings.arrival_process,
            conditional_share=settings.conditional_share,
            workers=max(1, workers),
        )
        (self._directory.path / SPOOL_FOLDER).mkdir()  # a run of which nothing was recorded is a run, too
        self._directory.describe(settings, self._target, self._plan, users)
        self._writer.start(self._plan, settings.write_interval)
        tables = bool(self._environment.parsed_options.print_stats)
        self._progress = Progress(self._plan, ends_ns, live=can_redraw(sys.stderr) and not tables)
        return self._plan

    @property
    def plan(self) -> Plan | None:
        """The plan, once the run has started."""
        return self._plan

    @property
    def path(self) -> Path | None:
        """The run directory, once there is one."""
        return self._directory.path if self._directory is not None else None

    @property
    def progress(self) -> Progress | None:
        """The live counts, once the run has started."""
        return self._progress

    def _on_put(self, put: Put) -> None:
        acknowledged = put.outcome is WriteOutcome.ACKED
        self._environment.events.request.fire(
            request_type="PUT",
            name=self._target.object_key,
            response_time=put.milliseconds,
            response_length=put.bytes,
            exception=None if acknowledged else CatchResponseError(put.error),
            context={},
        )
        if self._progress is not None:
            self._progress.writes += 1
        if acknowledged:
            self._environment.runner.send_message(
                ACKNOWLEDGED_MESSAGE, {"version": put.version, "returned_ns": put.returned_ns}
            )

    def mark_end(self) -> None:
        """The readers are about to stop: the windows end here."""
        if self._directory is not None and self._plan is not None:
            self._directory.end(time.monotonic_ns())

    def abandon(self) -> None:
        """Give up before the run started: stop the writer and leave no half run behind."""
        if self._writer is not None:
            self._writer.stop()
        if self._directory is not None and self._plan is None:
            self._directory.remove()
        self._finished = True

    def finish(self) -> None:
        """End the run and report on it; sets the exit code of Locust."""
        if self._finished:
            return
        if self._plan is None or self._directory is None:
            self.abandon()
            self._environment.process_exit_code = EXIT_USAGE
            logger.error("The run ended before all users were there, so nothing was measured; give it more --run-time.")
            return
        self._finished = True
        if self._progress is not None:
            self._progress.stop()
        self.mark_end()
        if self._writer is not None:
            self._writer.stop()
        self._wait_for_spools(self._directory.path, self._plan.workers)
        command = [sys.executable, "-m", "loadtest", "report", "--no-answers", str(self._directory.path.resolve())]
        finished = subprocess.run(command, check=False, cwd=_PROJECT, stdout=self._answers_to())
        self._directory.point_latest_here()
        self._environment.process_exit_code = _exit_code(finished.returncode)

    def print_answers(self) -> None:
        """Print the answers of a run that has finished; nothing when there are none."""
        from loadtest.reports import REPORT_FILES  # noqa: PLC0415 - only now is there time for the import
        from loadtest.reports.terminal import print_answers  # noqa: PLC0415
        from loadtest.summary import read_summary  # noqa: PLC0415

        path = self._directory.path if self._directory is not None else None
        if path is not None and (path / "summary.json").exists():
            written = tuple(path / name for name in REPORT_FILES)
            print_answers(read_summary(path / "summary.json"), written, self._answers_to())

    def _answers_to(self) -> TextIO:
        """Standard output, unless Locust's JSON is to be the only thing there."""
        return sys.stderr if self._environment.parsed_options.json else sys.stdout

    def _wait_for_spools(self, run_dir: Path, workers: int) -> None:
        patience = self._environment.stop_timeout + 10
        with gevent.Timeout(patience, False):
            while closed_spools(run_dir) < workers:
                gevent.sleep(0.05)
            return
        logger.warning("Not every worker has closed its recording within %s s; what it flushed is used.", patience)


def _exit_code(code: int) -> int:
    known = {*EXIT_CODES.values(), EXIT_USAGE}
    return code if code in known else EXIT_CODES[Verdict.INCONCLUSIVE]


def usage_exit(error: UsageError) -> None:
    """Say what was wrong and end the process, before any load."""
    sys.stderr.write(f"{error}\n")
    sys.stderr.flush()
    raise SystemExit(EXIT_USAGE)
