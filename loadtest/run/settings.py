"""The settings of one run, as validated and as recorded."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

PUBLISH: Final = "publish"
WATCH: Final = "watch"
NO_WRITER: Final = "none"
WRITERS: Final = (PUBLISH, WATCH, NO_WRITER)


@dataclass(frozen=True)
class Settings:
    """The validated settings of one run. They go into ``run.json``, except what may hold a secret."""

    outputs: Path
    stack: str | None
    host: str | None = field(repr=False)
    samples_path: str = field(repr=False)
    bucket: str | None
    object_key: str
    s3_endpoint_url: str | None = field(repr=False)
    payload_bytes: int
    write_interval: float
    arrival_rate: float
    arrival_process: str
    conditional_share: float
    window: float
    max_staleness: float
    impact_tolerance: float
    thresholds: tuple[str, ...]
    run_dir: Path | None
    seed: int
    outputs_needed: bool = False
    overwrite: bool = False
    label: str = ""
    writer: str = PUBLISH
    """Who publishes documents: this suite, or somebody else whom it watches, in the store or only at the address."""
    publish_command: str = field(default="", repr=False)
    """The user's own publisher, run in writing windows. It is never recorded: a command line may hold a secret."""
    watch_interval: float = 0.25
    """Seconds between two HEADs."""
    addresses: tuple[tuple[str, int], ...] = field(default=(), repr=False)
    """Paths and addresses with their weights, where there are several; ``samples_path`` is the first."""
    object_keys: tuple[str, ...] = ()
    """The object of each of them, where they are of several; ``object_key`` is the first."""
    document_objects: tuple[int, ...] = ()
    """Which object each ``document`` is published at, by number, where there are several."""
    until_decided: bool = False
    document: tuple[str, ...] = ()
    """Files, as they were given: as text, for the key of an object may stand behind one."""
    stamp: tuple[str, ...] = ()
    documents: Path | None = None
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """The headers of every read. Their values are secrets."""
    cert: str = ""
    key: str = ""

    @property
    def has_own_documents(self) -> bool:
        """Whether documents of the user's own are published, stamped or unchanged."""
        return bool(self.document) or self.documents is not None
