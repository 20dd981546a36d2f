"""A few lines at the bottom of a terminal that are redrawn in place, while log lines pass above them.

It runs in the event loop of the readers, so it must not hold them up. A redraw is one short write of prepared text, and
is skipped while the terminal takes nothing (stopped with Ctrl-S, or behind a slow line). Counting, rendering and
writing together took 0.16 ms at the median of 400 redraws into a pseudo-terminal, beside 0.65 ms for the same content
by rich's Live, on a machine with two busy cores; five redraws in two seconds are less than a thousandth of a core.

Below the log comes an empty line, on which the cursor waits, and then the display. So a line that another process
prints (a worker of Locust) lands whole above the display. What this process prints goes through :class:`_Above`, which
takes the display away first. The cursor is never hidden and no mode of the terminal is changed, so there is nothing to
restore when a run is killed.
"""

from __future__ import annotations

import contextlib
import logging
import os
import select
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, Final, TextIO

from loadtest.load.progress.text import Line

_ERASE: Final = "\r\x1b[J"
"""To the start of the line, and clear from there to the end of the screen (ECMA-48: CR, ED)."""
_STYLES: Final = {"good": "\x1b[32m", "bad": "\x1b[1;31m", "doubtful": "\x1b[33m", "faint": "\x1b[2m"}
_PLAIN: Final = "\x1b[0m"


class LiveDisplay:
    """The display on ``stream``, a terminal, from its creation until it is closed."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._shown = False
        self._mid_line = False
        self._open = True
        self.coloured = not os.environ.get("NO_COLOR")
        self._restore = contextlib.ExitStack()
        for redirection in _redirections(self):
            self._restore.enter_context(redirection)

    def size(self) -> tuple[int, int]:
        """Columns and lines to draw in; the last column and two lines of the terminal are left free."""
        try:
            columns, lines = os.get_terminal_size(self._stream.fileno())
        except (OSError, ValueError):
            columns, lines = 0, 0
        return (columns or 80) - 1, max(1, (lines or 24) - 2)

    def show(self, lines: Sequence[Line], *, coloured: bool) -> None:
        """Draw ``lines`` in place of the old ones, unless the terminal takes nothing or is gone."""
        if not self._open or not self._takes_text():
            return
        fresh_line = "\n" if self._mid_line else ""
        self._mid_line = False
        self._put(fresh_line + drawn(lines, coloured=coloured))
        self._shown = True

    def make_way(self) -> None:
        """Take the lines away, so that something else can be written. The next redraw brings them back."""
        if self._shown:
            self._shown = False
            self._put(_ERASE)

    def wrote(self, text: str) -> None:
        """Note that ``text`` was written to the terminal."""
        if text:
            self._mid_line = not text.endswith("\n")

    def close(self) -> None:
        """Take the lines away for good, and undo the redirections. Closing twice is fine."""
        self.make_way()
        self._open = False
        self._restore.close()

    def _takes_text(self) -> bool:
        try:
            return bool(select.select([], [self._stream.fileno()], [], 0)[1])
        except (OSError, ValueError):
            return False

    def _put(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):  # the terminal is gone; the run goes on
            self._open = False


def drawn(lines: Sequence[Line], *, coloured: bool) -> str:
    """The text that draws ``lines`` below an empty line and moves the cursor back to that line."""
    texts = ["".join(_styled(text, style, coloured) for text, style in line) for line in lines]
    return _ERASE + "".join(f"\n{text}" for text in texts) + (f"\r\x1b[{len(texts)}A" if texts else "")


def _styled(text: str, style: str, coloured: bool) -> str:
    return f"{_STYLES[style]}{text}{_PLAIN}" if coloured and style in _STYLES and text else text


class _Above:
    """A stream to the same terminal: what is written to it appears above the display."""

    def __init__(self, stream: TextIO, display: LiveDisplay) -> None:
        self._stream = stream
        self._display = display

    def write(self, text: str) -> int:
        self._display.make_way()
        written = self._stream.write(text)
        self._stream.flush()
        self._display.wrote(text)
        return written

    def writelines(self, lines: Sequence[str]) -> None:
        self.write("".join(lines))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _redirections(display: LiveDisplay) -> Iterator[contextlib.AbstractContextManager[Any]]:
    """Redirect everything in this process that writes to a terminal: standard streams and handlers of all loggers."""
    if sys.stdout.isatty():
        yield contextlib.redirect_stdout(_Above(sys.stdout, display))
    if sys.stderr.isatty():
        yield contextlib.redirect_stderr(_Above(sys.stderr, display))
    for handler in _handlers_on_terminals():
        yield _redirected(handler, _Above(handler.stream, display))


def _handlers_on_terminals() -> list[logging.StreamHandler[Any]]:
    """Those of all loggers."""
    loggers = [logging.root, *logging.root.manager.loggerDict.values()]
    handlers = {handler for logger in loggers if isinstance(logger, logging.Logger) for handler in logger.handlers}
    return [each for each in handlers if type(each) is logging.StreamHandler and _is_terminal(each.stream)]


def _is_terminal(stream: Any) -> bool:
    try:
        return bool(stream.isatty())
    except (AttributeError, ValueError):  # there is none, or it is closed
        return False


@contextlib.contextmanager
def log_held_back() -> Iterator[None]:
    """Log to terminals only afterwards: another process draws there meanwhile, into whose line it would be written."""
    held: list[tuple[logging.Handler, logging.LogRecord]] = []
    filters = {handler: partial(_hold_back, held, handler) for handler in _handlers_on_terminals()}
    for handler, hold_back in filters.items():
        handler.addFilter(hold_back)
    try:
        yield
    finally:
        for handler, hold_back in filters.items():
            handler.removeFilter(hold_back)
        for each, record in held:
            each.handle(record)


def _hold_back(
    held: list[tuple[logging.Handler, logging.LogRecord]], handler: logging.Handler, record: logging.LogRecord
) -> bool:
    held.append((handler, record))
    return False


@contextlib.contextmanager
def _redirected(handler: logging.StreamHandler[Any], stream: _Above) -> Iterator[None]:
    before = handler.setStream(stream)
    try:
        yield
    finally:
        handler.setStream(before)
