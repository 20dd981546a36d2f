"""What a fault is: a name, a help text with its unit, a value, and the points at which it may act.

A read passes these points in this order: ``hold`` (wait before the object is read), ``refusal`` (the gateway answers by
itself), ``lag_ns`` (how old a state is read), ``alter`` (change S3's answer, before any mapping), ``answer_delay`` and
``release`` (wait before the answer goes out), and ``deliver`` (change how it goes out). A write passes ``writing``. A
fault overrides the points at which it acts; the others are never called.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import ClassVar

from loadtest.sandbox.faults.values import distribution, share
from loadtest.sandbox.store.objects import ObjectVersion, S3Answer, StoredObject


@dataclass(slots=True)
class ObjectRead:
    """One read of the object by the gateway: the history, the version that it saw, and the conditions it carried."""

    stored: StoredObject
    version: ObjectVersion | None
    conditions: dict[str, str]
    method: str


@dataclass(slots=True)
class Delivery:
    """How an answer goes out. ``cut_after``: so many bytes of the body, then the connection is cut."""

    body: bytes
    cut_after: int | None = None
    forced_body: bytes | None = None


@dataclass(slots=True)
class PutPlan:
    """What happens to one PUT: when it takes effect, and what the writer gets as an answer."""

    effect_delay: float = 0.0
    answer_is_lost: bool = False
    least_duration: float = 0.0
    blocks_reads: bool = False
    is_lost: bool = False
    keeps_etag: bool = False
    etag_told: Callable[[str], str | None] | None = None
    """From S3's ETag to the one in the answer to the writer; None leaves it out."""


class Fault:
    """One fault with its value; made again whenever its value changes."""

    name: ClassVar[str]
    form: ClassVar[str]
    """How the value is written, for help texts."""
    help: ClassVar[str]

    largest_lag_ns: int = 0
    """How much of the past must be kept for it."""
    cache_ttl: float | None = None
    """Seconds for which the stage's cache is to keep answers; None: as the stack says."""
    cdn_ttl: float | None = None
    """Seconds for which the CDN in front keeps answers; None: it keeps none."""
    foreign_writes_every: float | None = None
    """Seconds between two PUTs by somebody else; None: nobody else writes."""

    def __init__(self, value: str, random: Random) -> None:
        """Take ``value``; ``random`` is the fault's own stream.

        Raises:
            FaultValueError: the value cannot be used.
        """
        self.value = value
        self.random = random
        self.take(value)

    def take(self, value: str) -> None:
        """Parse the value."""

    async def hold(self) -> None:
        """Wait before the object is read."""

    def refusal(self) -> str | None:
        """The type of the gateway response that replaces the answer; None keeps the answer."""
        return None

    def lag_ns(self) -> int:
        """How old a state this read sees."""
        return 0

    def alter(self, read: ObjectRead, answer: S3Answer) -> S3Answer:
        """What S3 answers instead of ``answer``."""
        return answer

    def deliver(self, status: int, read: ObjectRead | None, delivery: Delivery) -> None:
        """Change how an answer goes out."""

    def answer_delay(self, status: int) -> float:
        """Seconds that an answer of this status waits before it goes out."""
        return 0.0

    async def release(self) -> None:
        """Wait before the answer goes out."""

    def writing(self, plan: PutPlan) -> None:
        """Change what happens to one PUT."""


class ShareFault(Fault):
    """Acts on a random share of the requests that it could act on."""

    form = "RATE"

    def take(self, value: str) -> None:
        self._share = share(value)

    def drawn(self) -> bool:
        """Whether it acts this time."""
        return self.random.random() < self._share


class LatencyFault(Fault):
    """Adds a time that is drawn anew each time."""

    form = "DURATION or DISTRIBUTION"

    def take(self, value: str) -> None:
        self._distribution = distribution(value)

    def drawn(self) -> float:
        """Seconds."""
        return self._distribution.draw(self.random)
