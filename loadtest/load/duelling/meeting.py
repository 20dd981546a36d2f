"""How the two runs of a duel agree with their command on when to begin: by small files in a folder.

Each run writes one when all of its users are there, and waits. When both have, the command writes a start time a little
later. All are processes of one machine with one CLOCK_MONOTONIC.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from loadtest.run.duel_schedule import Side
from loadtest.whole_files import write_whole

VARIABLE: Final = "READMODEL_DUEL"
"""The variable that makes a run one of two: ``base`` or ``new``, a colon, and the folder."""
_AGREED: Final = "agreed.json"
_LOOK_EVERY_S: Final = 0.02


@dataclass(frozen=True)
class Agreed:
    """When a duel begins, and when both runs will be stopped (CLOCK_MONOTONIC)."""

    start_ns: int
    ends_ns: int


@dataclass(frozen=True)
class Meeting:
    """The meeting of one run."""

    side: Side
    folder: Path

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Meeting | None:
        """The meeting of this process; None for a run that is no part of a duel."""
        side, _, folder = environment.get(VARIABLE, "").partition(":")
        return cls(Side(side), Path(folder)) if side in list(Side) else None

    @property
    def variable(self) -> dict[str, str]:
        """The variable that the run must have in its environment."""
        return {VARIABLE: f"{self.side}:{self.folder}"}

    def wait(self, sleep: Callable[[float], object], given_up: Callable[[], bool]) -> Agreed | None:
        """Note that this run is ready, and wait for the start time. None when the run was given up meanwhile."""
        write_whole(self.folder / self.side, str(os.getpid()).encode())
        while not given_up():
            if (self.folder / _AGREED).exists():
                return Agreed(**json.loads((self.folder / _AGREED).read_bytes()))
            sleep(_LOOK_EVERY_S)
        return None

    @property
    def is_ready(self) -> bool:
        """Whether this run has noted that it is ready."""
        return (self.folder / self.side).exists()


def name_the_moment(folder: Path, agreed: Agreed) -> None:
    """Tell both runs when to begin."""
    write_whole(folder / _AGREED, json.dumps(asdict(agreed)).encode())
