"""A process that records reads: the only one, or a worker of a master, which it also watches.

It takes part from when the plan arrives until it is told to stop, or its master is gone. A worker that does not see the
master's files records into a folder of its own and sends its records.
"""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

import gevent
from gevent.event import Event
from locust.runners import LocalRunner, WorkerRunner

from loadtest.errors import UsageError
from loadtest.http1.access import Access
from loadtest.http1.trust import tls_context
from loadtest.load.interrupts import waiting_through_ctrl_c
from loadtest.load.options.option_values import place_from
from loadtest.load.reading.recorder import Recorder
from loadtest.load.reading.recorders_by_address import RecordersByAddress
from loadtest.load.workers.clock_readings import CLOCK_MESSAGE, answer_reading
from loadtest.load.workers.master_watch import BESIDE_MASTER, FAR_FROM_MASTER, MasterWatch
from loadtest.load.workers.plan_message import CODE_KEY, FILES_KEY, OFFSET_KEY, PLAN_MESSAGE, SHARES_KEY
from loadtest.load.workers.record_receiver import END_MESSAGE
from loadtest.load.workers.record_sender import RECEIVED_MESSAGE, RecordSender
from loadtest.load.workers.workers import OTHER_VERSION, REFUSAL_MESSAGE, why_refused
from loadtest.load.writer.news import ACKNOWLEDGED_MESSAGE
from loadtest.project import code_digest
from loadtest.run.files import DOCUMENTS_FOLDER
from loadtest.run.plan import Plan
from loadtest.run.run_directory import sees_run

logger = logging.getLogger(__name__)

COUNTS_KEY: Final = "read-model-counts"
LONGEST_SENDING_S: Final = 10.0
"""How long this process waits at its end for the master to have all of its records."""


class Participant:
    """Records the reads of this process, run after run. ``on_begin`` is called when it begins to."""

    def __init__(self, environment: Any, on_begin: Callable[[RecordersByAddress], None]) -> None:
        self._runner = environment.runner
        self._on_begin = on_begin
        self._recorders: RecordersByAddress | None = None
        self._planned = Event()
        self._master_watch: MasterWatch | None = None
        self._sender: RecordSender | None = None
        self._offset_ns = 0
        self._place = place_from(environment.parsed_options)  # before the master's options replace this worker's
        self._runner.register_message(CLOCK_MESSAGE, self._on_clock)
        self._runner.register_message(PLAN_MESSAGE, self._on_plan)
        self._runner.register_message(END_MESSAGE, self._on_end)
        self._runner.register_message(RECEIVED_MESSAGE, self._on_received)
        self._runner.register_message(ACKNOWLEDGED_MESSAGE, self._on_acknowledged)
        environment.events.report_to_master.add_listener(self._on_report_to_master)
        environment.events.heartbeat_received.add_listener(self._on_heartbeat)

    def recorder(self) -> Recorder:
        """The recorder of one more reader of this process; waits until the run begins."""
        self._planned.wait()
        assert self._recorders is not None  # noqa: S101 - set before the event
        return self._recorders.next()

    def stop_sending(self) -> None:
        """The run ends: no read is sent any more."""
        self._be_patient_with_the_master()
        if self._recorders is not None:
            self._recorders.stop_sending()

    def stop_recording(self) -> None:
        """The readers have finished: close the recording. Stopping twice is fine."""
        self._be_patient_with_the_master()
        if self._recorders is not None:
            self._recorders.close()
            self._recorders = None
            self._planned = Event()

    def end_sending(self) -> None:
        """This process ends: stop reading, and wait until the master has all that is sent to it. Twice is fine."""
        watch, self._master_watch = self._master_watch, None
        if watch is not None:
            watch.stop()
        sender, self._sender = self._sender, None
        if sender is not None:
            with waiting_through_ctrl_c():  # a second one must not end this before the log says where the records are
                self._runner.stop()
                self.stop_recording()
                sender.finish(LONGEST_SENDING_S)

    def _on_end(self, **_kwargs: Any) -> None:
        gevent.spawn(self._runner.stop)  # not in the greenlet that takes in messages, because the master's are needed

    def _on_received(self, msg: Any, **_kwargs: Any) -> None:
        if self._sender is not None:
            self._sender.on_received(msg.data["run"], msg.data["sizes"], complete=msg.data["complete"])

    def _on_plan(self, msg: Any, **_kwargs: Any) -> None:
        content = dict(msg.data)
        share = content.pop(SHARES_KEY, {}).get(getattr(self._runner, "client_id", ""), 0)
        code, self._offset_ns = content.pop(CODE_KEY, ""), content.pop(OFFSET_KEY, 0)
        files = content.pop(FILES_KEY, {})
        own_folder = ""
        try:
            if code != code_digest():
                raise UsageError(OTHER_VERSION)
            plan = Plan(**content)
            plan = replace(plan, start_ns=plan.start_ns + self._offset_ns)
            beside_master = isinstance(self._runner, LocalRunner) or sees_run(Path(plan.run_dir), plan.run)
            if not beside_master:
                own_folder = tempfile.mkdtemp(prefix="read-model-")  # that nobody else may read
                _fill(Path(own_folder), files)
                plan = replace(plan, run_dir=own_folder)
            if plan.cert:  # so that a wrong one is refused before the first reader uses it
                tls_context(access=Access.of(plan))
            recorders = RecordersByAddress(plan, share)
        except (TypeError, ValueError, UsageError, OSError) as error:
            if own_folder:
                shutil.rmtree(own_folder, ignore_errors=True)
            why = why_refused(error)
            logger.error("This process does not read the samples: %s.", why)
            self._runner.send_message(REFUSAL_MESSAGE, {"why": why})
            return
        self._recorders = recorders
        if self._sender is not None:  # the one of an earlier run, which has sent everything or given up by now
            self._sender.finish(0)
        self._sender = None
        if not beside_master:
            self._sender = RecordSender(self._runner, recorders.of_address[0].spool.name, plan.run)
            self._sender.start()
        if isinstance(self._runner, WorkerRunner):
            if self._master_watch is not None:
                self._master_watch.stop()
            self._master_watch = MasterWatch(
                self._on_master_lost, FAR_FROM_MASTER if not beside_master else BESIDE_MASTER
            )
        self._on_begin(recorders)
        self._planned.set()

    def _on_clock(self, msg: Any, **_kwargs: Any) -> None:
        answer_reading(self._runner, msg, self._place)
        self._on_heartbeat(process=msg.data["process"])

    def _on_heartbeat(self, process: int | None = None, **_kwargs: Any) -> None:
        if self._master_watch is not None:
            self._master_watch.heard(process)

    def _on_master_lost(self, why: str) -> None:
        logger.error("This worker has lost its master (%s): it stops reading, and ends.", why)
        if self._recorders is not None:
            self._recorders.stop_sending()
        self._runner.quit()

    def _be_patient_with_the_master(self) -> None:
        if self._master_watch is not None:
            self._master_watch.silent_turns = FAR_FROM_MASTER

    def _on_acknowledged(self, msg: Any, **_kwargs: Any) -> None:
        if self._recorders is not None:
            self._recorders.acknowledge(msg.data["version"], msg.data["returned_ns"] + self._offset_ns)

    def _on_report_to_master(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if self._recorders is not None:
            data[COUNTS_KEY] = asdict(self._recorders.counted())


def _fill(folder: Path, files: dict[str, bytes]) -> None:
    """Make ``folder`` a run directory on this host, with those of the master's files that readers need."""
    for name, content in files.items():
        path = folder / DOCUMENTS_FOLDER if Path(name).parent.name == DOCUMENTS_FOLDER else folder
        path.mkdir(exist_ok=True)
        (path / Path(name).name).write_bytes(content)
