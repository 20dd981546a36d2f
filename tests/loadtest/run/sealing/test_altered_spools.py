"""A run that is not sealed yet: what was altered, cut, left out or mixed into it is seen, and never passed over."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from drawing import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from killed_runs import killed_run
from spooled_runs import said_of, say

from loadtest.errors import UsageError
from loadtest.run.files import REGISTRATION_SUFFIX
from loadtest.run.history.attendance import Attendance, missing
from loadtest.run.run_file import load_run, write_run
from loadtest.run.sealing import sealing
from loadtest.run.sealing.roll_call import call_roll
from loadtest.run.sealing.sealing import is_sealed, pack, seal
from loadtest.run.spool.spool_format import SPOOLED_READ_DTYPE


def what_is_missing(run_dir: Path) -> tuple[str, ...]:
    run = load_run(run_dir)
    attendance = Attendance.model_validate(call_roll(run_dir, run))
    return missing(attendance, run["plan"]["start_ns"], None)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run_dir = killed_run(tmp_path_factory.mktemp("killed") / "run")
    assert what_is_missing(run_dir) == ()
    return run_dir


@pytest.fixture
def run_dir(whole: Path, tmp_path: Path) -> Path:
    return shutil.copytree(whole, tmp_path / "run")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=examples(150))
@given(st.data())
def test_no_changed_byte_is_passed_over(whole: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject):
    files = [path for path in sorted(whole.rglob("*")) if path.is_file() and path.stat().st_size]
    path = data.draw(st.sampled_from([path for path in files if path.suffix != REGISTRATION_SUFFIX]))
    before = path.read_bytes()
    place = data.draw(st.integers(0, len(before) - 1))
    changed = before[:place]
    if not data.draw(st.booleans(), label="cut short there"):
        changed += bytes([before[place] ^ data.draw(st.integers(1, 255))]) + before[place + 1 :]
    try:
        path.write_bytes(changed)
        assert what_is_missing(whole) or same_json(before, changed)
    except UsageError as error:
        assert str(error).count("\n") == 0
    finally:
        path.write_bytes(before)


def same_json(before: bytes, after: bytes) -> bool:
    """White space may be other white space."""
    try:
        return bool(json.loads(before) == json.loads(after))
    except ValueError:
        return False


def test_every_file_that_is_gone_is_missed(whole: Path, tmp_path: Path) -> None:
    names = [path.relative_to(whole) for path in whole.rglob("*") if path.is_file()]
    assert len(names) == 2 + 2 * 7 + 2
    for number, name in enumerate(names):
        run_dir = shutil.copytree(whole, tmp_path / str(number))
        (run_dir / name).unlink()
        try:
            assert what_is_missing(run_dir), name
        except UsageError as error:
            assert str(run_dir) in str(error)


def test_what_came_after_the_last_flush_is_no_damage(run_dir: Path) -> None:
    reads = next(run_dir.glob("spool/*.reads"))
    later = np.frombuffer(reads.read_bytes(), dtype=SPOOLED_READ_DTYPE)[-1:].copy()
    for name in ("scheduled_ns", "called_ns", "returned_ns"):
        later[name] += 10
    reads.write_bytes(reads.read_bytes() + later.tobytes() + later.tobytes()[:3])
    assert what_is_missing(run_dir) == ()
    reads.with_suffix(".closed").touch()
    assert "has changed since it was written" in what_is_missing(run_dir)[0]


def with_spool_of_nobody(run_dir: Path) -> None:
    for path in run_dir.glob("spool/0-*"):
        if path.suffix not in (".recorder", ".heartbeat"):
            shutil.copy(path, path.with_name(f"7-1-x{path.suffix}"))


def with_a_worker_twice(run_dir: Path) -> None:
    for path in run_dir.glob("spool/0-*"):
        shutil.copy(path, path.with_name(f"9{path.name}"))


def with_a_spool_of_another_run(run_dir: Path) -> None:
    other = killed_run(run_dir.parent / "other", run="another0run0")
    for path in other.glob("spool/1-*"):
        shutil.copy(path, run_dir / "spool" / path.name)


def with_a_worker_that_was_not_promised(run_dir: Path) -> None:
    other = killed_run(run_dir.parent / "other", workers=3)
    for path in other.glob("spool/2-*"):
        shutil.copy(path, run_dir / "spool" / path.name)


@pytest.mark.parametrize(
    ("mix", "why"),
    [
        (with_spool_of_nobody, "is not of a process that was to record this run"),
        (with_a_worker_twice, "is a second record of the same process"),
        (with_a_spool_of_another_run, "is of another run"),
        (with_a_worker_that_was_not_promised, "is not of a process that was to record this run"),
    ],
)
def test_spools_that_were_mixed_in_are_refused(run_dir: Path, mix: Callable[[Path], None], why: str) -> None:
    mix(run_dir)
    with pytest.raises(UsageError, match=why):
        seal(run_dir)
    assert not is_sealed(run_dir)


def test_a_journal_of_another_run_is_seen_though_it_is_longer(run_dir: Path) -> None:
    other = killed_run(run_dir.parent / "other", run="another0run0")
    (run_dir / "writes.jsonl").write_bytes((other / "writes.jsonl").read_bytes() * 2)
    assert what_is_missing(run_dir) == (
        "The writer: its file writes.jsonl has changed since it was written; what it recorded is not all there.",
    )


def test_settings_that_were_changed_are_refused(run_dir: Path) -> None:
    run = said_of(run_dir)
    run["settings"]["max_staleness"] = 9.0
    say(run_dir, run)
    with pytest.raises(UsageError, match=r"run\.json has changed since it was written"):
        seal(run_dir)
    write_run(run_dir, run)  # as this program writes it
    seal(run_dir)


class KilledError(BaseException):
    """Stands for a SIGKILL at this place."""


def test_a_seal_that_is_whole_is_not_made_again_from_what_is_left_of_the_spool(
    run_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(_run_dir: Path) -> None:
        raise KilledError

    with monkeypatch.context() as patched, pytest.raises(KilledError):
        patched.setattr(sealing, "write_checksums", killed)
        seal(run_dir)
    sealed = said_of(run_dir)
    write_run(run_dir, sealed | {"settings": {**sealed["settings"], "max_staleness": 9.0}})
    with pytest.raises(UsageError, match="has changed since it was sealed"):
        seal(run_dir)
    write_run(run_dir, sealed)
    next(run_dir.glob("spool/*.reads")).unlink()
    pack(run_dir)
    assert is_sealed(run_dir)
    assert said_of(run_dir) == sealed
    assert (run_dir / "SHA256SUMS").exists()
    pack(run_dir)  # and again: nothing is left to do
    assert said_of(run_dir) == sealed
