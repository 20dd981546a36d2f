"""The beginning of a run that never writes: the document that is there is version 0, and stays."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

from loadtest.errors import UsageError
from loadtest.run.documents.kind import MAXIMUM_BYTES
from loadtest.run.files import STANDING_FILE
from loadtest.run.journal import Journal
from loadtest.run.records import WriteOutcome
from loadtest.target.finding import Target
from loadtest.target.preflight import read_address
from loadtest.target.what_to_keep import Seen
from loadtest.whole_files import OWNER_ONLY, write_whole

_ATTEMPTS: Final = 5


def take_what_is_there(run_dir: Path, journal: Path, target: Target) -> int:
    """Read the document until two answers are alike, keep it for the readers, and note it as version 0; its size.

    Raises:
        UsageError: there is no document, or a different one each time.
    """
    called = time.monotonic_ns()
    before = document_at(target)
    for _ in range(_ATTEMPTS):
        seen = document_at(target)
        if seen.body == before.body:
            break
        before = seen
    else:
        raise UsageError(
            f"{target.shown_url} answers another document each time, so there is nothing that a run without writes "
            "could be judged by; let the document rest, or give --write-interval."
        )
    write_whole(run_dir / STANDING_FILE, seen.body, mode=OWNER_ONLY)
    note_version_0(journal, seen, called)
    return len(seen.body)


def note_version_0(journal: Path, seen: Seen, called_ns: int) -> None:
    """Note the document that readers get before a run as if it had been written then."""
    written = Journal(journal, lambda event: None)
    written.called(0, called_ns, called_ns, len(seen.body))
    written.returned(0, time.monotonic_ns(), WriteOutcome.ACKED, seen.headers.get("etag", ""), "")
    written.close()


def document_at(target: Target) -> Seen:
    seen = read_address(target)
    if seen.status != 200:
        raise UsageError(
            f"{target.shown_url} answered {seen.status} {seen.excerpt(target.url)!r}: a run that never writes "
            "(--write-interval 0) reads what is there; put a document there first, check the address, or give "
            "--write-interval."
        )
    if len(seen.body) > MAXIMUM_BYTES:
        raise UsageError(
            f"{target.shown_url} answers more than {MAXIMUM_BYTES:,} bytes, the most that API Gateway passes on; give "
            "the address of a smaller document."
        )
    return seen
