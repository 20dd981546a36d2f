"""The writer's presence in the run directory while it writes on schedule. A thread keeps it up, because a PUT may hang.

Without it, a writer that hangs or was killed would look like one that had nothing to write.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from loadtest.run.files import JOURNAL_NAME, SPOOL_FOLDER
from loadtest.run.spool.presence import WRITER, Presence, Pulse, Written

BEAT_INTERVAL_S: Final = 0.5


@contextmanager
def writer_presence(journal: Path, run: str) -> Iterator[None]:
    """Mark the writer as present, twice a second, and its journal as whole at the end; not after an error."""
    presence = Presence(journal.parent / SPOOL_FOLDER / f"writer-{os.getpid()}", WRITER, 0, run)
    over = threading.Event()
    written = Written()

    def pulse() -> Pulse:
        nonlocal written
        now = time.monotonic_ns()
        with journal.open("rb") as file:
            file.seek(written.size)
            written = written.and_then(file.read())
        return Pulse(now, files={JOURNAL_NAME: written})

    def keep_beating() -> None:
        while not over.wait(BEAT_INTERVAL_S):
            try:
                presence.beat(pulse())
            except OSError:
                continue  # the heartbeat stands still, and the run is judged by that

    thread = threading.Thread(target=keep_beating, daemon=True)
    thread.start()
    complete = False
    try:
        yield
        complete = True
    finally:
        over.set()
        thread.join()
        presence.close(pulse(), complete=complete)
