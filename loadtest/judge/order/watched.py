"""Which versions were published once, so that a read of them proves their order.

A run that makes its own documents publishes each once, so a read of a document is a read of that version. Somebody else
may publish the same document again (A, B, A). A read of it then counts as the latest version that it can have been. So
no fresh read is called stale, but the read proves nothing about what came later.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from loadtest.run.history import Flags, History
from loadtest.run.records import opaque


def published_once(history: History) -> Flags:
    """By version: whether its document was published as that version only."""
    count = len(history.writes)
    if not history.info.is_watched:
        return np.ones(count, dtype=np.bool_)
    tags = [opaque(etag) for etag in history.writes.etag]
    times = Counter(tags)
    return np.array([times[tag] == 1 for tag in tags], dtype=np.bool_)
