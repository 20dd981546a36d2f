"""Puts the document back at the end of a run, in a process of its own."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Final

from loadtest.project import PROJECT
from loadtest.target.finding import Target
from loadtest.target.store_kinds import orders_for

_TIME_LIMIT_S: Final = 120
"""For each object: they are put back one after the other."""


class PuttingBack:
    """Puts the document of each object back in a process of its own, which Ctrl-C does not reach; started once."""

    def __init__(self, run_dir: Path, target: Target) -> None:
        command = [sys.executable, "-m", "loadtest", "restore", "--orders-on-input", str(run_dir.resolve())]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, cwd=PROJECT, start_new_session=True)
        objects = [(one.object_key, one.url) for one in target.objects()]
        self._time_limit_s = _TIME_LIMIT_S * len(objects)
        orders = {**orders_for(target), "objects": objects, **asdict(target.access)}
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(orders).encode() + b"\n")  # type: ignore[union-attr]
            self._process.stdin.close()  # type: ignore[union-attr]

    def done(self) -> bool:
        """Wait for it, and return whether nothing is owed any more. One that hangs is killed."""
        try:
            return self._process.wait(self._time_limit_s) == 0
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait() == 0
