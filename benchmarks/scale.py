"""How long the report command takes: makes a synthetic run of some size, reports on it, and prints time and memory.

``python -m benchmarks.scale`` makes 20,000 reads, as a demo does, and 10,000,000 reads with 20,000 writes, and ends
with the table of docs/measuring.md; ``--sizes 100M`` is an hour at 28,000 reads/s, and needs 11 GB of memory.
``--reads N --writes M`` makes another size. ``--keep DIR`` makes one run and keeps it. The synthetic target is atomic
unless ``--lag`` makes it serve documents that many milliseconds late.

What is timed is ``python -m loadtest report DIR`` as a user starts it, from the start of the process to its end, with
all four reports written. CPU seconds and the peak of memory are those of the process, as the system counted them.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.options import parser
from loadtest.run.records import (
    EXIT_CODES,
    GENERATOR_DTYPE,
    NEVER_RETURNED,
    NO_VERSION,
    READ_DTYPE,
    REQUEST_DTYPE,
    WINDOW_DTYPE,
    WRITE_DTYPE,
    WRITER_SESSION,
    ReadOutcome,
    WindowKind,
    WriteOutcome,
    empty,
    outcome_names,
)
from loadtest.run.sealing.checksums import write_checksums
from loadtest.units import MILLISECOND, SECOND

Array = np.ndarray[Any, np.dtype[Any]]
START_NS: Final = 1_000 * SECOND
WINDOW_NS: Final = 2 * SECOND
GUARD_NS: Final = WINDOW_NS // 10
SESSIONS: Final = 50
PAYLOAD_BYTES: Final = 16_384
ROW_GROUP: Final = 2**20
SIZES: Final = {
    "small": (20_000, 120),
    "1M": (1_000_000, 2_000),
    "10M": (10_000_000, 20_000),
    "100M": (100_000_000, 72_000),
}


def make_run(
    directory: Path, reads: int, writes: int, *, seed: int = 1, lag_ns: int = 0, slow_down: float = 1.0
) -> None:
    """Write a run of about ``writes`` PUTs (evenly spread over writing windows) and ``reads`` reads.

    ``lag_ns``: every read sees the object as it was that long ago. ``slow_down``: reads due in a writing window take so
    many times as long.
    """
    random = np.random.default_rng(seed)
    pairs = max(1, math.ceil(writes / 160)) if writes > 200 else max(10, math.ceil(writes / 3))
    windows = _windows(pairs, random)
    put = _writes(windows, writes, random)
    got = _reads(windows, put, reads, random, lag_ns=lag_ns, slow_down=slow_down)
    directory.mkdir(parents=True, exist_ok=True)
    write_run(
        directory,
        reads=got,
        writes=put,
        windows=windows,
        samples=_samples(windows, random),
        info=_run_info(seed, reads, windows),
    )


def write_run(
    directory: Path, *, reads: Array, writes: Array, windows: Array, samples: Array, info: dict[str, Any]
) -> None:
    """Write the files of a run directory."""
    tables = {"reads": reads, "writes": writes, "windows": windows, "generator": samples, "requests": _requests(writes)}
    for name, records in tables.items():
        _write_table(directory / f"{name}.parquet", records)
    (directory / "run.json").write_text(json.dumps(info, indent=2, sort_keys=True) + "\n")
    write_checksums(directory)


def _write_table(path: Path, records: Array) -> None:
    """A row group at a time, for a second copy of a hundred million reads is more than a machine may have."""
    names = [name for name in records.dtype.names or () if name != "widening_ns" or records[name].any()]  # as sealed
    schema = pa.schema(
        [
            (name, pa.string() if records.dtype[name].hasobject else pa.from_numpy_dtype(records.dtype[name]))
            for name in names
        ]
    )
    with pq.ParquetWriter(path, schema, compression="zstd", write_page_checksum=True) as writer:
        for start in range(0, len(records), ROW_GROUP):
            part = records[start : start + ROW_GROUP]
            columns = [pa.array(part[field.name], type=field.type) for field in schema]
            writer.write_table(pa.Table.from_arrays(columns, schema=schema), row_group_size=ROW_GROUP)


def _windows(pairs: int, random: np.random.Generator) -> Array:
    windows = empty(WINDOW_DTYPE, 2 * pairs)
    windows["index"] = np.arange(2 * pairs)
    windows["pair"] = windows["index"] // 2
    first = random.integers(0, 2, pairs)
    windows["kind"] = np.stack([first, 1 - first], axis=1).ravel()
    windows["start_ns"] = START_NS + windows["index"].astype(np.int64) * WINDOW_NS + GUARD_NS
    windows["end_ns"] = windows["start_ns"] + WINDOW_NS - 2 * GUARD_NS
    return windows


def _writes(windows: Array, count: int, random: np.random.Generator) -> Array:
    writing = windows[windows["kind"] == WindowKind.WRITING]
    each = np.full(len(writing), count // len(writing))
    each[: count % len(writing)] += 1
    called = np.concatenate(
        [
            window["start_ns"]
            + np.linspace(0, window["end_ns"] - window["start_ns"] - 20 * MILLISECOND, number + 2)[1:-1]
            for window, number in zip(writing, each, strict=True)
        ]
    ).astype(np.int64)
    writes = empty(WRITE_DTYPE, count + 1)
    writes["version"] = np.arange(count + 1)
    writes["called_ns"] = np.append(START_NS - SECOND, called)
    room = np.append(np.diff(writes["called_ns"]), SECOND) // 2
    took = np.minimum(random.lognormal(np.log(5 * MILLISECOND), 0.3, count + 1).astype(np.int64), room)
    writes["scheduled_ns"] = writes["called_ns"] - random.integers(0, MILLISECOND, count + 1)
    writes["returned_ns"] = writes["called_ns"] + took
    writes["etag"] = [f'"{version:032x}"' for version in range(count + 1)]
    writes["bytes"] = PAYLOAD_BYTES
    writes["error"] = ""
    unknown = np.arange(count + 1) % 997 == 500
    writes["outcome"][unknown] = WriteOutcome.UNKNOWN
    writes["returned_ns"][unknown] = NEVER_RETURNED
    writes["etag"][unknown] = ""
    writes["error"][unknown] = "ReadTimeoutError"
    return writes


def _reads(
    windows: Array, writes: Array, count: int, random: np.random.Generator, *, lag_ns: int, slow_down: float
) -> Array:
    rows = math.ceil(count / SESSIONS)
    reads = empty(READ_DTYPE, rows * SESSIONS)
    end_ns = int(windows["end_ns"][-1]) + GUARD_NS
    turn = (end_ns - START_NS) // rows  # one read a session in every turn
    due = START_NS + (np.arange(rows * SESSIONS) * (turn / SESSIONS)).astype(np.int64)
    reads["session"] = np.tile(np.arange(SESSIONS), rows)
    reads["scheduled_ns"] = due
    reads["called_ns"] = due + random.integers(0, MILLISECOND // 20, len(due))
    reads["returned_ns"] = reads["called_ns"] + _took(windows, due, turn, random, slow_down)
    del due  # of a hundred million reads, a column is 0.8 GB
    version = _versions(reads, writes, random, lag_ns)
    _answer(reads, version, random)
    return reads[:count]


def _took(windows: Array, due: Array, turn: int, random: np.random.Generator, slow_down: float) -> Array:
    took = random.lognormal(np.log(3 * MILLISECOND), 0.35, len(due))
    place = np.clip(np.searchsorted(windows["start_ns"], due, side="right") - 1, 0, None)
    took[windows["kind"][place] == WindowKind.WRITING] *= slow_down
    short: Array = np.minimum(took, turn * 0.9).astype(np.int64)
    return short


def _versions(reads: Array, writes: Array, random: np.random.Generator, lag_ns: int) -> Array:
    """What an atomic object returns: each operation takes effect at a moment of its interval."""
    ended = np.where(writes["returned_ns"] == NEVER_RETURNED, writes["called_ns"] + MILLISECOND, writes["returned_ns"])
    effect = writes["called_ns"] + ((ended - writes["called_ns"]) * random.random(len(writes))).astype(np.int64)
    moment = reads["called_ns"] + ((reads["returned_ns"] - reads["called_ns"]) * random.random(len(reads))).astype(
        np.int64
    )
    version: Array = np.maximum(np.searchsorted(effect, moment - lag_ns, side="right") - 1, 0)
    return version


def _answer(reads: Array, version: Array, random: np.random.Generator) -> None:
    """Fill in the answers: half of the reads are conditional, with what their session read last."""
    held = np.full(len(version), NO_VERSION)
    held[SESSIONS:] = version[:-SESSIONS]
    conditional = (random.random(len(version)) < 0.5) & (held != NO_VERSION)
    reads["sent_version"] = np.where(conditional, held, NO_VERSION)
    not_modified = reads["sent_version"] == version
    reads["version"] = version
    reads["etag_version"] = version
    reads["status"] = np.where(not_modified, 304, 200)
    reads["body_bytes"] = np.where(not_modified, 0, PAYLOAD_BYTES)
    reads["outcome"] = np.where(not_modified, ReadOutcome.NOT_MODIFIED, ReadOutcome.WHOLE)


def _samples(windows: Array, random: np.random.Generator) -> Array:
    at = np.arange(START_NS, int(windows["end_ns"][-1]), 20 * MILLISECOND)
    samples = empty(GENERATOR_DTYPE, len(at))
    samples["at_ns"] = at
    samples["loop_delay_ns"] = random.lognormal(np.log(0.1 * MILLISECOND), 0.4, len(at)).astype(np.int64)
    samples["cpu_ns"] = (at - START_NS) // 3
    samples["gc_ns"] = (at - START_NS) // 500
    samples["flush_ns"] = (at - START_NS) // 2000
    return samples


def _requests(writes: Array) -> Array:
    requests = empty(REQUEST_DTYPE, len(writes))
    requests["session"] = WRITER_SESSION
    requests["called_ns"] = writes["called_ns"]
    requests["request_id"] = [f"REQUEST{version:09d}" for version in writes["version"]]
    return requests


def _run_info(seed: int, reads: int, windows: Array) -> dict[str, Any]:
    end_ns = int(windows["end_ns"][-1]) + GUARD_NS
    return {
        "format": 1,
        "run": f"{seed:012x}",
        "started": "2026-01-01T00:00:00Z",
        "clock": {"name": "CLOCK_MONOTONIC", "started_ns": START_NS - 2 * SECOND},
        "settings": {
            "payload_bytes": PAYLOAD_BYTES,
            "write_interval": 0.5,
            "arrival_rate": round(reads / ((end_ns - START_NS) / SECOND), 3),
            "conditional_share": 0.5,
            "window": WINDOW_NS / SECOND,
            "max_staleness": 0.0,
            "impact_tolerance": 1.25,
            "seed": seed,
            "users": SESSIONS,
            "thresholds": [],
        },
        "target": {
            "url": "http://127.0.0.1:4566/_aws/execute-api/abc123/prod/v1/samples",
            "kind": "sandbox",
            "bucket": "read-model-data",
            "object_key": "payload.json",
        },
        "host": {"cpus": 2, "system": "Linux"},
        "versions": {"python": "3.11"},
        "outcomes": outcome_names(),
        "plan": {"start_ns": START_NS, "window_ns": WINDOW_NS, "guard_ns": GUARD_NS},
        "ended": {"reason": "run time over", "at_ns": end_ns, "recovered": False},
    }


def main() -> int:
    """Measure, and print one line a size."""
    asked = parser("scale", __doc__)
    asked.add_argument("--sizes", nargs="+", choices=SIZES, default=("small", "10M"))
    asked.add_argument("--reads", type=int, help="another size, with --writes")
    asked.add_argument("--writes", type=int, default=20_000)
    asked.add_argument("--lag", type=float, default=0.0, help="milliseconds")
    asked.add_argument("--times", type=int, default=1, help="report so often, and print the quickest")
    asked.add_argument("--keep", type=Path, help="make the run here, and keep it")
    options = asked.parse_args()
    sizes = [(options.reads, options.writes)] if options.reads else [SIZES[name] for name in options.sizes]
    lag_ns = int(options.lag * MILLISECOND)
    if options.keep:
        make_run(options.keep, *sizes[0], lag_ns=lag_ns)
        return 0
    print("| reads | writes | seconds | CPU s | peak GB | verdict |\n|--:|--:|--:|--:|--:|---|")
    for reads, writes in sizes:
        with tempfile.TemporaryDirectory() as folder:
            # In a process of its own: a child begins with the peak of memory of the process that it is forked from.
            size = ["--reads", str(reads), "--writes", str(writes), "--lag", str(options.lag), "--keep", folder]
            subprocess.run([sys.executable, "-m", "benchmarks.scale", *size], stdout=subprocess.DEVNULL, check=True)
            best = min((report_on(Path(folder)) for _ in range(options.times)), key=lambda cost: cost.seconds)
            verdict = json.loads((Path(folder) / "summary.json").read_bytes())["verdict"]
        print(
            f"| {reads:,} | {writes:,} | {best.seconds:.2f} | {best.cpu:.2f} | {best.gigabytes:.2f} | {verdict} |",
            flush=True,
        )
    return 0


class Cost(NamedTuple):
    """What one report took."""

    seconds: float
    cpu: float
    gigabytes: float


def report_on(directory: Path) -> Cost:
    """Report on a run with the command that a user has."""
    started = time.monotonic()
    process = subprocess.Popen([sys.executable, "-m", "loadtest", "report", "--quiet", str(directory)])
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in EXIT_CODES.values():
        raise SystemExit(f"The report command ended with exit code {process.returncode}.")
    return Cost(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1e6)


if __name__ == "__main__":
    sys.exit(main())
