"""One load of Locust users, for ``benchmarks.reader_rate``: reads until SIGTERM, then prints its result as JSON.

It prints ``ready`` when connections are open and caches are warm. It may be stopped and continued at any time, for its
reads are counted at the server.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from locust.env import Environment  # first: it patches the standard library for gevent

# isort: split
import gevent
import numpy as np
from gevent.event import Event
from locust import FastHttpUser, User, task

from loadtest.load.reading.reader import SamplesReader
from loadtest.load.reading.recorder import Recorder
from loadtest.run.documents.kinds import made_up_documents
from loadtest.run.plan import Plan, boot_id
from loadtest.run.records import ReadOutcome
from loadtest.run.spool.spool_format import SPOOLED_READ_DTYPE, load_records

_WARM_UP_S = 1


class PlainReader(FastHttpUser):
    """Locust's own fast user, doing nothing but reading."""

    url = ""
    share = 0.0
    _etag: str | None = None
    _owed = 0.0

    @task
    def read(self) -> None:
        """Read, and look at nothing; in its share of reads, only for what it does not have."""
        if not self.share:
            self.client.get(self.url, name="samples")
            return
        self._owed += self.share
        headers = {}
        if self._owed >= 1 and self._etag is not None:
            self._owed -= 1
            headers["If-None-Match"] = self._etag
        answered = self.client.get(self.url, name="samples", headers=headers).headers
        etag = answered.get("etag") if answered else None
        self._etag = str(etag) if etag else None


def closed_loop(
    url: str,
    run: str,
    run_dir: str,
    payload_bytes: int,
    *,
    share: float = 0,
    rate: float = 0,
    start_ns: int = 0,
    workers: int = 1,
) -> Plan:
    """A run that begins now, or at ``start_ns``, and only reads: as fast as its readers can, or at a rate."""
    return Plan(
        run=run,
        run_dir=run_dir,
        boot_id=boot_id(),
        url=url,
        start_ns=start_ns or time.monotonic_ns(),
        window_ns=0,
        seed=1,
        payload_bytes=payload_bytes,
        arrival_rate=rate,
        arrival_process="constant",
        conditional_share=share,
        workers=workers,
        documents=made_up_documents(payload_bytes),
    )


def main(arguments: argparse.Namespace) -> None:
    """Load ``url`` with plain or recording readers until told to end."""
    ended = Event()
    gevent.signal_handler(signal.SIGTERM, ended.set)
    user: type[User] = PlainReader if arguments.kind == "plain" else SamplesReader
    user.host = PlainReader.url = arguments.url
    PlainReader.share = arguments.share
    environment: Any = Environment(user_classes=[user])
    with tempfile.TemporaryDirectory() as own_folder:
        run_dir = arguments.run_dir or own_folder
        recorder = None
        if arguments.kind == "recording":
            start_ns = time.monotonic_ns() + _WARM_UP_S * 1_000_000_000 if arguments.rate else 0
            plan = closed_loop(
                arguments.url,
                arguments.run,
                run_dir,
                arguments.payload_bytes,
                share=arguments.share,
                rate=arguments.rate,
                start_ns=start_ns,
                workers=arguments.workers,
            )
            recorder = Recorder(plan, arguments.worker)
        environment.read_model = SimpleNamespace(recorder=lambda: recorder)
        runner = environment.create_local_runner()
        runner.start(arguments.users, spawn_rate=arguments.users)
        gevent.sleep(_WARM_UP_S)
        made_before = runner.stats.total.num_requests
        began, cpu = time.monotonic(), time.process_time()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        ended.wait()
        result = {
            "reads": runner.stats.total.num_requests - made_before,
            "failures": runner.stats.total.num_failures,
            "seconds": time.monotonic() - began,
            "cpu_seconds": time.process_time() - cpu,
        }
        if recorder is not None:
            recorder.stop_sending()
        runner.quit()
        if recorder is not None:
            recorder.close()
            result |= _on_schedule(Path(run_dir), arguments.worker)
        sys.stdout.write(json.dumps(result) + "\n")
        sys.stdout.flush()
    os._exit(0)


def _on_schedule(run_dir: Path, worker: int) -> dict[str, Any]:
    """How many of the reads that were due were answered, and how late the generator itself sent them."""
    (spool,) = (run_dir / "spool").glob(f"{worker}-*.reads")
    reads = load_records(spool, SPOOLED_READ_DTYPE)
    sent = reads[reads["outcome"] != ReadOutcome.NOT_SENT]
    late = (sent["called_ns"] - sent["scheduled_ns"]) / 1e6
    answered = sent["outcome"] <= ReadOutcome.NOT_MODIFIED
    return {
        "due": len(reads),
        "answered": int(answered.sum()),
        "late_p50_ms": float(np.quantile(late, 0.5)) if len(late) else 0.0,
        "late_p99_ms": float(np.quantile(late, 0.99)) if len(late) else 0.0,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=("plain", "recording"))
    parser.add_argument("url")
    parser.add_argument("run")
    parser.add_argument("payload_bytes", type=int)
    parser.add_argument("users", type=int)
    parser.add_argument("--share", type=float, default=0)
    parser.add_argument("--rate", type=float, default=0)
    parser.add_argument("--run-dir", help="record there, into one run with other processes")
    parser.add_argument("--worker", type=int, default=0, help="which of these processes this is")
    parser.add_argument("--workers", type=int, default=1, help="how many they are")
    main(parser.parse_args())
