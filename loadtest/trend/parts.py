"""What is followed of each object, each address and each place by itself.

An address with few of the reads hardly moves the numbers of all reads together, so what got worse there alone would go
unseen. The runs of a series have the same number of objects, addresses and places (:mod:`loadtest.trend.runs`).
"""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Callable, Iterable, Sequence

from loadtest import units
from loadtest.compare.rows import WINDOW_KINDS
from loadtest.compare.shares import Share
from loadtest.run.records import Verdict
from loadtest.summary.parts import AddressRow, ObjectRow, PlaceRow
from loadtest.summary.summary import Summary
from loadtest.trend.numbers import Headline, Measured, as_ratio, as_share, with_doubt


def headlines_of_parts(newest: Summary) -> tuple[Headline, ...]:
    """The numbers of the objects, addresses and places of the ``newest`` run; none when it has one of each."""
    return tuple(headline for part, slug in _slugs(_parts(newest)).items() for headline in _headlines(part, slug))


def answers_of_parts(newest: Summary, summary: Summary) -> dict[str, tuple[str, Verdict]]:
    """Title and verdict of each of the four questions at each part of the ``newest`` run, as of ``summary``."""
    parts = _parts(summary)
    return {
        f"{question.id}: {slug}": (f"{question.question.removesuffix('?')} at {part}?", verdict)
        for part, slug in _slugs(_parts(newest)).items()
        if part in parts
        for question, verdict in zip(summary.questions, _verdicts(parts[part]), strict=True)
    }


def _verdicts(row: Part) -> Sequence[Verdict]:
    return [answer.verdict for answer in row.answers] if isinstance(row, ObjectRow) else row.verdicts


Part = ObjectRow | AddressRow | PlaceRow


def _parts(summary: Summary) -> dict[str, Part]:
    """Each part by a name of its own: a place may be called like an object, and two addresses hide unlike secrets."""
    rows: list[tuple[str, Part]] = [(row.object_key, row) for row in summary.objects]
    rows += [(row.url, row) for row in summary.addresses]
    rows += [(row.place, row) for row in summary.places]
    parts: dict[str, Part] = {}
    for name, row in rows:
        numbered = (f"{name} ({number})" for number in itertools.count(2))
        parts[next(each for each in itertools.chain((name,), numbered) if each not in parts)] = row
    return parts


def _slugs(parts: Iterable[str]) -> dict[str, str]:
    """Each part as the id of a number has it; one that is spelled like another, or a window, has a digest in it."""
    slugs = {part: re.sub(r"[^a-z0-9]+", "-", part.lower()).strip("-") for part in parts}
    spelled = [*slugs.values(), *WINDOW_KINDS]
    return {part: slug if spelled.count(slug) < 2 else f"{slug}-{_digest(part)}" for part, slug in slugs.items()}


def _digest(part: str) -> str:
    return hashlib.sha256(part.encode(errors="surrogatepass")).hexdigest()[:8]


def _headlines(part: str, slug: str) -> list[Headline]:
    times = [
        Headline(
            f"response-{slug}-{quantile}",
            f"Response time at {part}, {quantile}",
            "lower",
            "ratio",
            _latency(part, quantile),
            units.duration,
        )
        for quantile in ("p50", "p99")
    ]
    title = f"Reads at {part} that ended in an error"
    return [*times, Headline(f"errors-{slug}", title, "lower", "share", _errors(part), units.share)]


def _latency(part: str, quantile: str) -> Callable[[Summary], Measured | None]:
    def measure(summary: Summary) -> Measured | None:
        value: int | None = getattr(_parts(summary).get(part), f"{quantile}_ns", None)
        if not value or value <= 0:
            return None
        return with_doubt(as_ratio(value, None, None, units.duration), summary, value)

    return measure


def _errors(part: str) -> Callable[[Summary], Measured | None]:
    def measure(summary: Summary) -> Measured | None:
        row = _parts(summary).get(part)
        return as_share(Share(row.errors, row.reads, row.reads)) if row and row.reads else None

    return measure
