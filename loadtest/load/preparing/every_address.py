"""The first looks at every address of a run: each must answer, and with the object that it is said to be of."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from loadtest.errors import UsageError
from loadtest.load.preparing.never_writing import document_at, take_what_is_there
from loadtest.run.documents.kind import Documents
from loadtest.run.settings import Settings
from loadtest.target.finding import Target
from loadtest.target.preflight import check_answers, wait_for_version_0

_ONE_OBJECT: Final = (
    "all addresses of a run are of one object unless it is said which is of which: if that is another one, give its "
    "key, as in '/v1/prices key=prices.json'"
)


def check_all_answer(target: Target) -> None:
    """As :func:`check_answers`, for each address."""
    for one in target.each():
        check_answers(one)


def wait_for_version_0_everywhere(target: Target, documents: Documents, before: bytes | None = None) -> None:
    """As :func:`wait_for_version_0`, for each address."""
    first, *others = target.each()
    wait_for_version_0(first, documents, before)
    for one in others:
        try:
            wait_for_version_0(one, documents, before)
        except UsageError as error:
            raise UsageError(f"{error} It does come out at {first.shown_url}, and {_ONE_OBJECT}.") from None


def wait_for_every_object(target: Target, documents: Sequence[Documents], before: Sequence[bytes | None] = ()) -> None:
    """As :func:`wait_for_version_0`, for each address with the first version of its object, in a run of several.

    ``documents`` and what was there ``before`` are by number of the object.
    """
    for one, number in zip(target.each(), target.object_numbers, strict=True):
        wait_for_version_0(one, documents[number], before[number] if before else None, number)


def take_what_is_everywhere(run_dir: Path, journal: Path, target: Target) -> int:
    """As :func:`take_what_is_there`, where each address must answer the same.

    Raises:
        UsageError: there is no document, or another one each time, or at each address.
    """
    first, *others = target.each()
    size = take_what_is_there(run_dir, journal, first)
    for one in others:
        if document_at(one).body != document_at(first).body:
            raise UsageError(f"{one.shown_url} answers another document than {first.shown_url}, and {_ONE_OBJECT}.")
    return size


def refuse_too_few_readers(settings: Settings, readers: int | None, workers: int) -> None:
    """Each address needs a reader in each process that reads."""
    needed = len(settings.addresses) * workers
    if readers is not None and settings.addresses and readers < needed:
        raise UsageError(
            f"There are {readers:,} readers (-u) for {len(settings.addresses)} addresses"
            + (f" in {workers} processes" if workers > 1 else "")
            + f": a reader keeps to one address, so give at least {needed:,}."
        )
