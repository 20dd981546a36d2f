"""How many reads a second the sandbox answers: it must not be the bottleneck of what is measured against it.

The sandbox on one core, wrk on the other, 16 connections. Wanted: at least 5,000 reads a second at every size from 1 to
64 KB, whole bodies and 304s. Each figure is the median of several rounds.

Beside the rate that wrk saw is the rate for each second of CPU time that the sandbox got. Only the second is judged: on
a machine that is busy with other things it alone says what a core can do.
"""

from __future__ import annotations

import os
import re
import shutil
import statistics
import subprocess
import urllib.request
from pathlib import Path

from benchmarks.options import parser
from loadtest.run.documents.made_up import render
from loadtest.sandbox.process import RunningSandbox, running_sandbox
from loadtest.target.s3_client import s3_client, s3_session

SYNTH = Path(__file__).resolve().parents[1] / "tests" / "sandbox" / "synth" / "conditional.tf.json"
WANTED = 5_000
CONNECTIONS = 16
_RATE = re.compile(r"Requests/sec:\s+([\d.]+)")
_LATENCY = re.compile(r"99%\s+([\d.]+)(us|ms|s)")


def publish(sandbox: RunningSandbox, body: bytes) -> str:
    """Put the document as the stack's writer would; gives its ETag."""
    outputs = sandbox.outputs()
    key = s3_session(outputs["DataStoreAccessKeyId"], outputs["DataStoreSecretAccessKey"])
    client = s3_client(key, "us-east-1", sandbox.url)
    client.put_object(
        Bucket=outputs["S3BucketName"],
        Key="payload.json",
        Body=body,
        ContentType="application/json",
        CacheControl="no-cache",
    )
    with urllib.request.urlopen(sandbox.samples_url) as answer:
        if answer.read() != body:
            raise RuntimeError("The sandbox serves something else than was put.")
        return str(answer.headers["ETag"])


def rate(url: str, seconds: float, header: str | None = None) -> tuple[float, float]:
    """Reads per second, and the 99th percentile of their latency in milliseconds."""
    command = ["taskset", "-c", "1", "wrk", "--latency", "-t", "1", "-c", str(CONNECTIONS), "-d", f"{seconds:g}s"]
    command += [] if header is None else ["-H", header]
    printed = subprocess.run([*command, url], check=True, capture_output=True, text=True).stdout
    if header is None and "Non-2xx" in printed:
        raise RuntimeError(f"Some reads failed; the rate means nothing: {printed}")
    printed_rate, latency = _RATE.search(printed), _LATENCY.search(printed)
    if printed_rate is None or latency is None:
        raise RuntimeError(f"wrk printed no rate: {printed}")
    return float(printed_rate[1]), float(latency[1]) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[latency[2]]


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main(seconds: float = 5, rounds: int = 3) -> None:
    """Print a table: one line a payload size."""
    if not shutil.which("wrk") or not shutil.which("taskset"):
        raise SystemExit("wrk and taskset are needed (Debian: apt-get install wrk util-linux).")
    command = f"taskset -c 1 wrk --latency -t 1 -c {CONNECTIONS} -d {seconds:g}s URL"
    print("The sandbox on core 0, wrk on core 1, loopback, the conditional mapping, no faults")
    print(f"command: python -m benchmarks.sandbox_rate   ({rounds} rounds of `{command}`)")
    print(f"{'payload':>10} {'answer':>7} {'reads/s (min … max)':>28} {'p99 ms':>8} {'reads/CPU s':>12} {'wanted':>8}")
    with running_sandbox(SYNTH) as sandbox:
        os.sched_setaffinity(sandbox.pid, {0})
        for payload_bytes in (1024, 16 * 1024, 64 * 1024):
            etag = publish(sandbox, render("0123456789ab", 0, payload_bytes))
            for answer, header in (("200", None), ("304", f"If-None-Match: {etag}")):
                rates, latencies, per_cpu = [], [], []
                for _ in range(rounds):
                    used = cpu_seconds(sandbox.pid)
                    reads_per_second, latency = rate(sandbox.samples_url, seconds, header)
                    per_cpu.append(reads_per_second * seconds / (cpu_seconds(sandbox.pid) - used))
                    rates.append(reads_per_second)
                    latencies.append(latency)
                spread = f"{statistics.median(rates):,.0f} ({min(rates):,.0f} … {max(rates):,.0f})"
                met = "met" if statistics.median(per_cpu) >= WANTED else "MISSED"
                print(
                    f"{payload_bytes:>10,} {answer:>7} {spread:>28} {statistics.median(latencies):>8.2f} "
                    f"{statistics.median(per_cpu):>12,.0f} {met:>8}"
                )


if __name__ == "__main__":
    parser("sandbox_rate", __doc__).parse_args()
    main()
