"""What recording costs: reads per second of the recording readers beside a plain FastHttpUser, against nginx.

Many short runs, the generator on one core and nginx on the other. The two take turns in going first, so that a machine
that gets slower or faster favours neither; the figure is the median of the ratios of neighbours. Wanted: at least 0.9.
"""

from __future__ import annotations

import statistics
import subprocess
import sys

from benchmarks.nginx import nginx_serving
from loadtest.payload import render

RUN = "0123456789ab"
USERS = 20
WANTED = 0.9


def rate(kind: str, url: str, payload_bytes: int, seconds: float) -> float:
    """Reads per second of one load."""
    command = ["taskset", "-c", "0", sys.executable, "-m", "benchmarks.reader_load", kind, url, RUN, str(payload_bytes)]
    command += [str(seconds), str(USERS)]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    if int(printed[1]):
        raise RuntimeError(f"{printed[1]} reads failed; the rate means nothing.")
    return float(printed[0])


def neighbours(url: str, payload_bytes: int, seconds: float, rounds: int) -> list[tuple[float, float]]:
    """Reads per second of the plain and of the recording readers, round by round."""
    found = []
    for number in range(rounds):
        order = ("plain", "recording") if number % 2 else ("recording", "plain")
        rates = {kind: rate(kind, url, payload_bytes, seconds) for kind in order}
        found.append((rates["plain"], rates["recording"]))
    return found


def main(seconds: float = 2, rounds: int = 10) -> int:
    """Print a table, one line a payload size; returns how many ratios were too low."""
    print("Recording readers against a plain FastHttpUser, closed loop, nginx on loopback")
    print(f"command: python -m benchmarks.reader_rate   ({rounds} rounds of {seconds:g} s each, {USERS} users)")
    print(f"{'payload':>10} {'plain reads/s':>15} {'recording reads/s':>19} {'ratio (quartiles)':>24}")
    missed = 0
    for payload_bytes in (1024, 16 * 1024, 256 * 1024):
        with nginx_serving(render(RUN, 0, payload_bytes), core=1) as url:
            pairs = neighbours(url, payload_bytes, seconds, rounds)
        low, ratio, high = statistics.quantiles((recording / plain for plain, recording in pairs), n=4)
        plain, recording = (statistics.median(column) for column in zip(*pairs, strict=True))
        spread = f"{ratio:.3f} ({low:.3f} … {high:.3f})"
        print(f"{payload_bytes:>10,} {plain:>15,.0f} {recording:>19,.0f} {spread:>24}", flush=True)
        missed += ratio < WANTED
    return missed


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
