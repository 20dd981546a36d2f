"""What recording costs: reads per second of the recording readers beside a plain FastHttpUser, against nginx.

Both in turn, several times, the generator on one core and nginx on the other; the figure is the median of the ratios of
neighbouring runs. Wanted: at least 0.9.
"""

from __future__ import annotations

import statistics
import subprocess
import sys

from benchmarks.nginx import nginx_serving
from loadtest.payload import render

RUN = "0123456789ab"
USERS = 20


def rate(kind: str, url: str, payload_bytes: int, seconds: float) -> float:
    """Reads per second of one load."""
    command = ["taskset", "-c", "0", sys.executable, "-m", "benchmarks.reader_load", kind, url, RUN, str(payload_bytes)]
    command += [str(seconds), str(USERS)]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    if int(printed[1]):
        raise RuntimeError(f"{printed[1]} reads failed; the rate means nothing.")
    return float(printed[0])


def main(seconds: float = 6, rounds: int = 5) -> None:
    """Print a table: one line a payload size."""
    print("Recording readers against a plain FastHttpUser, closed loop, nginx on loopback")
    print(f"command: python -m benchmarks.reader_rate   ({rounds} rounds of {seconds:g} s each, {USERS} users)")
    print(f"{'payload':>10} {'plain reads/s':>15} {'recording reads/s':>19} {'ratio (min … max)':>24}")
    for payload_bytes in (1024, 16 * 1024, 256 * 1024):
        with nginx_serving(render(RUN, 0, payload_bytes), core=1) as url:
            pairs = [
                (rate("plain", url, payload_bytes, seconds), rate("recording", url, payload_bytes, seconds))
                for _ in range(rounds)
            ]
        ratios = [recording / plain for plain, recording in pairs]
        plain, recording = (statistics.median(column) for column in zip(*pairs, strict=True))
        spread = f"{statistics.median(ratios):.3f} ({min(ratios):.3f} … {max(ratios):.3f})"
        print(f"{payload_bytes:>10,} {plain:>15,.0f} {recording:>19,.0f} {spread:>24}")


if __name__ == "__main__":
    main()
