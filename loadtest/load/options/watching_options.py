"""The options that say who publishes the documents: this suite, or somebody else whom it watches."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from loadtest.errors import UsageError
from loadtest.run.settings import PUBLISH, WATCH, WRITERS, Settings
from stacks.user_input import shown

MOST_HEADS_A_SECOND: Final = 50
# fmt: off
# ruff: noqa: E501 - a table reads best with one option a line
OPTIONS: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("writer", {"default": PUBLISH, "metavar": "WHO", "help": "who publishes: publish = this suite replaces the document, watch = somebody else does and the store is asked what is there (no PUT, a key that may read), none = neither, and no key is needed"}),
    ("publish-command", {"default": "", "metavar": "COMMAND", "help": "your own publisher, run in a shell every --write-interval seconds of a writing window, one at a time; what it publishes is watched (--writer watch)"}),
    ("watch-interval", {"default": 0.25, "metavar": "SECONDS", "help": f"between two HEADs of a run that watches, {1 / MOST_HEADS_A_SECOND:g} to 60"}),
)
# fmt: on


def with_writer(
    settings: Settings, options: argparse.Namespace, real: Callable[[str, float, float, str], float]
) -> Settings:
    """``settings`` completed with who publishes; ``real`` checks the range of a number."""
    writer = str(options.writer).strip().lower()
    if writer not in WRITERS:
        raise UsageError(f"--writer is {shown(options.writer)}: give {', '.join(WRITERS[:-1])} or {WRITERS[-1]}.")
    command = str(options.publish_command or "").strip()
    if command and writer == PUBLISH:
        writer = WATCH
    if command and writer != WATCH:
        raise UsageError("--publish-command has its documents watched, and --writer none asks no store: leave one out.")
    if command and not settings.write_interval:
        raise UsageError("--write-interval is 0, so --publish-command would never be run: give an interval.")
    interval = real("watch-interval", 1 / MOST_HEADS_A_SECOND, 60, f"at most {MOST_HEADS_A_SECOND} HEADs a second")
    settings = replace(settings, writer=writer, watch_interval=interval, publish_command=command)
    if writer == PUBLISH:
        return settings
    if settings.overwrite:
        raise UsageError(f"--overwrite is for a run that writes, and --writer {writer} never does: leave one out.")
    if settings.has_own_documents:
        raise UsageError(
            f"--document and --documents say what to publish, and --writer {writer} never does: leave it out."
        )
    if settings.until_decided:
        raise UsageError(
            "--until-decided is for a run that publishes itself, and one with "
            f"{'--publish-command' if command else f'--writer {writer}'} does not: leave it out and give --run-time."
        )
    if command:
        return settings
    return replace(settings, write_interval=0.0, window=0.0, watch_interval=interval if writer == WATCH else 0.0)
