"""How far a report is: a spinner on a terminal, a plain line for each stage elsewhere."""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Callable, Iterator
from typing import Any, Final, NoReturn, TextIO

from loadtest.terminals import can_redraw

_TERMINATED: Final = 128 + signal.SIGTERM
"""The exit code of a program that was ended with SIGTERM, as shells have it."""


class Steps:
    """Shows the progress of a report. A stage takes seconds at most, so its parts are shown by a spinner only."""

    def __init__(self, stage: Callable[[str], None], part: Callable[[str], None]) -> None:
        self.stage = stage
        """Begin a stage, such as "Loading the run"."""
        self.part = part
        """Begin a part of the stage, by its name."""


@contextlib.contextmanager
def steps(stream: TextIO | None = None) -> Iterator[Steps]:
    """Show steps on ``stream`` (standard error); no spinner remains afterwards, even after Ctrl-C."""
    stream = stream or sys.stderr
    if not can_redraw(stream):
        yield Steps(lambda stage: _say(stream, f"{stage} …"), _nothing)
        return
    # Only a terminal needs them, and they take a while to import.
    from rich.console import Console  # noqa: PLC0415
    from rich.live import Live  # noqa: PLC0415
    from rich.spinner import Spinner  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    console = Console(file=stream, highlight=False, markup=False, emoji=False)
    spinner = Spinner("dots", style="status.spinner")
    stages = [""]
    with _ended_in_order_by_sigterm(), Live(spinner, console=console, refresh_per_second=10, transient=True) as live:

        def show(text: str) -> None:
            spinner.update(text=Text(f"{text} …"))
            live.refresh()

        def stage(name: str) -> None:
            stages.append(name)
            show(name)

        yield Steps(stage, lambda part: show(f"{stages[-1]}: {part}"))


def silent() -> contextlib.nullcontext[Steps]:
    """Steps that are not shown."""
    return contextlib.nullcontext(Steps(_nothing, _nothing))


@contextlib.contextmanager
def _ended_in_order_by_sigterm() -> Iterator[None]:
    """A spinner hides the cursor, so it must end in order to bring it back."""

    def end(*_: Any) -> NoReturn:
        sys.exit(_TERMINATED)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _nothing(_name: str) -> None:
    pass


def _say(stream: TextIO, line: str) -> None:
    stream.write(line + "\n")
    stream.flush()
