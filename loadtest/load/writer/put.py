"""One PUT that has come back, as the process that started the writer hears of it."""

from __future__ import annotations

from dataclasses import dataclass

from loadtest.run.records import WriteOutcome


@dataclass(frozen=True)
class Put:
    """A PUT and what became of it."""

    version: int
    called_ns: int
    returned_ns: int
    outcome: WriteOutcome
    bytes: int
    etag: str
    error: str

    @property
    def milliseconds(self) -> float:
        """Service time, as Locust counts it."""
        return (self.returned_ns - self.called_ns) / 1e6
