"""Looks at a run while it goes on, one after the other, and ends it when nothing is undecided any more.

A look is a process of its own (:mod:`loadtest.load.looking.look`). Only one runs at a time: where it takes so long that
the next is due, the next is left out. The result of each is written into ``run.json`` before anything else happens, so
that the report judges the run by the looks that were made. A look that cannot be written down ends nothing: the report
would judge the run as if nobody had looked at it, and be surer than it may be.
"""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import gevent

from loadtest import units
from loadtest.project import PROJECT
from loadtest.run.history.looks import GRACE_NS, LookMade, PlannedLook, RunLooks
from loadtest.units import SECOND

logger = logging.getLogger(__name__)

MODULE: Final = "loadtest.load.looking.look"
_FLUSHED_NS: Final = SECOND
"""The writer notes twice a second up to when everything is on disk, recorders more often."""
LONGEST_S: Final = 600


class Looking:
    """The looks at one run.

    Args:
        run_dir: where it is recorded.
        looks: the planned looks; the last one is the report, and is not made here.
        keep: writes the results into the run directory; returns whether they are written.
        on_decided: called once, when nothing is undecided any more, in a greenlet of its own: it ends the run.
    """

    def __init__(
        self,
        run_dir: Path,
        looks: Sequence[PlannedLook],
        keep: Callable[[dict[str, Any]], bool],
        on_decided: Callable[[], None],
    ) -> None:
        self._run_dir = run_dir
        self._planned = looks
        self._keep = keep
        self._on_decided = on_decided
        self._greenlet: gevent.Greenlet | None = None
        self.results = RunLooks(planned=len(looks), pairs=looks[-1].pairs)

    def start(self) -> None:
        """Write down what is planned, and begin to look."""
        if not self._keep(self.results.model_dump(mode="json")):
            logger.warning("Looks at the run cannot be written down, so there are none: it lasts as long as it may.")
            return
        self._greenlet = gevent.spawn(self._look_again_and_again)

    def stop(self) -> None:
        """Stop looking. Stopping twice is fine."""
        if self._greenlet is not None:
            self._greenlet.kill()
            self._greenlet = None

    def _look_again_and_again(self) -> None:
        for look, following in zip(self._planned, self._planned[1:], strict=False):
            due_ns = look.until_ns + GRACE_NS + _FLUSHED_NS
            if time.monotonic_ns() > following.until_ns:
                logger.warning("Look %d of %d is left out: the one before it took too long.", *self._number(look))
                continue
            gevent.sleep(max(0.0, (due_ns - time.monotonic_ns()) / SECOND))
            if self._look_once(look) and self.results.decided is not None:
                gevent.spawn(self._on_decided)
                return

    def _look_once(self, look: PlannedLook) -> bool:
        """Make one look. Returns whether it succeeded."""
        began_ns = time.monotonic_ns()
        result = run_look(self._run_dir, look.until_ns)
        took_ns = time.monotonic_ns() - began_ns
        if "undecided" not in result:
            why = str(result.get("failed", "it printed nothing"))
            logger.warning("Look %d of %d could not be made: %s.", *self._number(look), why.rstrip("."))
            return False
        undecided = [str(name) for name in result["undecided"]]
        this_look = LookMade(
            number=look.number, until_ns=look.until_ns, pairs=look.pairs, took_ns=took_ns, undecided=undecided
        )
        results = self.results.model_copy(update={"made": [*self.results.made, this_look]})
        if not self._keep(results.model_dump(mode="json")):
            logger.warning("Look %d of %d cannot be written down, so it decides nothing.", *self._number(look))
            return False
        self.results = results
        took = units.duration(took_ns)
        if undecided:
            logger.info("Look %d of %d took %s; undecided: %s.", *self._number(look), took, ", ".join(undecided))
        else:
            logger.info("Look %d of %d took %s; all is decided, so the run ends.", *self._number(look), took)
        return True

    def _number(self, look: PlannedLook) -> tuple[int, int]:
        return look.number, len(self._planned)


def run_look(run_dir: Path, until_ns: int) -> dict[str, Any]:
    """The result of one look. A process that prints anything but a result has failed."""
    command = [sys.executable, "-m", MODULE, str(run_dir.resolve()), str(until_ns)]
    try:
        done = subprocess.run(command, capture_output=True, check=False, cwd=PROJECT, timeout=LONGEST_S)
        result = json.loads(done.stdout) if not done.returncode else {"failed": f"its exit code was {done.returncode}"}
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        return {"failed": str(error)}
    return result if isinstance(result, dict) else {"failed": "it did not print a result"}
