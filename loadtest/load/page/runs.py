"""Runs that are started and stopped in Locust's web page: checked first, one at a time, and shown when they are over.

Locust's own views start users first and find out later what is wrong; these take their place. They answer an error in
the way that the page shows, ``{"success": false, "message": …}``.
"""

from __future__ import annotations

import logging
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import gevent
from flask import Response, jsonify, request
from locust.runners import STATE_INIT, STATE_STOPPED, MasterRunner
from werkzeug.datastructures import ImmutableMultiDict

from loadtest.errors import UsageError
from loadtest.load.coordinator import Coordinator
from loadtest.load.page.form import SETTINGS, StartForm, read_form
from loadtest.load.page.tab import FinishedRun
from loadtest.load.progress.progress import Progress
from loadtest.run.files import SUMMARY_FILE
from loadtest.summary.summary import SummaryError, read_summary

logger = logging.getLogger(__name__)


class Runs(Protocol):
    """What makes the runs of this process."""

    @property
    def coordinator(self) -> Coordinator | None:
        """The run that is prepared or goes on."""

    def prepare_from_page(self, options: Namespace, host: str | None) -> None:
        """Prepare a run with these options; ``host`` None is the one that Locust was started with."""

    def give_up(self) -> None:
        """End a run that was prepared and will not begin."""


class PageRuns:
    """The runs of the page's session."""

    def __init__(self, environment: Any, runs: Runs) -> None:
        self._environment = environment
        self._runs = runs
        self._starting = self._called_off = self._stopping = self._lost_workers = False
        self._reporting: Coordinator | None = None
        self.finished: list[FinishedRun] = []
        self.refused = ""
        self.run_time_s: int | None = None
        web_ui = environment.web_ui
        views = web_ui.app.view_functions
        self._locust_swarm, self._locust_stop = views["locust.swarm"], views["locust.stop"]
        views["locust.swarm"] = web_ui.auth_required_if_enabled(self._swarm)
        views["locust.stop"] = web_ui.auth_required_if_enabled(self._stop)
        environment.events.test_stopping.add_listener(self._on_test_stopping)
        web_ui.update_template_args = self._with_current_settings(web_ui, web_ui.update_template_args)

    @property
    def phase(self) -> str:
        if self._starting:
            return "starting"
        if self._reporting is not None:
            return "reporting"
        return "none" if self._runs.coordinator is None else "running"

    @property
    def progress(self) -> Progress | None:
        """The counts of the run that goes on, or whose report is being made."""
        coordinator = self._reporting or self._runs.coordinator
        return coordinator.progress if coordinator is not None else None

    @contextmanager
    def reporting(self, coordinator: Coordinator) -> Iterator[None]:
        """The phase in which the report of a run is made. Afterwards the run is one of the finished ones."""
        self._reporting = coordinator
        try:
            yield
        finally:
            self._reporting = None
            path = coordinator.path
            if coordinator.plan is not None and path is not None:
                self.finished.append(_finished(path, coordinator.progress))
            else:
                self.refused = self._why_nothing_was_measured()

    def _why_nothing_was_measured(self) -> str:
        ended = "was stopped"
        if not self._stopping and self._lost_workers:
            ended = "lost its last worker"
        elif not self._stopping and self.run_time_s is not None:
            ended = f"was over after its run time of {self.run_time_s:,} s"
        return f"The last run {ended} before all users were there, so nothing was measured."

    def _on_test_stopping(self, **_more: Any) -> None:
        """See why while it is known: when the run has been stopped, no worker is ready. Begin no more users either.

        Locust's own view of Stop ends their greenlet, but not what stops a run by itself, and a run that is over would
        be said to be on.
        """
        runner, spawning = self._environment.runner, self._environment.web_ui._swarm_greenlet
        self._lost_workers = isinstance(runner, MasterRunner) and not runner.worker_count
        if spawning is not None and spawning is not gevent.getcurrent():
            spawning.kill()

    def _swarm(self) -> Response:
        try:
            self._check_that_none_is_on()
        except UsageError as error:
            return self._refuse(error)
        self._starting, self._called_off, self._lost_workers, self.refused = True, False, False, ""
        try:
            form = read_form(request.form.to_dict(flat=False), self._user_classes())
            self._prepare(form)
        except UsageError as error:
            self.refused = str(error)
            return self._refuse(error)
        finally:
            self._starting = False
        self.run_time_s = form.run_time_s
        # Locust's view only sees what was checked, without the settings that it would write into its options by itself.
        request._get_current_object().form = ImmutableMultiDict(form.for_locust())  # type: ignore[attr-defined]
        answer: Response = self._locust_swarm()
        return answer

    def _check_that_none_is_on(self) -> None:
        runner = self._environment.runner
        if self.phase == "starting":
            raise UsageError("A run is being started already: wait for it, or call it off with Stop.")
        if self.phase == "reporting" or self._stopping:
            raise UsageError("The last run is being stopped, and its report made: start again in a moment.")
        if self.phase == "running":
            raise UsageError("A run is on, and is measured as it was started: stop it before you start another.")
        if runner.state not in (STATE_INIT, STATE_STOPPED):
            raise UsageError(f"Locust is {runner.state}: start again in a moment.")
        self._check_workers()

    def _check_workers(self) -> None:
        runner = self._environment.runner
        if isinstance(runner, MasterRunner) and not runner.clients.ready:
            raise UsageError("No worker is connected: start one beside this master, with --worker or --processes.")

    def _prepare(self, form: StartForm) -> None:
        options = self._environment.parsed_options
        wanted = form.applied_to(options)
        if options.run_dir:
            wanted.run_dir = _not_of_this_session(options.run_dir, [run.path for run in self.finished])
        self._runs.prepare_from_page(wanted, form.host)
        try:
            if self._called_off:
                raise UsageError("The run was called off before it began.")
            self._check_workers()  # Locust's view would answer that the run has started, and only log that it has not
        except UsageError:
            self._runs.give_up()
            raise
        vars(options).update(form.settings)

    def _stop(self) -> Response:
        if self.phase == "starting":
            self._called_off = True
            return jsonify({"success": True, "message": "The run will not begin"})
        if self.phase == "reporting" or self._stopping:
            return jsonify({"success": True, "message": "The run is being stopped already"})
        self._stopping = True
        try:
            answer: Response = self._locust_stop()
            if self._runs.coordinator is not None:  # prepared, and stopped before Locust began
                self._runs.give_up()
        finally:
            self._stopping = False
        return answer

    def _refuse(self, error: UsageError) -> Response:
        logger.warning("%s", error)
        return jsonify({"success": False, "message": str(error), "host": self._environment.host})

    def _user_classes(self) -> tuple[str, ...]:
        available = self._environment.available_user_classes or {}
        return tuple(available) or tuple(kind.__name__ for kind in self._environment.user_classes)

    def _with_current_settings(self, web_ui: Any, update: Callable[[], None]) -> Callable[[], None]:
        """Make the form show the settings of the last run, where Locust shows those of the command line each time."""

        def update_template_args() -> None:
            update()
            fields = web_ui.template_args.get("extra_options") or {}
            for name in SETTINGS & fields.keys():
                value = getattr(self._environment.parsed_options, name)
                fields[name]["default_value"] = "; ".join(value) if isinstance(value, list) else value

        return update_template_args


def _not_of_this_session(run_dir: str, taken: list[Path]) -> str:
    """``run_dir``, with a number after it from the second run of a session on, so that no run is overwritten."""
    number = 1 + sum(path.name.startswith(Path(run_dir).name) for path in taken)
    return run_dir if number == 1 else f"{run_dir.rstrip('/')}-{number}"


def _finished(path: Path, progress: Progress | None) -> FinishedRun:
    try:
        summary = read_summary(path / SUMMARY_FILE)
    except SummaryError:
        return FinishedRun(path, progress, None)
    answers = [(question.question, question.verdict.value, question.sentence) for question in summary.questions]
    return FinishedRun(path, progress, summary.verdict.value, answers)
