"""The entries of ``run.json``, validated: settings, clock, plan, end. All of it together is ``run_info.RunInfo``."""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, model_validator

from loadtest.run.settings import PUBLISH
from loadtest.units import SECOND

LATEST_NS: Final = 2**62
"""Times at or beyond this are no times: differences of two of them would not fit 64 bits."""

TOLERANT = ConfigDict(extra="allow", frozen=True, strict=True)
_NotNegative = Annotated[FiniteFloat, Field(ge=0, strict=False)]
_SHORTEST_WINDOW_NS: Final = SECOND // 5
"""As the options of the load test have it."""

_Time = Annotated[int, Field(ge=0, lt=LATEST_NS)]


class RunSettings(BaseModel):
    """The settings that judging needs; seconds and shares as the user gave them."""

    model_config = TOLERANT

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


class RunClock(BaseModel):
    """The clock that all times are on."""

    model_config = TOLERANT

    name: str
    started_ns: _Time | None = None


class RunPlan(BaseModel):
    """When the schedule began, how long its windows are, and its rests (in windows; runs of old versions had none)."""

    model_config = TOLERANT

    start_ns: _Time
    window_ns: _Time = 0
    guard_ns: _Time = 0
    rest_windows: Annotated[int, Field(ge=0, le=1_000)] = 0
    rest_pairs: Annotated[int, Field(ge=0, le=1_000)] = 0
    side: Literal["", "base", "new"] = ""  # of a duel

    @model_validator(mode="after")
    def _has_turns(self) -> Self:
        if self.side and self.window_ns < _SHORTEST_WINDOW_NS:
            raise ValueError("the turns of a duel are made of windows, and these are shorter than any may be")
        return self


class RunEnd(BaseModel):
    """How the run came to its end."""

    model_config = TOLERANT

    reason: str
    at_ns: _Time | None = None
    recovered: bool = False
    lost: bool = False  # a process did not write all that it had recorded, though the run ended in order


class WriterTrouble(BaseModel):
    """Something that the run noted of its writer while it went on."""

    model_config = TOLERANT

    at_ns: _Time
    trouble: str


class RunSource(BaseModel):
    """What was measured, by the names that people give it; runs of old versions say nothing of it."""

    model_config = TOLERANT

    label: str = ""
    commit: str = ""
    branch: str = ""


class RunDocuments(BaseModel):
    """Which documents the run published; of old versions' runs, whose documents are made up, nothing is said.

    ``cuts_seen``: of all places where a mix of two versions in turn may be cut, the share in which the mix is neither
    of them. Documents that are made up differ in every row, so of those it is not said.
    """

    model_config = TOLERANT

    kind: str = "made-up"
    cuts_seen: Annotated[FiniteFloat, Field(ge=0, le=1, strict=False)] | None = None
    stamps: list[str] = []
