"""What a watcher wrote down besides the versions that it saw: as events of its journal, and as facts of the run."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field

WATCH: Final = "watch"
"""The key of such an event in the journal, and of all these facts together in ``run.json``."""

_Time = int


class Span(BaseModel):
    """A stretch of time between two HEADs, both included, and what is known of it."""

    model_config = ConfigDict(extra="allow", frozen=True)

    from_ns: _Time
    to_ns: _Time
    why: str = ""


class CommandRun(BaseModel):
    """One run of a publish command; ``code`` is None when it was ended with the load test."""

    model_config = ConfigDict(extra="allow", frozen=True)

    called_ns: _Time
    returned_ns: _Time
    code: int | None = None
    said: str = ""


class Watched(BaseModel):
    """Everything that is known of a watch, besides its versions."""

    model_config = ConfigDict(extra="allow", frozen=True)

    heads: int = 0
    failed: int = 0
    until_ns: _Time | None = None
    """When the last HEAD that was answered was sent; None when the watcher was killed before it noted that."""
    usual_gap_ns: int = 0
    """The longest time from the sending of one HEAD to the answer of the next, outside of ``blind``."""
    blind: tuple[Span, ...] = ()
    """No HEAD was answered in between."""
    again: tuple[Span, ...] = ()
    """The same ETag before and after, and yet something was published: Last-Modified or the version id changed."""
    gone: tuple[Span, ...] = ()
    """The object was not there."""
    published: tuple[dict[str, Any], ...] = ()
    """Of each version: what the store said of it, and whether its ETag is an MD5 (``yes``, ``perhaps``, ``no``)."""
    command: tuple[CommandRun, ...] = ()
    unseen: Annotated[int, Field(ge=0)] = 0
    """Documents that readers got and no HEAD saw: published and replaced between two."""
    documents: int = 0
    """In a run that did not ask the store: how many different documents were read."""
    in_order: int = 0
    """Documents of these whose order Last-Modified proves."""
    came_back: int = 0
    """Reads of a document that their reader had had before, with another one in between, in unknown order."""
    vouched: bool = True
    """Whether any document that was read could be tied to a version."""
    same_bytes: Annotated[int, Field(ge=0)] = 0
    """Versions that came with the bytes of another one, under an ETag that is no MD5."""

    def hidden(self) -> tuple[Span, ...]:
        """Stretches in which something that no HEAD saw was published, or may have been, for lack of HEADs."""
        return (*self.blind, *self.again, *self.gone)


def watched_from(events: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """The events of a journal as one object, for ``run.json``."""
    facts: dict[str, Any] = {"blind": [], "again": [], "gone": [], "published": [], "command": []}
    for event in events:
        kind = event.get("kind")
        details = {name: value for name, value in event.items() if name != "kind"}
        if kind in facts:
            facts[kind].append(details)
        elif kind == "looked":
            facts |= details
    return facts
