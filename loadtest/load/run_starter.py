"""Prepares each run of this process, with the settings of the command line or those of Locust's web page."""

from __future__ import annotations

import logging
import sys
from argparse import Namespace
from dataclasses import replace
from typing import Any

from loadtest.cleaned import public_url
from loadtest.errors import UsageError
from loadtest.load.coordinator import Coordinator
from loadtest.load.ending import usage_exit
from loadtest.load.options.options import settings_from
from loadtest.load.page.host import check_can_listen
from loadtest.load.preparing.every_address import refuse_too_few_readers
from loadtest.run.run_directory import forget_latest
from loadtest.target.finding import find_target, refuse_other_endpoint
from loadtest.terminals import can_redraw

logger = logging.getLogger(__name__)


class RunStarter:
    """Knows the host that Locust was started with; the web page may ask for another one."""

    def __init__(self, environment: Any) -> None:
        self._environment = environment
        self._headless = bool(environment.parsed_options.headless)
        self._host_at_start: str | None = None

    def at_start(self, *, has_page: bool) -> Coordinator | None:
        """The run of a headless process. A wrong setting ends the process here; a page looks for a target later."""
        options = self._environment.parsed_options
        if self._headless:
            _leave_the_terminal_to_the_display(options)
        try:
            settings_from(options)
            if has_page:
                check_can_listen(options)
        except UsageError as error:
            usage_exit(error)
        try:
            if self._headless:
                forget_latest(options.run_dir)
            self._give_users_a_host()
            if self._headless:
                return self._prepared(options, self._environment.host)
        except UsageError as error:
            if self._headless:
                usage_exit(error)
            logger.error("%s", error)
        except KeyboardInterrupt:
            usage_exit(UsageError("Interrupted before the run began, so nothing was measured."))
        return None

    def next_run(self) -> Coordinator:
        """The next run of a process that has had one, or was not started headless."""
        forget_latest(self._environment.parsed_options.run_dir)
        return self._prepared(self._environment.parsed_options, self._environment.host)

    def from_page(self, options: Namespace, host: str | None) -> Coordinator:
        """A run as Locust's page asks for it; ``host`` None is the one that Locust was started with."""
        wanted = host or self._host_at_start
        forget_latest(options.run_dir)
        coordinator = self._prepared(options, wanted)
        self._environment.host = public_url(wanted or "")  # no sooner: the page shows it to whoever asks
        return coordinator

    def _give_users_a_host(self) -> None:
        """Locust shows a host, without its secrets: the one of the outputs file, if none was given."""
        settings = settings_from(self._environment.parsed_options)
        host = settings.host or _host_of(find_target(settings).url, settings.samples_path)
        self._environment.host = self._host_at_start = public_url(host)

    def _prepared(self, options: Namespace, host: str | None) -> Coordinator:
        settings = settings_from(options)
        target_at_start = settings
        if host and host != self._host_at_start:
            settings = replace(settings, host=host.rstrip("/"))
        target = find_target(settings)
        if settings is not target_at_start:
            refuse_other_endpoint(target, target_at_start)
        if self._headless:
            options = self._environment.parsed_options
            workers = int(options.expect_workers or 1) if options.master or options.processes else 1
            refuse_too_few_readers(settings, options.num_users, workers)
        coordinator = Coordinator(self._environment, settings, target)
        coordinator.prepare()
        return coordinator


def _leave_the_terminal_to_the_display(options: Namespace) -> None:
    """Locust's table every two seconds would scroll the live display away; it comes at the end, or if asked for."""
    if can_redraw(sys.stderr) and not options.print_stats:
        options.only_summary = True


def _host_of(url: str, path: str) -> str:
    """What Locust shows as the host: the address without the path that was given, if it is not all of it."""
    return url.removesuffix(path) or url
