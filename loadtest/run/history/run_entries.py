"""The entries of ``run.json``, validated: settings, clock, plan, end. All of it together is ``run_info.RunInfo``."""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, model_validator

from loadtest.run.settings import PUBLISH
from loadtest.units import SECOND

LATEST_NS: Final = 2**62
"""Times are below this, so that the difference of two fits 64 bits."""

_NotNegative = Annotated[FiniteFloat, Field(ge=0, strict=False)]
_SHORTEST_WINDOW_NS: Final = SECOND // 5
"""The same limit as for the option."""

Time = Annotated[int, Field(ge=0, lt=LATEST_NS)]


class Entry(BaseModel):
    """One entry; what another version has noted in it besides is passed on as it is."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)


class RunSettings(Entry):
    """The settings that judging needs; seconds and shares as the user gave them."""

    write_interval: _NotNegative
    arrival_rate: _NotNegative
    conditional_share: Annotated[FiniteFloat, Field(ge=0, le=1, strict=False)]
    window: _NotNegative
    max_staleness: _NotNegative
    impact_tolerance: Annotated[FiniteFloat, Field(ge=1, strict=False)]
    thresholds: list[str] = []
    seed: int = 0
    writer: str = PUBLISH
    watch_interval: _NotNegative = 0


class RunClock(Entry):
    """The clock that all times are on."""

    name: str
    started_ns: Time | None = None


class RunPlan(Entry):
    """When the schedule began, how long its windows are, and its rests (in windows; runs of old versions had none)."""

    start_ns: Time
    window_ns: Time = 0
    guard_ns: Time = 0
    rest_windows: Annotated[int, Field(ge=0, le=1_000)] = 0
    rest_pairs: Annotated[int, Field(ge=0, le=1_000)] = 0
    side: Literal["", "base", "new"] = ""  # of a duel

    @model_validator(mode="after")
    def _has_turns(self) -> Self:
        if self.side and self.window_ns < _SHORTEST_WINDOW_NS:
            raise ValueError("the turns of a duel are made of windows, and these are shorter than any may be")
        return self


class RunEnd(Entry):
    """How and when the run ended."""

    reason: str
    at_ns: Time | None = None
    recovered: bool = False
    lost: bool = False  # a process did not write all that it had recorded, though the run ended in order


class WriterTrouble(Entry):
    """A trouble of the writer that was noted while the run went on."""

    at_ns: Time
    trouble: str


class RunSource(Entry):
    """What was measured: label, commit and branch. Runs of old versions do not have it."""

    label: str = ""
    commit: str = ""
    branch: str = ""


class RunDocuments(Entry):
    """Which documents the run published. Runs of old versions, whose documents are made up, do not have it.

    ``cuts_seen``: of all places where a mix of two consecutive versions may be cut, the share at which the mix differs
    from both. It is missing for documents that are made up, which differ in every row.
    """

    kind: str = "made-up"
    cuts_seen: Annotated[FiniteFloat, Field(ge=0, le=1, strict=False)] | None = None
    stamps: list[str] = []
