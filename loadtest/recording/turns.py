"""Taking turns: of many answers that come at once, each is taken in and stamped before more than a few are parsed.

gevent runs whatever is ready for some 5 ms before it looks at the sockets again. To parse, check and record a read
takes about 0.1 ms, so when a frozen server answers hundreds of reads together, those whose turn comes late would seem
to have taken milliseconds longer than they did.
"""

from __future__ import annotations

from collections import deque
from typing import Final

import gevent
from gevent.hub import Waiter, get_hub

FEW: Final = 4
"""For reads on a schedule, which leaves time between them: the sockets are looked at every half millisecond."""
MANY: Final = 50
"""For a closed loop, in which every look at the sockets costs reads: as many as gevent itself runs between two."""


class Turns:
    """Holds greenlets back, and lets ``at_once`` go on in each round of the event loop, first come first served."""

    def __init__(self, at_once: int = FEW) -> None:
        self.at_once = at_once
        self._waiting: deque[Waiter] = deque()
        self._loop = get_hub().loop
        self._next_round = self._loop.timer(0, priority=self._loop.MINPRI)  # after what the sockets bring

    def wait(self) -> None:
        """Return when what is ready has been looked at, and all that came before have had their turn."""
        waiter = Waiter()
        self._waiting.append(waiter)
        if len(self._waiting) == 1:
            self._loop.run_callback(self._go_on)
        waiter.get()

    def before_sending(self) -> None:
        """In a closed loop, let the others make their requests first: sent together, they are answered together.

        That saves a look at the sockets for each. On a schedule a read that is due waits for nobody.
        """
        if self.at_once == MANY:
            gevent.sleep(0)

    def _go_on(self) -> None:
        for _ in range(min(self.at_once, len(self._waiting))):
            self._waiting.popleft().switch(None)
        if self._waiting:
            self._next_round.start(self._go_on)  # not a callback: those come before the sockets
