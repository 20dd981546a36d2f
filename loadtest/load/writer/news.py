"""Passes on what the writer reports while a run goes on: to Locust, the display, the log and the run directory."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from typing import Any, Final

import gevent
from locust.exception import CatchResponseError

from loadtest.load.progress.progress import Progress
from loadtest.load.writer.events import Put
from loadtest.load.writer.watcher_process import what_helps_a_watcher
from loadtest.run.records import OTHERS_WROTE, WriteOutcome
from loadtest.run.run_directory import RunDirectory
from loadtest.target.remedies import what_to_do
from loadtest.terminals import say

logger = logging.getLogger(__name__)

ACKNOWLEDGED_MESSAGE: Final = "read-model-acknowledged"


class WriterNews:
    """Passes on the reports of one run's writer. ``started``: the run directory has its plan, and takes notes."""

    def __init__(self, environment: Any, object_keys: Sequence[str], directory: RunDirectory) -> None:
        self._environment = environment
        self._object_keys = object_keys
        self._directory = directory
        self._put_error = ""
        self._told: set[str] = set()
        self.started = False
        self.progress: Progress | None = None

    def on_put(self, put: Put) -> None:
        acknowledged = put.outcome is WriteOutcome.ACKED
        self._environment.events.request.fire(
            request_type="PUT",
            name=self._object_keys[put.version % len(self._object_keys)],
            response_time=put.milliseconds,
            response_length=put.bytes,
            exception=None if acknowledged else CatchResponseError(put.error),
            context={},
        )
        if self.progress is not None:
            self.progress.writes += 1
        if put.error.startswith(OTHERS_WROTE):
            self._tell_of_others(put)
        else:
            self._tell_of_failing_puts("" if acknowledged else put.error)
        if acknowledged:
            self._environment.runner.send_message(
                ACKNOWLEDGED_MESSAGE, {"version": put.version, "returned_ns": put.returned_ns}
            )

    def _tell_of_failing_puts(self, error: str) -> None:
        """Log once what PUTs fail with, and once that they are acknowledged again."""
        if error.split(" ", maxsplit=1)[0] == self._put_error.split(" ")[0]:
            return
        self._put_error = error
        if error:
            since = f"{self.progress.elapsed_s():.1f} s" if self.progress is not None else "the beginning"
            logger.error("Since %s PUTs fail: %s; %s.", since, error, what_to_do(error))
        else:
            logger.warning("PUTs are acknowledged again.")
        if self.progress is not None:
            self.progress.trouble = f"PUTs fail: {error}" if error else ""

    def _tell_of_others(self, put: Put) -> None:
        """Tell once of each thing that others do to an object; the display goes on showing it."""
        key = self._object_keys[put.version % len(self._object_keys)]
        said = f"{key}: {put.error.removeprefix(OTHERS_WROTE)}"
        if said not in self._told:
            self._told.add(said)
            logger.warning("%s; %s.", said, what_to_do(put.error))
        if self.progress is not None:
            self.progress.trouble = said

    def on_trouble(self, trouble: str) -> None:
        """Pass on what the writer cannot do, on a full disk for instance; "" when it can again."""
        if trouble:
            logger.error("The writer: %s.", trouble)
        if self.progress is not None:
            self.progress.trouble = trouble
        if trouble and self.started:
            self._directory.note_writer(time.monotonic_ns(), trouble)

    def on_published(self, count: int) -> None:
        """End the run, because all documents have been published: its next writing windows would hold no write."""
        say(f"All {count:,} documents have been published, so the run ends here.")
        runner = self._environment.runner
        gevent.spawn(runner.quit if self._environment.parsed_options.headless else runner.stop)

    def on_end(self, why: str) -> None:
        since = f"writing stopped after {self.progress.elapsed_s():.1f} s, for " if self.progress is not None else ""
        self._tell_of_the_end("writer", why, since)

    def _tell_of_the_end(self, name: str, why: str, since: str = "") -> None:
        sentence = f"{since}the {name} has ended: {why}"
        if self.progress is not None:
            self.progress.trouble = sentence
        logger.error("%s; the readers go on.", sentence[0].upper() + sentence[1:])
        if self.started:
            self._directory.note_writer(time.monotonic_ns(), f"the {name} ended: {why}")


class WatcherNews(WriterNews):
    """Passes on what a watcher sees. Its PUTs are not this suite's, so Locust's statistics have no row for them."""

    def on_put(self, put: Put) -> None:
        if self.progress is not None:
            self.progress.writes += 1

    def on_trouble(self, trouble: str) -> None:
        """Pass on why no HEAD is answered; "" when they are again. The watcher's own journal has it, too."""
        if trouble:
            logger.error("The watcher: %s; %s.", trouble, what_helps_a_watcher(trouble))
        else:
            logger.warning("The watcher: the store answers again.")
        if self.progress is not None:
            self.progress.trouble = trouble

    def on_end(self, why: str) -> None:
        self._tell_of_the_end("watcher", why)
