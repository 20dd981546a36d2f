"""The value of one option, checked: a number, a seed, a label, a place, thresholds, documents of the user's own.

The web page of Locust sends every value as text, and several thresholds as one text.
"""

from __future__ import annotations

import argparse
import secrets
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from loadtest.errors import UsageError
from loadtest.run.schedule import ArrivalProcess
from stacks.user_input import cut, real_number, shown, whole_number

LONGEST_LABEL: Final = 200
LONGEST_PLACE: Final = 60
_LARGEST_SEED: Final = 2**31 - 1


def place_from(options: argparse.Namespace) -> str:
    """Where the workers of this process read from."""
    place = str(options.place or "").strip()
    if len(place) > LONGEST_PLACE or not place.isprintable():
        raise UsageError(f"--place is {cut(shown(place))}: give a name of up to {LONGEST_PLACE} printable characters.")
    return place


def own_documents_from(options: argparse.Namespace) -> dict[str, Any]:
    """The documents of the user's own that are to be published, if any."""
    document, stamp, folder = options.document or (), options.stamp or (), options.documents
    if folder and (document or stamp):
        raise UsageError("--documents publishes files as they are: give it alone, or --document with --stamp.")
    if document and not stamp:
        raise UsageError(
            f"--document is {shown(document[0])} and --stamp is missing: name the field that is to carry run and "
            "version, as in --stamp /meta/revision; it is added where the object has none."
        )
    if stamp and not document:
        raise UsageError(f"--stamp is {shown(stamp[0])} and --document is missing: give the document to stamp.")
    return {"document": tuple(document), "stamp": tuple(stamp), "documents": Path(folder) if folder else None}


def thresholds_from(value: Sequence[str] | str | None) -> tuple[str, ...]:
    """Each condition as text of its own."""
    from loadtest.judge.thresholds.grammar import ThresholdError, parse  # noqa: PLC0415 - the probe has none

    texts = [value] if isinstance(value, str) else list(value or ())
    try:
        return tuple(threshold.expression for text in texts if text.strip() for threshold in parse(text))
    except ThresholdError as error:
        raise UsageError(f"--threshold {error}") from None


def arrival_process_from(value: object) -> str:
    known = [process.value for process in ArrivalProcess]
    if value not in known:
        raise UsageError(f"--arrival-process is {shown(value)}: give {' or '.join(known)}.")
    return str(value)


def seed_from(value: object) -> int:
    """The seed; one is drawn where none was given, which may also be written -1."""
    if value in ("", None):
        return secrets.randbelow(2**31)
    seed = whole_number(value, otherwise=_LARGEST_SEED + 1)
    if not -1 <= seed <= _LARGEST_SEED:
        raise UsageError(f"--seed is {shown(value)}: give a whole number from 0 to {_LARGEST_SEED:,}, or none.")
    return seed if seed >= 0 else secrets.randbelow(2**31)


def label_from(value: str) -> str:
    label = value.strip()
    if not is_name(label, LONGEST_LABEL):
        raise UsageError(f"--label is {shown(value)}: give one line of at most {LONGEST_LABEL} bytes.")
    return label


def is_name(text: str, longest: int) -> bool:
    return text.isprintable() and len(text.encode(errors="surrogatepass")) <= longest


class Numbers:
    """Checks the range of numeric options."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options

    def whole(self, name: str, least: int, most: int, hint: str) -> int:
        return int(self._checked(name, least, most, hint, whole_number))

    def real(self, name: str, least: float, most: float, hint: str) -> float:
        return float(self._checked(name, least, most, hint, real_number))

    def _checked(self, name: str, least: float, most: float, hint: str, kind: Callable[[object], float]) -> float:
        value = getattr(self._options, name.replace("-", "_"))
        try:
            number = kind(value)
        except ValueError:
            raise UsageError(f"--{name} is {shown(value)}: give a number from {least:,} to {most:,}.") from None
        if not least <= number <= most:
            raise UsageError(f"--{name} is {number:,}: give a number from {least:,} to {most:,} ({hint}).")
        return number
