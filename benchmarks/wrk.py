"""wrk with one thread, which knows one request only: how far from the limit a reader is."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence

from benchmarks.loads import USERS
from benchmarks.nginx import Served

WRK_S = 2
_RATE = re.compile(r"Requests/sec:\s+([\d.]+)")


def wrk(pairs: Sequence[tuple[Served, int]]) -> float:
    """Reads per second of one wrk for each pair of a server and a core, all at once; 0 when it is not installed."""
    if not shutil.which("wrk"):
        return 0.0
    running = [
        subprocess.Popen(
            ["taskset", "-c", str(core), "wrk", "-t1", f"-c{USERS}", f"-d{WRK_S}s", served.url],
            stdout=subprocess.PIPE,
            text=True,
        )
        for served, core in pairs
    ]
    return sum(_rate(process) for process in running)


def _rate(process: subprocess.Popen[str]) -> float:
    printed, _ = process.communicate(timeout=10 * WRK_S)
    found = _RATE.search(printed)
    if process.returncode or found is None or "Non-2xx" in printed:
        raise RuntimeError(f"wrk did not read the document: {printed}")
    return float(found[1])
