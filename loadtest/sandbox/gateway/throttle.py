"""Throttling as a stage's method settings ask for it: a token bucket ("Throttle requests to your REST APIs")."""

from __future__ import annotations

import time
from collections.abc import Callable


class TokenBucket:
    """Lets ``rate`` requests a second pass, and ``burst`` at once."""

    def __init__(self, rate: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._burst = float(burst)
        self._clock = clock
        self._tokens = self._burst
        self._filled = clock()

    def takes(self) -> bool:
        """Whether there is a token for one more request; takes it if there is."""
        now = self._clock()
        self._tokens = min(self._burst, self._tokens + (now - self._filled) * self._rate)
        self._filled = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
