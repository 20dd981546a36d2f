"""What a sentence says of a write: what became of this suite's own PUT, or what HEADs showed of somebody else's.

A watched write was acknowledged to its publisher, and nobody here heard it. What is known of it are two HEADs: the last
that did not show it, and the first that did. Where nobody asked the store, not even these are.
"""

from __future__ import annotations

from loadtest import units
from loadtest.run.history.history import History
from loadtest.run.settings import NO_WRITER, PUBLISH


def is_own(history: History) -> bool:
    """Whether this suite made the writes itself, so that it knows when it sent them and what the store answered."""
    return history.info.settings.writer == PUBLISH


def has_times(history: History) -> bool:
    """Whether anything is known of when a version was written."""
    return history.info.settings.writer != NO_WRITER


def acknowledgement(history: History, version: int) -> str:
    """From when on a version was certainly there, as a moment."""
    return f"acknowledgement of write {version}" if is_own(history) else f"first HEAD that showed version {version}"


def call(history: History, version: int) -> str:
    """Until when a version was certainly not there, as a moment: a HEAD was sent, or the publish command began."""
    if is_own(history):
        return f"call of write {version}"
    return f"last moment at which version {version} was certainly not there" if version else "first HEAD of the run"


def counted(history: History, count: int) -> str:
    """So many writes that were certainly over at some time."""
    if is_own(history):
        return units.counted(count, "acknowledged write")
    return units.counted(count, "version that HEADs showed", "versions that HEADs showed")
