"""Taking turns: when many answers come at once, all are taken in and stamped before more than a few are parsed.

gevent runs whatever is ready for about 5 ms before it looks at the sockets again. To parse, check and record a read
takes a few hundredths of a millisecond. So when a frozen server answers hundreds of reads together, the last ones
would seem to have taken milliseconds longer than they did.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

from gevent.hub import get_hub

FEW: Final = 4
"""For reads on a schedule, which leaves time between them to look at the sockets every few hundred microseconds."""
MANY: Final = 50
"""For a closed loop, in which a look at the sockets costs reads: as many as gevent itself runs between two looks."""


class Turns:
    """Lets ``at_once`` of the callers go on in each round of the event loop, first come first served."""

    def __init__(self, at_once: int = FEW) -> None:
        self.at_once = at_once
        self._waiting: deque[Callable[[None], object]] = deque()
        self._loop = get_hub().loop
        self._next_round = self._loop.timer(0, priority=self._loop.MINPRI)  # after what the sockets bring

    def ask(self, go_on: Callable[[None], object]) -> None:
        """Have ``go_on(None)`` called in turn, after everything that is ready has been taken in."""
        self._waiting.append(go_on)
        if len(self._waiting) == 1:
            self._loop.run_callback(self._go_on)

    def _go_on(self) -> None:
        for _ in range(min(self.at_once, len(self._waiting))):
            self._waiting.popleft()(None)
        if self._waiting:
            self._next_round.start(self._go_on)  # not a callback, because callbacks run before the sockets
