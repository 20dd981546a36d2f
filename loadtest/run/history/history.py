"""History: one recorded run in memory, as columns. What is judged, and all that is judged.

A History is only ever made valid (:func:`loadtest.run.loading.load_history` for a run directory,
:func:`loadtest.run.history.validation.validated` for anything else), so that a check need not ask whether a write
returned before it was called.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from threading import RLock
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from loadtest.errors import RunError
from loadtest.run.history.blocks import in_blocks
from loadtest.run.history.run_info import RunInfo
from loadtest.run.records import ERROR_OUTCOMES, ReadOutcome, WriteOutcome

__all__ = ["Column", "Flags", "History", "Reads", "Requests", "RunError", "Samples", "Windows", "Writes"]

Column = NDArray[Any]
"""One column, of the type that :mod:`loadtest.run.records` gives it."""

Flags = NDArray[np.bool_]

Result = TypeVar("Result")


def one_of(outcome: Column, wanted: tuple[ReadOutcome, ...]) -> Flags:
    """Which reads ended in one of the ``wanted`` outcomes."""

    def of_block(block: slice) -> Flags:
        here = outcome[block]
        flags: Flags = here == wanted[0].value
        for other in wanted[1:]:  # a few comparisons take less time than looking up a table
            flags |= here == other.value
        return flags

    return in_blocks(len(outcome), np.bool_, of_block)


def nothing_of(dtype: Any, count: int) -> Column:
    """A column of zeros, which takes no memory."""
    return np.broadcast_to(np.zeros(1, dtype), count)


@dataclass(frozen=True, eq=False)
class Reads:
    """Columns of ``reads.parquet``, in order of ``called_ns``."""

    worker: Column
    session: Column
    scheduled_ns: Column
    called_ns: Column
    returned_ns: Column
    status: Column
    version: Column
    etag_version: Column
    sent_version: Column
    body_bytes: Column
    outcome: Column
    address: Column
    widening_ns: Column

    def __len__(self) -> int:
        return len(self.called_ns)

    def chosen(self, which: slice | Flags | Column) -> Reads:
        """Some of them: a block, or those told by flags or by number."""
        alike = {name: column for name, column in vars(self).items() if len(self) and column.strides == (0,)}
        columns = {name: column[which] for name, column in vars(self).items() if name not in alike}
        count = len(columns["called_ns"])
        return Reads(**columns, **{name: np.broadcast_to(column[:1], count) for name, column in alike.items()})

    @property
    def on_one_clock(self) -> bool:
        """Whether every read was stamped with the master's own clock: the column is one zero then."""
        return self.widening_ns.strides == (0,)

    @property
    def known_to_a_bound(self) -> bool:
        """Whether some of them were made at a moment that is known to a bound only, by a worker with another clock."""
        return not self.on_one_clock and bool(self.widening_ns.any())

    @property
    def own_returned_ns(self) -> Column:
        """When each read returned, on the clock of its call: for how long a read took, and for the order of a session.

        ``returned_ns`` is when it had certainly returned by the master's clock, which is later where clocks differ.
        """
        return self.own_returned(slice(None))

    def own_returned(self, which: int | slice | Flags | Column) -> Column:
        """The same of some of them only: of one, of a block, or of those told by flags or by number."""
        returned: Column = self.returned_ns[which]
        return returned if self.on_one_clock else returned - self.widening_ns[which]

    @property
    def sent(self) -> Flags:
        """Which reads were sent at all; the others were due, and no reader was free."""
        sent: Flags = self.outcome != ReadOutcome.NOT_SENT.value
        return sent

    @property
    def failed(self) -> Flags:
        return one_of(self.outcome, ERROR_OUTCOMES)


@dataclass(frozen=True, eq=False)
class Writes:
    """Columns of ``writes.parquet``: row v is version v."""

    version: Column
    scheduled_ns: Column
    called_ns: Column
    returned_ns: Column
    outcome: Column
    etag: tuple[str, ...]
    bytes: Column
    error: tuple[str, ...]
    gave_up_ns: Column

    def __len__(self) -> int:
        return len(self.called_ns)

    @property
    def acknowledged(self) -> Flags:
        acknowledged: Flags = self.outcome == WriteOutcome.ACKED
        return acknowledged


@dataclass(frozen=True, eq=False)
class Windows:
    """Columns of ``windows.parquet``, in order of time."""

    index: Column
    pair: Column
    kind: Column
    start_ns: Column
    end_ns: Column

    def __len__(self) -> int:
        return len(self.start_ns)


@dataclass(frozen=True, eq=False)
class Samples:
    """Columns of ``generator.parquet``, in order of worker, then time."""

    worker: Column
    at_ns: Column
    loop_delay_ns: Column
    cpu_ns: Column
    gc_ns: Column
    flush_ns: Column

    def __len__(self) -> int:
        return len(self.at_ns)


@dataclass(frozen=True, eq=False)
class Requests:
    """Columns of ``requests.parquet``: how the target itself names a PUT, or a read that looked wrong."""

    worker: Column
    session: Column
    called_ns: Column
    request_id: tuple[str, ...]

    def name(self, worker: int, session: int, called_ns: int) -> str:
        """What the target called a request; "" when that is not known."""
        found = np.flatnonzero((self.called_ns == called_ns) & (self.session == session) & (self.worker == worker))
        return self.request_id[int(found[0])] if len(found) else ""


@dataclass(frozen=True, eq=False)
class History:
    """A recorded run."""

    info: RunInfo
    reads: Reads
    writes: Writes
    windows: Windows
    samples: Samples
    requests: Requests
    began_ns: int | None = None
    """Time 0, where it is not that of these reads: of a part of a run."""
    _made: dict[Callable[[History], Any], Any] = field(default_factory=dict, repr=False)
    _being_made: dict[Callable[[History], Any], Any] = field(default_factory=dict, repr=False)

    def once(self, make: Callable[[History], Result]) -> Result:
        """``make(self)``, made once: several checks share what is costly to work out.

        Checks run beside each other. Who asks for what another thread is making waits for it; what fails fails for each
        who asks.
        """
        if make not in self._made:
            with self._being_made.setdefault(make, RLock()):
                if make not in self._made:
                    self._made[make] = make(self)
        return cast(Result, self._made[make])

    def at(self, address: int) -> History:
        """The part of it that one address has: its own reads, in the share of its weight, and all writes."""
        info, addresses = self.info, self.info.addresses
        url, weight = addresses[address]
        share = weight / sum(each for _, each in addresses)
        own: dict[str, Any] = {
            "target": {**{name: value for name, value in info.target.items() if name != "addresses"}, "url": url},
            "settings": info.settings.model_copy(update={"arrival_rate": info.settings.arrival_rate * share}),
        }
        reads = self.reads.chosen(self.reads.address == address)
        part = info.model_copy(update=own)
        return replace(self, info=part, reads=reads, began_ns=self.origin_ns, _made={}, _being_made={})

    def of_workers(self, workers: Sequence[int]) -> History:
        """The part of it that some of the workers have: their own reads and samples, and all writes."""
        info = self.info.of_workers(workers)
        reads = self.reads.chosen(np.isin(self.reads.worker, workers))
        own = np.isin(self.samples.worker, workers)
        samples = Samples(**{name: column[own] for name, column in vars(self.samples).items()})
        return replace(self, info=info, reads=reads, samples=samples, began_ns=self.origin_ns, _made={}, _being_made={})

    @property
    def origin_ns(self) -> int:
        """Time 0 of every axis: the call of the first read, or of the first write in a run without reads."""
        if self.began_ns is not None:
            return self.began_ns
        return int(self.reads.called_ns[0] if len(self.reads) else self.writes.called_ns[0])

    @property
    def max_staleness_ns(self) -> int:
        return round(self.info.settings.max_staleness * 1e9)
