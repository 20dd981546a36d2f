"""What recording costs: reads per second of the recording readers beside a plain FastHttpUser, against nginx.

One core for the generators, one for nginx, which counts the answers. The speed of a core here changes from second to
second, so two loads that run one after the other say little. Here both live side by side and take turns by SIGSTOP and
SIGCONT, a quarter of a second each; both see the same fast and slow seconds. As processes of one program also differ
from start to start, there are several such pairs; the figure is the median of their ratios. Wanted: at least 0.9.
"""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from benchmarks.nginx import STATUS_PATH, nginx_serving
from benchmarks.options import parser
from loadtest.payload import render

RUN = "0123456789ab"
KINDS = ("plain", "recording")
USERS = 20
WANTED = 0.9
GENERATOR_CORE, SERVER_CORE = 0, 1
SLICE_S = 0.25


@contextmanager
def stopped_load(kind: str, url: str, payload_bytes: int) -> Iterator[subprocess.Popen[str]]:
    """A load that is warm and stands still; it ends with the block, which fails if one of its reads did."""
    command = ["taskset", "-c", str(GENERATOR_CORE), sys.executable, "-m", "benchmarks.reader_load"]
    command += [kind, url, RUN, str(payload_bytes), str(USERS)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        if process.stdout.readline() != "ready\n":
            raise RuntimeError(f"The {kind} load did not start; its own message is above.")
        process.send_signal(signal.SIGSTOP)
        yield process
        process.terminate()
        process.send_signal(signal.SIGCONT)
        failures = int(process.communicate(timeout=30)[0])
        if failures:
            raise RuntimeError(f"{failures} reads failed in the {kind} load; the rate means nothing.")
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        process.wait(10)


def answers(url: str) -> int:
    """How many requests nginx has taken so far, this one among them."""
    with urllib.request.urlopen(url.replace("/v1/samples", STATUS_PATH)) as response:
        return int(response.read().split(b"requests")[1].split()[2])


def rates(url: str, payload_bytes: int, turns: int) -> dict[str, float]:
    """Reads per second of one plain and one recording load, by kind, from ``turns`` turns of each."""
    reads, seconds = dict.fromkeys(KINDS, 0), dict.fromkeys(KINDS, 0.0)
    with stopped_load("plain", url, payload_bytes) as plain, stopped_load("recording", url, payload_bytes) as recording:
        for turn in range(turns):
            order = (("plain", plain), ("recording", recording))
            for kind, process in order if turn % 2 else reversed(order):
                before = answers(url)
                process.send_signal(signal.SIGCONT)
                started = time.perf_counter()
                time.sleep(SLICE_S)
                process.send_signal(signal.SIGSTOP)
                seconds[kind] += time.perf_counter() - started
                reads[kind] += answers(url) - before - 1
    return {kind: reads[kind] / seconds[kind] for kind in KINDS}


def main(pairs: int = 8, turns: int = 30) -> int:
    """Print a table, one line a payload size; returns how many ratios were too low."""
    os.sched_setaffinity(0, {SERVER_CORE})
    print("Recording readers against a plain FastHttpUser, closed loop, nginx on loopback")
    print("command: python -m benchmarks.reader_rate", end="   ")
    print(f"({pairs} pairs of processes, {turns} turns of {SLICE_S:g} s each, {USERS} users)")
    print(f"{'payload':>10} {'plain reads/s':>15} {'recording reads/s':>19} {'ratio (least … most)':>24}")
    missed = 0
    for payload_bytes in (1024, 16 * 1024, 256 * 1024):
        with nginx_serving(render(RUN, 0, payload_bytes), core=SERVER_CORE) as url:
            found = [rates(url, payload_bytes, turns) for _ in range(pairs)]
        plain, recording = (statistics.median(pair[kind] for pair in found) for kind in KINDS)
        ratios = [pair["recording"] / pair["plain"] for pair in found]
        ratio = statistics.median(ratios)
        spread = f"{ratio:.3f} ({min(ratios):.3f} … {max(ratios):.3f})"
        print(f"{payload_bytes:>10,} {plain:>15,.0f} {recording:>19,.0f} {spread:>24}", flush=True)
        missed += ratio < WANTED
    return missed


if __name__ == "__main__":
    parser("reader_rate", __doc__).parse_args()
    sys.exit(1 if main() else 0)
