"""The life of a run, in the Locust process that has one: standalone, or the master of several workers.

prepare (target, run directory, writer, version 0) → start (all users are there: agree on a start) → finish (stop the
writer, wait for the workers' spools, seal, report). Workers hear of the start by a Locust message.
"""

from __future__ import annotations

import dataclasses
import logging
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final, TextIO

import gevent

from loadtest.errors import EXIT_USAGE, UsageError
from loadtest.load.ending import exit_code, say, wait_for_spools
from loadtest.load.interrupts import waiting_through_ctrl_c
from loadtest.load.looking.looking import Looking
from loadtest.load.meeting import Agreed
from loadtest.load.owed import earlier_runs, take_over
from loadtest.load.own_documents import take_documents
from loadtest.load.progress.progress import Progress
from loadtest.load.publishing import put_arguments, refuse_if_one_is_there, refuse_too_few
from loadtest.load.record_receiver import RecordReceiver
from loadtest.load.several import check_all_answer, take_what_is_everywhere, wait_for_version_0_everywhere
from loadtest.load.watching import addresses_see, readers_see, take_first_document
from loadtest.load.workers import Workers
from loadtest.load.writer.orders import about
from loadtest.load.writer.process import WriterProcess
from loadtest.load.writer.putting_back import PuttingBack
from loadtest.load.writer.watcher_process import WatcherProcess, with_key_of_a_reader
from loadtest.load.writer_news import WatcherNews, WriterNews
from loadtest.project import PROJECT
from loadtest.run.documents.kind import Description, Documents
from loadtest.run.documents.kinds import documents_of, made_up_documents, observed_documents, standing_document
from loadtest.run.files import JOURNAL_NAME, KEPT_FOLDER, REPORT_FILES, SPOOL_FOLDER, SUMMARY_FILE
from loadtest.run.looks import planned_looks, rests_until_decided
from loadtest.run.plan import Plan, boot_id
from loadtest.run.presence import WRITER
from loadtest.run.run_directory import RunDirectory
from loadtest.run.schedule import NO_RESTS, rests_for
from loadtest.run.settings import NO_WRITER, WATCH, Settings
from loadtest.run.source import find_source
from loadtest.sandbox.marker import identified
from loadtest.target.finding import Target
from loadtest.target.keeping import beginning
from loadtest.target.kept_document import keep
from loadtest.target.preflight import read_address
from loadtest.terminals import can_redraw
from loadtest.units import SECOND

logger = logging.getLogger(__name__)

PLAN_MESSAGE: Final = "read-model-plan"
_HEAD_START_NS: Final = SECOND // 2
"""Time for the plan to reach every worker before the first read is due."""


class Coordinator:
    """One run. Its methods are called in order, each once; ``finish`` may be called at any time and more than once."""

    def __init__(self, environment: Any, settings: Settings, target: Target) -> None:
        self._environment = environment
        self._settings = settings
        self._target = target
        self._documents: Description = {}
        self._writer: WriterProcess | None = None
        self._directory: RunDirectory | None = None
        self._plan: Plan | None = None
        self._progress: Progress | None = None
        self._finished = False
        self._shown_target: Target | None = None
        self._news: WriterNews | None = None
        self._put_back: PuttingBack | None = None
        self._team: Workers | None = None
        self._promised: dict[str, int | None] = {}
        self._looking: Looking | None = None
        self.receiver: RecordReceiver | None = None
        """Takes the records of workers that do not see this run's files; in a run with workers, once it has started."""

    def prepare(self) -> None:
        """Everything that can fail for want of a right setting, before any load.

        Raises:
            UsageError: one sentence that says what was received and what to do.
        """
        check_all_answer(self._target)
        self._target = identified(self._target)
        self._directory = RunDirectory.create(self._settings.run_dir, find_source(self._settings.label))
        try:
            if self._settings.writer == WATCH:
                self._watch(self._directory)
            elif self._settings.writer == NO_WRITER:
                if said := addresses_see(self._target):
                    say(said)
                size = take_first_document(self._directory.path / JOURNAL_NAME, self._target)
                self._documents = observed_documents(size)
                self._settings = dataclasses.replace(self._settings, payload_bytes=size)
            elif self._settings.write_interval == 0:
                folder = self._directory.path
                size = take_what_is_everywhere(folder, folder / JOURNAL_NAME, self._target)
                self._documents = standing_document()
                self._settings = dataclasses.replace(self._settings, payload_bytes=size)
            else:
                documents = self._take_documents(self._directory)
                before = self._put_version_0(self._directory, documents)
                wait_for_version_0_everywhere(self._target, documents, before)
        except OSError as error:
            self.abandon()
            raise UsageError(
                f"{error.filename or self._directory.path} cannot be written ({error.strerror or error}): make room "
                "there, or give another --run-dir."
            ) from None
        except BaseException:
            self.abandon()
            raise

    def _watch(self, directory: RunDirectory) -> None:
        """Start the watcher, which never writes, and compare what it saw with what readers get."""
        target = with_key_of_a_reader(self._target)
        news = self._news = WatcherNews(self._environment, target.object_key, directory)
        watcher = self._writer = WatcherProcess(
            directory.run, directory.path, self._settings, target, {}, news.on_put, news.on_trouble, news.on_end
        )
        looked = watcher.first()
        self._shown_target = dataclasses.replace(target, s3_endpoint_url=looked.get("endpoint") or None)
        for one in target.each():
            if said := readers_see(one, looked, watcher.place):
                say(said)
        self._documents = observed_documents(looked["bytes"])
        self._settings = dataclasses.replace(self._settings, payload_bytes=looked["bytes"])

    def _take_documents(self, directory: RunDirectory) -> Documents:
        """The documents of the run: made up, or the user's own."""
        settings = self._settings
        if not settings.has_own_documents:
            self._documents = made_up_documents(settings.payload_bytes)
            return documents_of(self._documents, directory.run, directory.path)
        self._documents = take_documents(settings, directory.path, directory.run)
        documents = documents_of(self._documents, directory.run, directory.path)
        options = self._environment.parsed_options
        refuse_too_few(settings, documents, options.run_time if options.headless else None)
        self._settings = dataclasses.replace(settings, payload_bytes=documents.largest)
        return documents

    def _put_version_0(self, directory: RunDirectory, documents: Documents) -> bytes | None:
        """Start the writer, keep what is there, and replace it by version 0; what was there, where that is known."""
        settings, target, run_dir = self._settings, self._target, directory.path
        news = self._news = WriterNews(self._environment, target.object_key, directory)
        self._writer = WriterProcess(
            *(directory.run, run_dir, settings, target, self._documents),
            *(news.on_put, news.on_trouble, news.on_end, self._on_published),
        )
        looked = self._writer.look()
        begin = beginning(looked, target, lambda: read_address(target), overwrite=settings.overwrite)
        self._shown_target = dataclasses.replace(target, s3_endpoint_url=looked.get("endpoint") or None)
        known = about(directory.run, settings, target)
        if begin.keep is not None or begin.found_nothing:
            keep(run_dir / KEPT_FOLDER, {**known, "from": "address"}, begin.keep)
        earlier = earlier_runs(run_dir, known, begin.made_up_by)
        lines = [begin.say, *earlier.say]
        if earlier.heir_of is not None:
            lines[0] = take_over(run_dir, earlier.heir_of, known)
        for line in filter(None, lines):
            say(line)
        before = refuse_if_one_is_there(self._documents, documents, run_dir, target.object_key)
        self._writer.put_first(begin.put, put_arguments(self._documents, run_dir))
        return before

    def _on_published(self, count: int) -> None:
        """All documents have been published: a run that went on would have writing windows without a write."""
        say(f"All {count:,} documents have been published, so the run ends here.")
        runner = self._environment.runner
        gevent.spawn(runner.quit if self._environment.parsed_options.headless else runner.stop)

    def start(
        self, users: int, team: Workers, ends_ns: int | None = None, agreed: Agreed | None = None, side: str = ""
    ) -> Plan:
        """All users are there: fix when the first window begins, write down who is to record, and tell the writer.

        ``ends_ns`` is when the run will end, if that is known (CLOCK_MONOTONIC): a short one has no room for rests.
        What was ``agreed`` is the beginning of both runs of a duel, of which this is one ``side``.
        """
        assert self._directory is not None  # noqa: S101 - called in order
        settings = self._settings
        window_ns = round(settings.window * SECOND)
        start_ns = agreed.start_ns if agreed is not None else time.monotonic_ns() + _HEAD_START_NS
        run_ns = None if ends_ns is None else max(0, ends_ns - start_ns)
        rests = NO_RESTS if side else rests_for(window_ns, run_ns)
        if settings.until_decided and run_ns is not None:
            rests = rests_until_decided(window_ns, run_ns)
        self._plan = Plan(
            run=self._directory.run,
            run_dir=str(self._directory.path.resolve()),
            boot_id=boot_id(),
            url=self._target.url,
            start_ns=start_ns,
            window_ns=window_ns,
            seed=settings.seed,
            payload_bytes=settings.payload_bytes,
            documents=self._documents,
            arrival_rate=settings.arrival_rate,
            arrival_process=settings.arrival_process,
            conditional_share=settings.conditional_share,
            workers=max(1, len(team.shares)),
            rest_windows=rests.windows,
            rest_pairs=rests.pairs,
            side=side,
            headers=self._target.access.headers,
            cert=self._target.access.cert,
            key=self._target.access.key,
            addresses=self._target.addresses,
        )
        if self._news is not None:
            self._news.started = True
        self._team = team
        self._promised = {"readers": users, "planned_end_ns": ends_ns}
        (self._directory.path / SPOOL_FOLDER).mkdir()  # a run that recorded nothing has the folder too
        if team.shares:
            team.keep_exchanges(self._directory.path)
            self.receiver = RecordReceiver(self._environment.runner, self._directory.path, self._plan.run, team.shares)
        shown = (self._shown_target or self._target).public()
        self._directory.describe(settings, shown, self._plan, users, self._manifest())
        if settings.until_decided and ends_ns is not None:
            self._look_until_decided(self._directory, self._plan, ends_ns)
        if self._writer is not None:
            self._writer.start(self._plan, settings.write_interval)
        tables = bool(self._environment.parsed_options.print_stats)
        self._progress = Progress(self._plan, ends_ns, live=can_redraw(sys.stderr) and not tables)
        if self._news is not None:
            self._news.progress = self._progress
        return self._plan

    def _look_until_decided(self, directory: RunDirectory, plan: Plan, ends_ns: int) -> None:
        """Look at the run as it goes on, and end it, as its time would, when every question is decided."""
        looks = planned_looks(plan.windows(), ends_ns)
        if len(looks) < 2:
            logger.warning("--run-time is too short to end before it: no look but the report has six pairs of windows.")
        if looks:
            self._looking = Looking(
                directory.path, looks, lambda found: directory.note(looks=found), self._environment.runner.quit
            )
            self._looking.start()

    def _manifest(self) -> dict[str, Any]:
        """Who is to record, and what is known of each by now."""
        processes = self._team.promised() if self._team is not None else []
        if self._writer is not None:
            processes.append({"role": WRITER, "share": 0, "shares": 0, "refused": ""})
        return {"processes": processes, **self._promised}

    def note_workers(self) -> None:
        """Write down what has become known of the workers since the run began."""
        if self._directory is not None and self._plan is not None and not self._finished:
            self._directory.note(manifest=self._manifest())

    @property
    def finished(self) -> bool:
        return self._finished

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

    def mark_end(self) -> None:
        """The readers are about to stop: the windows end here."""
        if self._directory is not None and self._plan is not None:
            said = self._looking.found.said if self._looking is not None else ""
            self._directory.end(time.monotonic_ns(), said or "stopped")

    def abandon(self) -> None:
        """Give up before the run started: stop the writer and leave no half run behind."""
        if self._writer is not None:
            self._writer.stop()
        may_write_late = self._writer is not None and self._writer.may_write_late  # then what was kept is needed yet
        if self._directory is not None and self._plan is None and self._back_as_it_was() and not may_write_late:
            self._directory.remove()
        self._finished = True

    def _back_as_it_was(self) -> bool:
        """Put the document back that was there before the run; whether nothing is owed any more."""
        if self._directory is None or self._writer is None or not self._writer.may_have_written:
            return True
        if not (self._directory.path / KEPT_FOLDER).exists():
            return True
        if self._put_back is None:
            self._put_back = PuttingBack(self._directory.path, self._target)
        return self._put_back.done()

    def finish(self) -> None:
        """End the run and report on it; sets the exit code of Locust."""
        if self._finished:
            return
        if self._plan is None or self._directory is None:
            self.abandon()
            self._environment.process_exit_code = EXIT_USAGE
            logger.error("The run ended before all users were there, so nothing was measured; give it more --run-time.")
            return
        if self._progress is not None:
            self._progress.stop()
        if self._looking is not None:
            self._looking.stop()
        self.mark_end()
        self.note_workers()
        self._finished = True
        with waiting_through_ctrl_c():
            self._end_and_report(self._directory, self._plan)

    def _end_and_report(self, directory: RunDirectory, plan: Plan) -> None:
        if self._writer is not None:
            self._writer.stop()
        if self.receiver is not None:
            self.receiver.wait()
            self.receiver.close()
        hanging = wait_for_spools(directory.path, plan.workers, self._environment.stop_timeout + 10)
        if hanging:
            directory.note(given_up=hanging)
        self._back_as_it_was()
        command = [sys.executable, "-m", "loadtest", "report", "--no-answers", str(directory.path.resolve())]
        finished = subprocess.run(command, check=False, cwd=PROJECT, stdout=self._answers_to())
        directory.point_latest_here()
        self._environment.process_exit_code = exit_code(finished.returncode)

    def print_answers(self) -> None:
        """Print the answers of a run that has finished; nothing when there are none."""
        from loadtest.report.terminal import print_answers  # noqa: PLC0415 - only now is there time for the import
        from loadtest.summary.summary import read_summary  # noqa: PLC0415

        path = self._directory.path if self._directory is not None else None
        if path is not None and (path / SUMMARY_FILE).exists():
            written = tuple(path / name for name in REPORT_FILES if (path / name).exists())
            print_answers(read_summary(path / SUMMARY_FILE), written, self._answers_to())
        if path is not None and self._put_back is not None and not self._put_back.done():
            say(f"The document that was there before the run is NOT put back: `python -m loadtest restore {path}`.")

    def _answers_to(self) -> TextIO:
        """Standard output, unless Locust's JSON is to be the only thing there."""
        return sys.stderr if self._environment.parsed_options.json else sys.stdout
