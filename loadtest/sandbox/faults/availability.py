"""Faults of availability: errors, throttling, connections that break."""

from __future__ import annotations

from random import Random

from loadtest.sandbox.faults.base import Delivery, Fault, ObjectRead
from loadtest.sandbox.faults.values import share


class _ShareOfRequests(Fault):
    form = "RATE"

    def __init__(self, value: str, random: Random) -> None:
        super().__init__(value, random)
        self._share = share(value)


class ErrorRate(_ShareOfRequests):
    """Server errors."""

    name = "error-rate"
    help = "share of reads that are answered 500 by the gateway itself"

    def refusal(self) -> str | None:
        """The gateway's own 500."""
        return "API_CONFIGURATION_ERROR" if self.random.random() < self._share else None


class ThrottleRate(_ShareOfRequests):
    """Throttling."""

    name = "throttle-rate"
    help = "share of reads that are answered 429 by the gateway itself"

    def refusal(self) -> str | None:
        """The gateway's own 429."""
        return "THROTTLED" if self.random.random() < self._share else None


class ResetRate(_ShareOfRequests):
    """Connections that break."""

    name = "reset-rate"
    help = (
        "share of answers whose connection is reset at a random byte of the body, before Content-Length is reached; an "
        "answer without a body never begins"
    )

    def deliver(self, status: int, read: ObjectRead | None, delivery: Delivery) -> None:
        """Cut the connection."""
        del status, read
        if self.random.random() < self._share:
            delivery.cut_after = self.random.randrange(len(delivery.body)) if delivery.body else 0
