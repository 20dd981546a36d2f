"""Compares the clocks of two processes by messages, instead of assuming that they are one.

The master sends its reading t0, the worker answers with its own reading w, and the master notes t1 when the answer is
there. The worker read its clock somewhere between the two, so its clock less the master's lies in [w - t1, w - t0]
(Cristian, "Probabilistic clock synchronization", 1989). All exchanges hold at the same time, so their intersection is
the tightest bound, and an empty intersection shows that a clock jumped. ::

    master   t0 ├───────────────────────┤ t1
    worker              w                        offset = w - (somewhere in t0 … t1)

The name of the host or of its boot proves nothing: in a time namespace it is the same, and the clock is another one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from typing import Final

from loadtest import units

ACCEPTED_AT_START_NS: Final = 20_000_000
"""Nobody reads yet when a run starts, so an exchange takes a millisecond. A clock known less well is refused."""
ACCEPTED_AT_END_NS: Final = 250_000_000
"""While it reads, a busy worker answers late. By then it only has to be shown that its clock did not jump."""
TIGHT_NS: Final = 2_000_000
"""Tight enough: no more exchanges are made then."""
LAST_EXCHANGES_NS: Final = 10_000_000_000
"""An exchange longer than this before the end proves nothing about the end."""


@dataclass(frozen=True)
class OffsetBound:
    """The offset of a clock, which is that clock less the master's, lies in ``low_ns`` … ``high_ns``."""

    low_ns: int
    high_ns: int

    @classmethod
    def of_exchange(cls, sent_ns: int, remote_ns: int, received_ns: int) -> OffsetBound:
        return cls(remote_ns - received_ns, remote_ns - sent_ns)

    def and_also(self, other: OffsetBound) -> OffsetBound:
        """The intersection of both, which may be empty."""
        return OffsetBound(max(self.low_ns, other.low_ns), min(self.high_ns, other.high_ns))

    @property
    def width_ns(self) -> int:
        """How uncertain the offset is; negative when the bound is empty."""
        return self.high_ns - self.low_ns

    @property
    def holds_zero(self) -> bool:
        """Whether both clocks may be the same."""
        return self.low_ns <= 0 <= self.high_ns


def together(bounds: Iterable[OffsetBound]) -> OffsetBound | None:
    """The bound of several exchanges together; None when there was none."""
    known = list(bounds)
    return reduce(OffsetBound.and_also, known) if known else None


def why_not_one_clock(bound: OffsetBound | None, accepted_ns: int) -> str:
    """Why two clocks cannot count as the same, as the end of a sentence; "" when they can."""
    if bound is None:
        return "it did not answer when its clock was asked for"
    if bound.width_ns < 0:
        return "its clock jumped while it was compared with the master's"
    if not bound.holds_zero:
        nearest = bound.low_ns if bound.low_ns > 0 else bound.high_ns
        side = "ahead of" if nearest > 0 else "behind"
        return f"its clock (CLOCK_MONOTONIC) is at least {units.seconds(abs(nearest))} {side} the master's"
    if bound.width_ns > accepted_ns:
        return (
            f"its clock could be compared with the master's to {units.duration(bound.width_ns)} only, and "
            f"{units.duration(accepted_ns)} is needed"
        )
    return ""
