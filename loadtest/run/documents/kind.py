"""The interface that every kind of documents has."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

from loadtest.run.records import ReadOutcome

MAXIMUM_BYTES: Final = 10 * 1024 * 1024
"""The largest answer that an API Gateway REST API passes on: 10 MB (Amazon API Gateway quotas, "Payload size")."""

Description = dict[str, Any]
"""What documents a run has, as JSON. ``kind`` names the kind; the other entries belong to the kind."""


class Identity(NamedTuple):
    """What a body is, and the version it names when it is whole (else ``NO_VERSION``)."""

    outcome: ReadOutcome
    version: int


class BodyVerifier(Protocol):
    """Identifies bodies that came with status 200, for one run in one process."""

    @property
    def latest_body(self) -> bytes:
        """The whole document that was identified last; empty before the first one."""

    @property
    def latest_identity(self) -> Identity:
        """What ``latest_body`` is."""

    def identify(self, body: bytes, etag: str | None = None) -> Identity:
        """The identity of ``body``, which came with this ETag. Never raises."""

    def how_rewritten(self, body: bytes) -> str:
        """What was done to a document on its way that turned out to be rewritten, in a few words."""


class Documents(Protocol):
    """The documents of one run."""

    @property
    def largest(self) -> int:
        """The size of the largest document, as far as that is known."""

    @property
    def count(self) -> int | None:
        """How many versions there can be; None where there is no limit."""

    def render(self, version: int) -> bytes | None:
        """The bytes of ``version``; None where they are not known beforehand."""

    def verifier(self) -> BodyVerifier:
        """A new verifier, which has seen no body yet."""


@dataclass(frozen=True)
class Described:
    """What a run's documents are made from."""

    description: Description
    run: str
    run_dir: Path
