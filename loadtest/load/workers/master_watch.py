"""A worker that has lost its master stops reading by itself, because nobody else can tell it to.

Locust's own worker notices after a minute. Here it is three and a half seconds without a word from the master, which
speaks every second (half a minute on another host); or at once, when the master was its parent and is gone. The time is
counted in turns of this worker's own loop, so that a worker that was itself asleep does not blame the master. From the
end of a run on it is half a minute too: no read depends on it then, a worker that stops its readers hears nothing, and
a master that reports may be slow to speak.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Final

import gevent

TURN_S: Final = 0.25
BESIDE_MASTER: Final = 14
"""Silent turns: three and a half seconds."""
FAR_FROM_MASTER: Final = 120
"""Silent turns: half a minute. A network may fail for some seconds, and what is recorded then is sent later."""


class MasterWatch:
    """Calls ``on_lost`` once, in a greenlet of its own, when the master is gone."""

    def __init__(self, on_lost: Callable[[str], None], silent_turns: int = BESIDE_MASTER) -> None:
        self._on_lost = on_lost
        self.silent_turns = silent_turns
        self._heard = False
        self._parent = os.getppid()
        self._is_parent = False
        self._greenlet = gevent.spawn(self._watch)

    def heard(self, process: int | None = None) -> None:
        """Note that the master has sent something; ``process`` is its process id, if it was in the message."""
        self._heard = True
        self._is_parent = self._is_parent or process == self._parent

    def stop(self) -> None:
        """Watch no more. Stopping twice is fine."""
        if self._greenlet is not gevent.getcurrent():
            self._greenlet.kill()

    def _watch(self) -> None:
        silent = 0
        while silent < self.silent_turns and not (self._is_parent and os.getppid() != self._parent):
            gevent.sleep(TURN_S)
            silent = 0 if self._heard else silent + 1
            self._heard = False
        self._on_lost("it has ended" if os.getppid() != self._parent and self._is_parent else "nothing was heard of it")
