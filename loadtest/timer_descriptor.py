"""An alarm clock that is a file: it becomes readable at a moment, to the microsecond.

Event loops wait for files as long as it takes, and for their own timers in whole milliseconds. Linux only
(timerfd_create(2)).
"""

from __future__ import annotations

import ctypes
import os
from typing import Final

_CLOCK_MONOTONIC: Final = 1
_ABSOLUTE: Final = 1
_NONBLOCK_CLOEXEC: Final = os.O_NONBLOCK | getattr(os, "O_CLOEXEC", 0)


class _Spec(ctypes.Structure):
    _fields_ = (
        ("interval_s", ctypes.c_long),
        ("interval_ns", ctypes.c_long),
        ("value_s", ctypes.c_long),
        ("value_ns", ctypes.c_long),
    )


class TimerDescriptor:
    """One alarm, by ``time.monotonic_ns()``. Setting it anew takes back that it is readable."""

    def __init__(self) -> None:
        """Raises AttributeError or OSError where there are none."""
        library = ctypes.CDLL(None, use_errno=True)
        self._settime = library.timerfd_settime
        self.file: int = library.timerfd_create(_CLOCK_MONOTONIC, _NONBLOCK_CLOEXEC)
        if self.file < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create")
        self._spec = _Spec(0, 0, 0, 0)
        self._pointer = ctypes.byref(self._spec)

    def set(self, due_ns: int) -> None:
        """Become readable at ``due_ns``, at once if it is past."""
        self._spec.value_s, self._spec.value_ns = divmod(max(due_ns, 1), 1_000_000_000)
        self._settime(self.file, _ABSOLUTE, self._pointer, None)

    def unset(self) -> None:
        """Do not become readable."""
        self._spec.value_s = self._spec.value_ns = 0
        self._settime(self.file, _ABSOLUTE, self._pointer, None)

    def close(self) -> None:
        os.close(self.file)
