"""Which session a read belongs to."""

from __future__ import annotations

from typing import Final

import numpy as np

from loadtest.run.history.blocks import each_block, in_blocks
from loadtest.run.history.history import Column, Flags, History, Reads
from loadtest.run.records import ReadOutcome

FEW_SESSIONS: Final = 2**16
"""Their keys fit 16 bits."""


def session_key(history: History) -> Column:
    """A number for the session of each read; of 16 bits if they are enough, as these sort several times as fast.

    Reads that were never sent have no session, and get the number after the last one.
    """
    reads = history.reads
    last = max(each_block(len(reads), lambda block: _last_session(reads, block)), default=0)
    largest = (int(reads.worker.max(initial=0)) + 1) * (last + 2)
    return in_blocks(
        len(reads),
        np.uint16 if largest <= FEW_SESSIONS else np.int64,
        lambda block: (
            reads.worker[block].astype(np.int64) * (last + 2)
            + np.minimum(reads.session[block].astype(np.int64), last + 1)
        ),
    )


def _last_session(reads: Reads, block: slice) -> int:
    """The largest number of a session in a block, of the reads that were sent."""
    return int((reads.session[block] * (reads.outcome[block] != ReadOutcome.NOT_SENT.value)).max())


def count_sessions(keys: Column, chosen: Flags) -> int:
    """How many sessions the ``chosen`` reads are of."""
    if keys.dtype != np.uint16:
        return len(np.unique(np.compress(chosen, keys)))
    met = np.zeros(FEW_SESSIONS, dtype=np.bool_)

    def meet(block: slice) -> None:
        met[keys[block][chosen[block]]] = True  # two threads may do that at once

    each_block(len(keys), meet)
    return int(np.count_nonzero(met))
