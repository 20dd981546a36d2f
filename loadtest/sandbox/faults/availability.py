"""Faults of availability: errors, throttling, connections that break."""

from __future__ import annotations

from loadtest.sandbox.faults.base import Delivery, ObjectRead, ShareFault


class ErrorRate(ShareFault):
    """Server errors."""

    name = "error-rate"
    help = "share of reads that are answered 500 by the gateway itself"

    def refusal(self) -> str | None:
        return "API_CONFIGURATION_ERROR" if self.drawn() else None


class ThrottleRate(ShareFault):
    """Throttling."""

    name = "throttle-rate"
    help = "share of reads that are answered 429 by the gateway itself"

    def refusal(self) -> str | None:
        return "THROTTLED" if self.drawn() else None


class ResetRate(ShareFault):
    """Connections that break."""

    name = "reset-rate"
    help = (
        "share of answers whose connection is reset at a random byte of the body, before Content-Length is reached; an "
        "answer without a body never begins"
    )

    def deliver(self, status: int, read: ObjectRead | None, delivery: Delivery) -> None:
        if self.drawn():
            delivery.cut_after = self.random.randrange(len(delivery.body)) if delivery.body else 0
