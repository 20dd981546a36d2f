"""One closed-loop load of Locust users, for ``benchmarks.reader_rate``: reads until SIGTERM, then prints its failures.

Says ``ready`` when connections are open and caches are warm. It may be stopped and continued at any time: who starts it
counts its reads at the server.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
from types import SimpleNamespace

from locust.env import Environment  # first: it patches the standard library for gevent

# isort: split
import gevent
from gevent.event import Event
from locust import FastHttpUser, task

from loadtest.recording.plan import Plan, boot_id
from loadtest.recording.recorder import Recorder

_WARM_UP_S = 1


class PlainReader(FastHttpUser):
    """Locust's own fast user, doing nothing but reading."""

    url = ""

    @task
    def read(self) -> None:
        """Read, and look at nothing."""
        self.client.get(self.url, name="samples")


def recording_reader() -> type[FastHttpUser]:
    """The recording user; importing it puts this project's HTTP client in place of Locust's, in the whole process."""
    from loadtest.recording.reader import SamplesReader  # noqa: PLC0415

    return SamplesReader


def closed_loop(url: str, run: str, run_dir: str, payload_bytes: int) -> Plan:
    """A run that begins now and only reads, as fast as its readers can, without conditions."""
    return Plan(
        run=run,
        run_dir=run_dir,
        boot_id=boot_id(),
        url=url,
        start_ns=time.monotonic_ns(),
        window_ns=0,
        seed=1,
        payload_bytes=payload_bytes,
        arrival_rate=0,
        arrival_process="constant",
        conditional_share=0,
        workers=1,
    )


def main(kind: str, url: str, run: str, payload_bytes: int, users: int) -> None:
    """Load ``url`` with plain or recording readers until told to end."""
    ended = Event()
    gevent.signal_handler(signal.SIGTERM, ended.set)
    user = PlainReader if kind == "plain" else recording_reader()
    user.host = url
    PlainReader.url = url
    environment = Environment(user_classes=[user])
    with tempfile.TemporaryDirectory() as run_dir:
        recorder = Recorder(closed_loop(url, run, run_dir, payload_bytes), 0) if kind == "recording" else None
        environment.read_model = SimpleNamespace(recorder=lambda: recorder)
        runner = environment.create_local_runner()
        runner.start(users, spawn_rate=users)
        gevent.sleep(_WARM_UP_S)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        ended.wait()
        sys.stdout.write(f"{runner.stats.total.num_failures}\n")
        sys.stdout.flush()
        runner.quit()
        if recorder is not None:
            recorder.close()
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5]))
