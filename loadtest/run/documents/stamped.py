"""Documents of the user's own with stamped fields. The versions use them in turn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from loadtest.run.documents.json_fields import StampPlace
from loadtest.run.documents.known import KnownVerifier
from loadtest.run.documents.library import Library
from loadtest.run.documents.stamps import LARGEST_VERSION, MOST_NUMBERED, Template, stamped_by, versions_named

STAMPED: Final = "stamped"


class Stamped:
    """The stamped documents of one run.

    Args:
        run: the run's name.
        templates: the documents.
        objects: the object that each of them is published at, where the run has several; by number.
        number: the object whose bodies are told.
    """

    def __init__(self, run: str, templates: list[Template], objects: Sequence[int] = (), number: int = 0) -> None:
        self._run = run
        self._templates = templates
        self._number = number
        of = objects or [0] * len(templates)
        self._turns = [
            [template for template, own in zip(templates, of, strict=True) if own == each]
            for each in range(max(of) + 1)
        ]
        """The documents of each object, which take turns there."""
        self.largest = max(template.size for template in templates)
        self.count = MOST_NUMBERED if any(template.has_number for template in templates) else LARGEST_VERSION

    @classmethod
    def of(cls, run_dir: Path, run: str, number: int = 0) -> Stamped:
        library = Library(run_dir)
        entries = library.about()["documents"]
        places = [[StampPlace(*place) for place in entry["places"]] for entry in entries]
        templates = [Template(library.read(place), at) for place, at in enumerate(places)]
        return cls(run, templates, [int(entry.get("object", 0)) for entry in entries], number)

    def render(self, version: int) -> bytes:
        turns = self._turns[version % len(self._turns)]
        return turns[version // len(self._turns) % len(turns)].render(self._run, version)

    def verifier(self) -> KnownVerifier:
        return KnownVerifier(self, self._number, len(self._turns))

    def version_of(self, body: bytes) -> int | None:
        version = next((named for named in self._named_at_the_place(body) if self.render(named) == body), None)
        return version if version is None or version < self.count else None

    def named_in(self, body: bytes) -> Iterator[int]:
        yield from self._named_at_the_place(body)
        yield from versions_named(body, self._run)

    def may_start_with(self, body: bytes) -> bool:
        return any(template.may_start_with(body, self._run) for template in self._templates)

    def is_somebody_elses(self, body: bytes) -> bool:
        """Whether a body is another run's document, or one of these without a stamp."""
        if any(body == template.original for template in self._templates):
            return True
        return stamped_by(body) not in ("", self._run)

    def _named_at_the_place(self, body: bytes) -> Iterator[int]:
        for template in self._templates:
            version = template.version_named(body, self._run)
            if version is not None:
                yield version
