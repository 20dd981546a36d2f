"""The life of a run, in the Locust process that has one: standalone, or the master of several workers.

prepare (``loadtest.load.preparing.preparation``) → start (all users are there: agree on a start) → finish (stop the
writer, wait for the workers' spools, seal, report). Workers hear of the start by a Locust message.
"""

from __future__ import annotations

import logging
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final, TextIO

from loadtest.errors import EXIT_USAGE
from loadtest.load.duelling.meeting import Agreed
from loadtest.load.ending import exit_code, wait_for_spools
from loadtest.load.interrupts import waiting_through_ctrl_c
from loadtest.load.looking.looking import Looking
from loadtest.load.preparing.preparation import Preparation
from loadtest.load.progress.live_display import log_held_back
from loadtest.load.progress.progress import Progress
from loadtest.load.workers.record_receiver import RecordReceiver
from loadtest.load.workers.workers import Workers
from loadtest.project import PROJECT
from loadtest.run.files import REPORT_FILES, SPOOL_FOLDER, SUMMARY_FILE
from loadtest.run.history.looks import planned_looks, rests_until_decided
from loadtest.run.plan import Plan, boot_id
from loadtest.run.run_directory import RunDirectory
from loadtest.run.schedule import NO_RESTS, rests_for
from loadtest.run.settings import Settings
from loadtest.run.spool.presence import WRITER
from loadtest.target.finding import Target
from loadtest.terminals import can_redraw, say
from loadtest.units import SECOND

logger = logging.getLogger(__name__)

_HEAD_START_NS: Final = SECOND // 2
"""Time for the plan to reach every worker before the first read is due."""


class Coordinator:
    """One run. Its methods are called in order, each once; ``finish`` may be called at any time and more than once."""

    def __init__(self, environment: Any, settings: Settings, target: Target) -> None:
        self._environment = environment
        self._preparation = Preparation(environment, settings, target)
        self.plan: Plan | None = None
        """Once the run has started."""
        self.progress: Progress | None = None
        """The live counts, once the run has started."""
        self.finished = False
        self._team: Workers | None = None
        self._promised: dict[str, int | None] = {}
        self._looking: Looking | None = None
        self.receiver: RecordReceiver | None = None
        """Takes the records of workers that do not see this run's files; in a run with workers, once it has started."""

    def prepare(self) -> None:
        """Everything that can fail for want of a right setting, before any load."""
        self._preparation.prepare()

    def start(
        self, users: int, team: Workers, ends_ns: int | None = None, agreed: Agreed | None = None, side: str = ""
    ) -> Plan:
        """Begin, now that all users are there: set the first window, write down who is to record, tell the writer.

        ``ends_ns`` is when the run will end (CLOCK_MONOTONIC), if that is known: a short run has no room for rests.
        ``agreed`` is the beginning of both runs of a duel, of which this is one ``side``.
        """
        prepared = self._preparation
        directory, settings, target = prepared.directory, prepared.settings, prepared.target
        assert directory is not None  # noqa: S101 - called in order
        window_ns = round(settings.window * SECOND)
        start_ns = agreed.start_ns if agreed is not None else time.monotonic_ns() + _HEAD_START_NS
        run_ns = None if ends_ns is None else max(0, ends_ns - start_ns)
        rests = NO_RESTS if side else rests_for(window_ns, run_ns)
        if settings.until_decided and run_ns is not None:
            rests = rests_until_decided(window_ns, run_ns)
        self.plan = plan = Plan(
            run=directory.run,
            run_dir=str(directory.path.resolve()),
            boot_id=boot_id(),
            url=target.url,
            start_ns=start_ns,
            window_ns=window_ns,
            seed=settings.seed,
            payload_bytes=settings.payload_bytes,
            documents=prepared.documents,
            arrival_rate=settings.arrival_rate,
            arrival_process=settings.arrival_process,
            conditional_share=settings.conditional_share,
            workers=max(1, len(team.shares)),
            rest_windows=rests.windows,
            rest_pairs=rests.pairs,
            side=side,
            headers=target.access.headers,
            cert=target.access.cert,
            key=target.access.key,
            addresses=target.addresses,
            objects=target.object_numbers,
        )
        if prepared.news is not None:
            prepared.news.started = True
        self._team = team
        self._promised = {"readers": users, "planned_end_ns": ends_ns}
        (directory.path / SPOOL_FOLDER).mkdir()  # a run that recorded nothing has the folder too
        if team.shares:
            team.keep_exchanges(directory.path)
            self.receiver = RecordReceiver(self._environment.runner, directory.path, plan.run, team.shares)
        public_target = (prepared.shown_target or target).public()
        directory.describe(settings, public_target, plan, users, self._manifest())
        if settings.until_decided and ends_ns is not None:
            self._look_until_decided(directory, plan, ends_ns)
        if prepared.writer is not None:
            prepared.writer.start(plan, settings.write_interval)
        tables = bool(self._environment.parsed_options.print_stats)
        self.progress = Progress(plan, ends_ns, live=can_redraw(sys.stderr) and not tables)
        if prepared.news is not None:
            prepared.news.progress = self.progress
        return plan

    def _look_until_decided(self, directory: RunDirectory, plan: Plan, ends_ns: int) -> None:
        """Look at the run as it goes on, and end it when every question is decided, as if its time were over."""
        looks = planned_looks(plan.windows(), ends_ns)
        if len(looks) < 2:
            logger.warning("--run-time is too short to end before it: no look but the report has six pairs of windows.")
        if looks:
            self._looking = Looking(
                directory.path, looks, lambda results: directory.note(looks=results), self._environment.runner.quit
            )
            self._looking.start()

    def _manifest(self) -> dict[str, Any]:
        """The processes that are to record, and what is known of each by now."""
        processes = self._team.promised() if self._team is not None else []
        if self._preparation.writer is not None:
            processes.append({"role": WRITER, "share": 0, "shares": 0, "refused": ""})
        return {"processes": processes, **self._promised}

    def note_workers(self) -> None:
        """Write down what has become known of the workers since the run began."""
        directory = self._preparation.directory
        if directory is not None and self.plan is not None and not self.finished:
            directory.note(manifest=self._manifest())

    @property
    def path(self) -> Path | None:
        """The run directory, once there is one."""
        directory = self._preparation.directory
        return directory.path if directory is not None else None

    def mark_end(self) -> None:
        """Note that the readers are about to stop: the windows end here."""
        directory = self._preparation.directory
        if directory is not None and self.plan is not None:
            reason = self._looking.results.said if self._looking is not None else ""
            directory.end(time.monotonic_ns(), reason or "stopped")

    def finish(self) -> None:
        """End the run and report on it; sets the exit code of Locust."""
        if self.finished:
            return
        directory = self._preparation.directory
        if self.plan is None or directory is None:
            self._preparation.abandon()
            self.finished = True
            self._environment.process_exit_code = EXIT_USAGE
            logger.error("The run ended before all users were there, so nothing was measured; give it more --run-time.")
            return
        if self.progress is not None:
            self.progress.stop()
        if self._looking is not None:
            self._looking.stop()
        self.mark_end()
        self.note_workers()
        self.finished = True
        with waiting_through_ctrl_c():
            self._end_and_report(directory, self.plan)

    def _end_and_report(self, directory: RunDirectory, plan: Plan) -> None:
        if self._preparation.writer is not None:
            self._preparation.writer.stop()
        if self.receiver is not None:
            self.receiver.wait()
            self.receiver.close()
        hanging = wait_for_spools(directory.path, plan.workers, self._environment.stop_timeout + 10)
        if hanging:
            directory.note(given_up=hanging)
        self._preparation.put_back()
        command = [sys.executable, "-m", "loadtest", "report", "--no-answers", str(directory.path.resolve())]
        with log_held_back():  # of what else ends meanwhile, after Ctrl-C say: the report shows what it is doing
            finished = subprocess.run(command, check=False, cwd=PROJECT, stdout=self._answers_to())
        directory.point_latest_here()
        self._environment.process_exit_code = exit_code(finished.returncode)

    def print_answers(self) -> None:
        """Print the answers of a run that has finished; nothing when there are none."""
        from loadtest.report.terminal import print_answers  # noqa: PLC0415 - only now is there time for the import
        from loadtest.summary.summary import read_summary  # noqa: PLC0415

        path = self.path
        if path is not None and (path / SUMMARY_FILE).exists():
            written = tuple(path / name for name in REPORT_FILES if (path / name).exists())
            print_answers(read_summary(path / SUMMARY_FILE), written, self._answers_to())
        if path is not None and self._preparation.failed_to_put_back:
            say(f"The document that was there before the run is NOT put back: `python -m loadtest restore {path}`.")

    def _answers_to(self) -> TextIO:
        """Standard output, unless Locust's JSON is to be the only thing there."""
        return sys.stderr if self._environment.parsed_options.json else sys.stdout
