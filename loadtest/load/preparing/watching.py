"""The beginning of a run that only watches: there must be a document, and readers should get the same one."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import gevent

from loadtest.errors import UsageError
from loadtest.load.preparing.never_writing import note_version_0
from loadtest.run.etags.etag_digests import md5_of
from loadtest.run.records import opaque
from loadtest.target.finding import Target
from loadtest.target.preflight import read_address
from loadtest.target.what_to_keep import Seen

_PATIENCE_S: Final = 3
_PAUSE_S: Final = 0.25


def readers_see(target: Target, looked: dict[str, Any], place: str) -> str:
    """A warning when the readers' address shows another document than the store; "" when it shows the same."""

    def unlike() -> str:
        if _is_same(document_at(target), looked):
            return ""
        return (
            f"Readers get another document at {target.shown_url} than {place} holds ({_PATIENCE_S} s long): does "
            "that address read this object, or is an old version still being served? The run goes on."
        )

    return _after_patience(unlike)


def addresses_see(target: Target) -> str:
    """A warning when the addresses of a run that asks no store show different documents; "" when they do not."""

    def unlike() -> str:
        first, *others = [(one, document_at(one).body) for one in target.each()]
        where = [one.shown_url for one, body in others if body != first[1]]
        if not where:
            return ""
        return (
            f"Readers get another document at {' and '.join(where)} than at {first[0].shown_url} ({_PATIENCE_S} s "
            "long): all addresses of a run must be of one object, and nobody asks the store whether these are. The "
            "run goes on."
        )

    return _after_patience(unlike)


def _after_patience(unlike: Callable[[], str]) -> str:
    """What is still unlike when patience is over; "" as soon as nothing is."""
    until = time.monotonic() + _PATIENCE_S
    while (warning := unlike()) and time.monotonic() <= until:
        gevent.sleep(_PAUSE_S)
    return warning


def take_first_document(journal: Path, target: Target) -> int:
    """Note the document that readers get now as version 0 of a run that asks no store, and return its size."""
    called = time.monotonic_ns()
    seen = document_at(target)
    note_version_0(journal, seen, called)
    return len(seen.body)


def document_at(target: Target) -> Seen:
    seen = read_address(target)
    if seen.status != 200:
        raise UsageError(
            f"{target.shown_url} answered {seen.status} {seen.excerpt(target.url)!r}: a run that only watches reads "
            "what somebody else publishes; check the address, and that a document is there."
        )
    return seen


def _is_same(seen: Seen, looked: dict[str, Any]) -> bool:
    tag = opaque(str(looked["etag"]))
    return tag in (opaque(seen.headers.get("etag", "")), md5_of(seen.body))
