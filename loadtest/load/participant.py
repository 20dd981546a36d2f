"""A process that records reads: the only one, or a worker of a master, which it also watches.

It takes part when the plan arrives, and stops when told to, or when its master is gone.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from gevent.event import Event
from locust.runners import WorkerRunner

from loadtest.errors import UsageError
from loadtest.load.coordinator import PLAN_MESSAGE
from loadtest.load.lanes import Lanes
from loadtest.load.master_watch import MasterWatch
from loadtest.load.recorder import Recorder
from loadtest.load.workers import CLOCK_MESSAGE, REFUSAL_MESSAGE, answer_reading, why_refused
from loadtest.load.writer_news import ACKNOWLEDGED_MESSAGE
from loadtest.run.plan import Plan
from loadtest.run.run_directory import require_run

logger = logging.getLogger(__name__)

COUNTS_KEY: Final = "read-model-counts"
SHARES_KEY: Final = "shares"


class Participant:
    """Records the reads of this process, run after run. ``on_begin`` is called when it begins to."""

    def __init__(self, environment: Any, on_begin: Callable[[Lanes], None]) -> None:
        self._runner = environment.runner
        self._on_begin = on_begin
        self._lanes: Lanes | None = None
        self._planned = Event()
        self._master_watch: MasterWatch | None = None
        self._runner.register_message(CLOCK_MESSAGE, self._on_clock)
        self._runner.register_message(PLAN_MESSAGE, self._on_plan)
        self._runner.register_message(ACKNOWLEDGED_MESSAGE, self._on_acknowledged)
        environment.events.report_to_master.add_listener(self._on_report_to_master)
        environment.events.heartbeat_received.add_listener(self._on_heartbeat)

    def recorder(self) -> Recorder:
        """The recorder of one more reader of this process; waits until the run begins."""
        self._planned.wait()
        assert self._lanes is not None  # noqa: S101 - set before the event
        return self._lanes.next()

    def stop_sending(self) -> None:
        """The run ends: no read is sent any more. While readers finish, a worker that stops hears nothing."""
        self._stop_watching_the_master()
        if self._lanes is not None:
            self._lanes.stop_sending()

    def stop_recording(self) -> None:
        """The readers have finished: close the recording. Stopping twice is fine."""
        self._stop_watching_the_master()
        if self._lanes is not None:
            self._lanes.close()
            self._lanes = None
            self._planned = Event()

    def _on_plan(self, msg: Any, **_kwargs: Any) -> None:
        content = dict(msg.data)
        share = content.pop(SHARES_KEY, {}).get(getattr(self._runner, "client_id", ""), 0)
        try:
            plan = Plan(**content)
            require_run(Path(plan.run_dir), plan.run)
            lanes = Lanes(plan, share)
        except (TypeError, UsageError, OSError) as error:
            why = why_refused(error)
            logger.error("This process does not read the samples: %s.", why)
            self._runner.send_message(REFUSAL_MESSAGE, {"why": why})
            return
        self._lanes = lanes
        if isinstance(self._runner, WorkerRunner):
            self._master_watch = MasterWatch(self._on_master_lost)
        self._on_begin(lanes)
        self._planned.set()

    def _on_clock(self, msg: Any, **_kwargs: Any) -> None:
        answer_reading(self._runner, msg)
        self._on_heartbeat(process=msg.data["process"])

    def _on_heartbeat(self, process: int | None = None, **_kwargs: Any) -> None:
        if self._master_watch is not None:
            self._master_watch.heard(process)

    def _on_master_lost(self, why: str) -> None:
        logger.error("This worker has lost its master (%s): it stops reading, and ends.", why)
        if self._lanes is not None:
            self._lanes.stop_sending()
        self._runner.quit()

    def _stop_watching_the_master(self) -> None:
        if self._master_watch is not None:
            self._master_watch.stop()
            self._master_watch = None

    def _on_acknowledged(self, msg: Any, **_kwargs: Any) -> None:
        if self._lanes is not None:
            self._lanes.acknowledge(msg.data["version"], msg.data["returned_ns"])

    def _on_report_to_master(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if self._lanes is not None:
            data[COUNTS_KEY] = asdict(self._lanes.counted())
