"""What the documents of somebody else leave open: which versions' reads prove that something newer was there.

In a run whose documents this suite made, each is published once, and a read of it is that version. Where somebody else
publishes, the same document may come again (A, B, A): a read of it is counted as the latest version that it can have
been, which makes no read stale that was not, and proves nothing of what came later.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from loadtest.run.history import Flags, History
from loadtest.run.records import opaque


def published_once(history: History) -> Flags:
    """By version: whether its document was published as that version alone, so that reads of it prove its order."""
    count = len(history.writes)
    if not history.info.is_watched:
        return np.ones(count, dtype=np.bool_)
    tags = [opaque(etag) for etag in history.writes.etag]
    times = Counter(tags)
    return np.array([times[tag] == 1 for tag in tags], dtype=np.bool_)
