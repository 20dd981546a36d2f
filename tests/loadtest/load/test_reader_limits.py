"""What readers make of a target that is endless, that drips, or that lies: an outcome, and never much memory."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from locust.env import Environment

from benchmarks.reader_load import closed_loop
from loadtest.load import reader as reader_module
from loadtest.load.reader import SamplesReader
from loadtest.load.recorder import Recorder
from loadtest.run.documents.made_up import render
from loadtest.run.records import ReadOutcome
from loadtest.run.spool_format import SPOOLED_READ_DTYPE, load_records
from tests.targets.hostile_target import HostileTarget, running_hostile_target

RUN, SIZE = "0123456789ab", 512
MOST_RESIDENT_BYTES = 300 * 1024**2
SECRET = "do-not-show-this"

Reading = Callable[[HostileTarget], tuple[ReadOutcome, int, int, str]]


@pytest.fixture
def read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reading]:
    """One read of a target: its outcome, status and bytes, and what Locust's table of failures says."""

    def read(target: HostileTarget) -> tuple[ReadOutcome, int, int, str]:
        target.document = render(RUN, 0, SIZE)
        url = f"http://127.0.0.1:{target.port}/v1/samples?key={SECRET}"
        monkeypatch.setattr(SamplesReader, "host", url)
        recorder = Recorder(closed_loop(url, RUN, str(tmp_path), SIZE), 0)
        environment = Environment(user_classes=[SamplesReader])
        environment.read_model = SimpleNamespace(recorder=lambda: recorder)
        environment.create_local_runner()
        user = SamplesReader(environment)
        user.on_start()
        user.read()
        recorder.close()
        (file,) = (tmp_path / "spool").glob("*.reads")
        (found,) = load_records(file, SPOOLED_READ_DTYPE)
        said = " ".join(str(error.error) for error in environment.stats.errors.values())
        return ReadOutcome(int(found["outcome"])), int(found["status"]), int(found["body_bytes"]), said

    yield read


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
    monkeypatch.setattr(reader_module, "EXCHANGE_TIME_LIMIT_S", 0.6)
    with running_hostile_target(mode, good_reads=0) as target:
        found, _, _, said = read_once(target)
    assert found is ReadOutcome.TIMED_OUT
    assert SECRET not in said


MANY_READERS = """
import resource, sys
from pathlib import Path
from types import SimpleNamespace
resource.setrlimit(resource.RLIMIT_AS, (4 * 1024**3, 4 * 1024**3))
import gevent
from locust.env import Environment
from benchmarks.reader_load import closed_loop
from loadtest.load.reader import SamplesReader
from loadtest.load.recorder import Recorder
url = f"http://127.0.0.1:{sys.argv[1]}/v1/samples"
recorder = Recorder(closed_loop(url, "0123456789ab", sys.argv[2], 512), 0)
SamplesReader.host = url
environment = Environment(user_classes=[SamplesReader])
environment.read_model = SimpleNamespace(recorder=lambda: recorder)
environment.create_local_runner()
users = [SamplesReader(environment) for _ in range(8)]
for user in users:
    user.on_start()
def reads(user):
    for _ in range(4):
        user.read()
gevent.joinall([gevent.spawn(reads, user) for user in users], raise_error=True)
recorder.close()
print(recorder.counts.broken + recorder.counts.errors)
(line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
print(int(line.split()[1]) * 1024)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak is read from /proc")
@pytest.mark.parametrize("mode", ["endless", "endless_chunked", "gzip", "endlesshdr"])
def test_eight_readers_of_an_endless_answer_stay_below_the_bound(tmp_path: Path, mode: str) -> None:
    with running_hostile_target(mode, good_reads=0) as target:
        done = subprocess.run(
            [sys.executable, "-c", MANY_READERS, str(target.port), str(tmp_path)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    broken, peak = map(int, done.stdout.split())
    sys.stdout.write(f"peak {peak:,}\n")
    assert broken == 32
    assert peak < MOST_RESIDENT_BYTES
    assert "Traceback" not in done.stderr
