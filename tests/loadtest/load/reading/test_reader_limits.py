"""What readers make of a target that is endless, that drips, or that lies: an outcome, and never much memory."""

import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import locust_readers
import pytest
from locust_readers import a_reader, failures, plan_for
from spooled_runs import RUN, SIZE, spooled_reads

from loadtest.load.reading import reader as reader_module
from loadtest.project import PROJECT
from loadtest.run.documents.made_up import render
from loadtest.run.records import ReadOutcome
from tests.targets.hostile_target import HostileTarget, running_hostile_target

MOST_RESIDENT_BYTES = 300 * 1024**2
SECRET = "do-not-show-this"

Reading = Callable[[HostileTarget], tuple[ReadOutcome, int, int, str]]


@pytest.fixture
def read_once(tmp_path: Path) -> Reading:
    """One read of a target: its outcome, status and bytes, and what Locust's table of failures says."""

    def read(target: HostileTarget) -> tuple[ReadOutcome, int, int, str]:
        target.document = render(RUN, 0, SIZE)
        url = f"http://127.0.0.1:{target.port}/v1/samples?key={SECRET}"
        with a_reader(plan_for(url, tmp_path)) as user:
            user.read()
            said = " ".join(failures(user))
        (found,) = spooled_reads(tmp_path)
        return ReadOutcome(int(found["outcome"])), int(found["status"]), int(found["body_bytes"]), said

    return read


@pytest.mark.parametrize(
    ("mode", "outcome", "status"),
    [
        ("endless", ReadOutcome.OVERSIZED, 200),
        ("endless_close", ReadOutcome.OVERSIZED, 200),
        ("endless_chunked", ReadOutcome.OVERSIZED, 200),
        ("endless_chunk_line", ReadOutcome.TRUNCATED, 200),
        ("endless_trailers", ReadOutcome.TRUNCATED, 200),
        ("endless_error", ReadOutcome.SERVER_ERROR, 500),
        ("endlesshdr", ReadOutcome.TRANSPORT_ERROR, 0),
        ("endlessline", ReadOutcome.TRANSPORT_ERROR, 0),
        ("endless1xx", ReadOutcome.TRANSPORT_ERROR, 0),
        ("gzip", ReadOutcome.UNRECOGNISED, 200),
        ("deflate", ReadOutcome.UNRECOGNISED, 200),
        ("gzipped", ReadOutcome.UNRECOGNISED, 200),
        ("br", ReadOutcome.UNRECOGNISED, 200),
        ("wrongcl", ReadOutcome.TRUNCATED, 200),
        ("redirect", ReadOutcome.CLIENT_ERROR, 302),
    ],
)
def test_a_hostile_answer_is_an_outcome(read_once: Reading, mode: str, outcome: ReadOutcome, status: int) -> None:
    with running_hostile_target(mode, good_reads=0) as target:
        found, came, body_bytes, said = read_once(target)
    assert (found, came) == (outcome, status)
    assert body_bytes <= 2 * 1024**2
    assert SECRET not in said
    assert said


@pytest.mark.parametrize("mode", ["drip", "dripbody", "hang"])
def test_a_read_has_one_deadline_and_not_one_a_piece(
    read_once: Reading, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    monkeypatch.setattr(reader_module, "EXCHANGE_TIME_LIMIT_S", 0.3)
    with running_hostile_target(mode, good_reads=0) as target:
        found, _, _, said = read_once(target)
    assert found is ReadOutcome.TIMED_OUT
    assert SECRET not in said


MANY_READERS = """
import resource, sys
from pathlib import Path
resource.setrlimit(resource.RLIMIT_AS, (4 * 1024**3, 4 * 1024**3))
import gevent
from locust_readers import plan_for, started
from loadtest.load.reading.recorder import Recorder
def reads(user):
    for _ in range(4):
        user.read()
for number, port in enumerate(sys.argv[2:]):
    recorder = Recorder(plan_for(f"http://127.0.0.1:{port}/v1/samples", Path(sys.argv[1]) / str(number)), 0)
    users = started(lambda: recorder, 8)
    gevent.joinall([gevent.spawn(reads, user) for user in users], raise_error=True)
    recorder.close()
    print(recorder.counts.broken + recorder.counts.errors)
(line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
print(int(line.split()[1]) * 1024)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak is read from /proc")
def test_eight_readers_of_endless_answers_stay_below_the_bound(tmp_path: Path) -> None:
    with ExitStack() as running:
        modes = ("endless", "endless_chunked", "gzip", "endlesshdr")
        targets = [running.enter_context(running_hostile_target(mode, good_reads=0)) for mode in modes]
        done = subprocess.run(
            [sys.executable, "-c", MANY_READERS, str(tmp_path), *(str(target.port) for target in targets)],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join((str(PROJECT), str(Path(locust_readers.__file__).parent))),
            },
        )
    assert done.returncode == 0, done.stderr
    *broken, peak = map(int, done.stdout.split())
    assert broken == [32] * 4
    assert peak < MOST_RESIDENT_BYTES
    assert "Traceback" not in done.stderr
