"""Hooks this project into Locust: ``register()`` makes one object a process, which follows Locust's events.

Locust starts and ends runs in several ways (headless, web page, master and workers, Ctrl-C). What happens to a run is
the same in all of them, and lives in ``loadtest.load.coordinator`` and ``loadtest.load.reading.recorder``.
"""

from __future__ import annotations

import logging
import os
import signal
import time
from argparse import Namespace
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, Final

import gevent
from locust import events
from locust.exception import StopTest
from locust.runners import MasterRunner, WorkerRunner

from loadtest.errors import UsageError
from loadtest.load.coordinator import Coordinator
from loadtest.load.duelling.meeting import Agreed, Meeting
from loadtest.load.ending import end_hanging_children
from loadtest.load.interrupts import (
    interrupt,
    interrupt_if_asked,
    quit_after_records,
    stop_once_at_a_time,
    wait_for_the_end_of_this_process,
    waiting_through_ctrl_c,
)
from loadtest.load.options.options import add_arguments
from loadtest.load.page.host import listen_on_loopback
from loadtest.load.page.runs import PageRuns
from loadtest.load.page.tab import add_tab
from loadtest.load.participant import COUNTS_KEY, Participant
from loadtest.load.reading.recorder import Recorder
from loadtest.load.reading.recorders_by_address import RecordersByAddress
from loadtest.load.run_starter import RunStarter
from loadtest.load.workers.plan_message import PLAN_MESSAGE, plan_message
from loadtest.load.workers.record_receiver import RecordReceiver
from loadtest.load.workers.record_sender import RECORDS_MESSAGE
from loadtest.load.workers.workers import REFUSAL_MESSAGE, Workers
from loadtest.units import SECOND

if TYPE_CHECKING:
    from loadtest.load.telemetry import Telemetry

logger = logging.getLogger(__name__)

LEAST_STOP_TIMEOUT_S: Final = 5.0
"""Time for readers to finish the read in flight when a run stops: a read cut off would be a latency lost."""


def register() -> None:
    """Listen to Locust's events; called once, by the locustfile."""
    events.init_command_line_parser.add_listener(add_arguments)
    events.init_command_line_parser.add_listener(listen_on_loopback)
    events.init.add_listener(lambda environment, **_kwargs: ReadModelRun(environment))


class ReadModelRun:
    """What this process does in its runs: coordinate them (standalone, master), record reads (standalone, worker)."""

    def __init__(self, environment: Any) -> None:
        self._environment = environment
        environment.read_model = self
        self._coordinates = not isinstance(environment.runner, WorkerRunner)
        self._headless = bool(environment.parsed_options.headless)
        self._coordinator: Coordinator | None = None
        self._starter = RunStarter(environment)
        self._page: PageRuns | None = None
        self._quitting = self._starting = self._was_stopped = False
        self._test_started_ns = 0
        environment.stop_timeout = max(float(environment.stop_timeout or 0), LEAST_STOP_TIMEOUT_S)
        runner = environment.runner
        stop_once_at_a_time(runner, has_page=environment.web_ui is not None)
        if isinstance(runner, MasterRunner):
            quit_after_records(runner, self._records_to_come)
        self._team = Workers(runner) if self._coordinates else None
        self._receiver: RecordReceiver | None = None
        """The receiver of the current or last run: late messages are answered, too."""
        runner.register_message(REFUSAL_MESSAGE, self._on_refusal)
        runner.register_message(RECORDS_MESSAGE, self._on_records)  # Locust takes one listener for all runs
        if not self._coordinates and environment.parsed_options.processes:
            environment.parsed_options.json = False  # the master's JSON covers all of its workers
        self._participant = Participant(environment, self._on_begin)
        gevent.signal_handler(signal.SIGINT, interrupt)
        self._telemetry = _telemetry(environment)
        hooks = environment.events
        hooks.test_stopping.add_listener(self._on_test_stopping)
        hooks.test_stop.add_listener(self._on_test_stop)
        hooks.quitting.add_listener(self._on_quitting)
        if self._coordinates:
            hooks.test_start.add_listener(self._on_test_start)
            hooks.spawning_complete.add_listener(self._on_spawning_complete)
            hooks.worker_report.add_listener(self._on_worker_report)
            hooks.worker_connect.add_listener(self._on_worker_connect)
            if environment.web_ui is not None:
                self._page = PageRuns(environment, self)
                add_tab(environment.web_ui, self._page)
            self._coordinator = self._starter.at_start(has_page=self._page is not None)

    def recorder(self) -> Recorder:
        """The recorder of one more reader of this process; waits until the run begins."""
        return self._participant.recorder()

    def _records_to_come(self) -> RecordReceiver | None:
        return self._coordinator.receiver if self._coordinator is not None else None

    @property
    def coordinator(self) -> Coordinator | None:
        """The run that this process coordinates, if there is one."""
        return self._coordinator

    def _ends_ns(self) -> int | None:
        """When the run will end, if that is known. Locust counts the run time from before the users are there."""
        options = self._environment.parsed_options
        if self._page is not None and self._page.run_time_s is not None:
            return self._test_started_ns + self._page.run_time_s * SECOND
        if not options.run_time or not (self._headless or options.autostart):
            return None
        return self._test_started_ns + int(options.run_time * SECOND)

    def prepare_from_page(self, options: Namespace, host: str | None) -> None:
        """Prepare a run as Locust's page asks for it; ``host`` None is the one that Locust was started with."""
        self._coordinator = self._starter.from_page(options, host)

    def give_up(self) -> None:
        if self._coordinator is not None:
            self._finish()

    def _on_test_start(self, **_kwargs: Any) -> None:
        self._test_started_ns, self._was_stopped = time.monotonic_ns(), False
        if self._coordinator is not None:
            return
        try:
            self._coordinator = self._starter.next_run()
        except UsageError as error:
            if isinstance(self._environment.runner, MasterRunner):  # its greenlet would log StopTest with a traceback
                logger.error("%s", error)
                raise gevent.GreenletExit from None
            raise StopTest(str(error)) from None

    def _on_spawning_complete(self, user_count: int, **_kwargs: Any) -> None:
        coordinator, team = self._coordinator, self._team
        if coordinator is None or team is None or coordinator.plan is not None or self._starting:
            return
        self._starting = True
        agreed: Agreed | None = None
        meeting = Meeting.of(os.environ)
        try:
            team.share_out()
            if meeting is not None:
                agreed = meeting.wait(gevent.sleep, lambda: coordinator.finished)
        finally:
            self._starting = False
        if self._coordinator is not coordinator or coordinator.finished or self._was_stopped:
            return  # to begin now would give a run without a read
        for sentence in team.refusals():
            logger.error("%s", sentence)
        side = meeting.side if meeting is not None else ""
        plan = coordinator.start(user_count, team, agreed.ends_ns if agreed else self._ends_ns(), agreed, side)
        self._receiver = coordinator.receiver
        for client in team.accepted if team.shares else [None]:
            message = plan_message(plan, team, client)
            self._environment.runner.send_message(PLAN_MESSAGE, message, client)

    def _on_begin(self, recorders: RecordersByAddress) -> None:
        if self._coordinator is not None and self._coordinator.progress is not None:
            self._coordinator.progress.local = recorders.counted

    def _on_refusal(self, msg: Any, **_kwargs: Any) -> None:
        if self._team is not None and self._coordinator is not None:
            self._team.refuse(msg.node_id, str(msg.data["why"]))
            if msg.node_id in self._team.shares:
                logger.error("%s", self._team.refusal(msg.node_id))
            self._coordinator.note_workers()

    def _on_records(self, msg: Any, **_kwargs: Any) -> None:
        if self._receiver is not None:
            self._receiver.on_records(msg)

    def _on_worker_connect(self, client_id: str, **_kwargs: Any) -> None:
        if self._coordinator is not None and self._coordinator.plan is not None:
            logger.warning("%s came after the reads had been shared out; it joins in the next run.", client_id)

    def _on_worker_report(self, client_id: str, data: dict[str, Any], **_kwargs: Any) -> None:
        if COUNTS_KEY in data and self._coordinator and self._coordinator.progress:
            self._coordinator.progress.update(client_id, data[COUNTS_KEY])

    def _on_test_stopping(self, **_kwargs: Any) -> None:
        self._was_stopped = True
        if self._coordinator is not None:
            self._coordinator.mark_end()
        self._participant.stop_sending()

    def _on_test_stop(self, **_kwargs: Any) -> None:
        self._participant.stop_recording()
        quits = self._headless or self._quitting
        master_that_quits = isinstance(self._environment.runner, MasterRunner) and quits  # finishes when it quits
        if self._coordinator is not None and not master_that_quits:
            self._finish()

    def _on_quitting(self, **_kwargs: Any) -> None:
        if self._quitting:
            wait_for_the_end_of_this_process()
        self._quitting = True
        with waiting_through_ctrl_c():  # who waits for readers of a target that hangs presses it again
            self._participant.end_sending()  # now, while the master can still answer
            self._environment.runner.quit()  # readers end before their recording does
            self._participant.stop_recording()
            if self._coordinator is not None:
                self._finish()
        if self._coordinates:
            end_hanging_children()
        else:
            self._environment.process_exit_code = 0  # the master's verdict counts

    def _finish(self) -> None:
        coordinator, self._coordinator = self._coordinator, None
        assert coordinator is not None  # noqa: S101 - asked by the callers
        with self._page.reporting(coordinator) if self._page is not None else nullcontext():
            coordinator.finish()
        if self._telemetry is not None:
            self._telemetry.tell_of(coordinator.path)
        if self._team is not None:
            self._team.stop()
        if self._headless:  # after Locust's own statistics, so that the answers come last
            self._environment.events.quit.add_listener(lambda **_kwargs: coordinator.print_answers())
        else:
            coordinator.print_answers()
            if not self._quitting:  # pressed while it reported, Ctrl-C ends the page too
                interrupt_if_asked()


def _telemetry(environment: Any) -> Telemetry | None:
    """The instruments of this process, where Locust's --otel is on; where it is not, nothing of it is imported."""
    if not getattr(environment.parsed_options, "otel", False):
        return None
    try:
        from loadtest.load.telemetry import Telemetry  # noqa: PLC0415 - costs nothing when it is off
    except ImportError:
        return None  # Locust has said that OpenTelemetry is not installed, and how to install it
    return Telemetry(environment)
