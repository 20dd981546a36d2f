"""The beginning of a run that never writes: whatever is there is version 0, and stays."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Final

from loadtest.errors import UsageError
from loadtest.run.document import MAXIMUM_BYTES
from loadtest.run.journal import Journal
from loadtest.run.records import WriteOutcome
from loadtest.run.standing_document import STANDING_FILE
from loadtest.target.finding import Target
from loadtest.target.keeping import Seen
from loadtest.target.preflight import read_address
from loadtest.target.put_errors import shown

_ATTEMPTS: Final = 5


def take_what_is_there(run_dir: Path, journal: Path, target: Target) -> int:
    """Read the document until two answers are alike, keep it for the readers, and note it as version 0; its size.

    Raises:
        UsageError: there is no document, or another one each time.
    """
    called = time.monotonic_ns()
    before = _document(target)
    for _ in range(_ATTEMPTS):
        seen = _document(target)
        if seen.body == before.body:
            break
        before = seen
    else:
        raise UsageError(
            f"{target.shown_url} answers another document each time, so there is nothing that a run without writes "
            "could be judged by; let the document rest, or give --write-interval."
        )
    descriptor = os.open(run_dir / STANDING_FILE, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(seen.body)
    written = Journal(journal, lambda event: None)
    written.called(0, called, called, len(seen.body))
    written.returned(0, time.monotonic_ns(), WriteOutcome.ACKED, seen.headers.get("etag", ""), "")
    written.close()
    return len(seen.body)


def _document(target: Target) -> Seen:
    seen = read_address(target)
    if seen.status != 200:
        said = shown(seen.body[:400].decode("utf-8", "replace"), most=120)
        raise UsageError(
            f"{target.shown_url} answered {seen.status} {said!r}: a run that never writes (--write-interval 0) reads "
            "what is there; put a document there first, check the address, or give --write-interval."
        )
    if len(seen.body) > MAXIMUM_BYTES:
        raise UsageError(
            f"{target.shown_url} answers more than {MAXIMUM_BYTES:,} bytes, the most that API Gateway passes on; give "
            "the address of a smaller document."
        )
    return seen
