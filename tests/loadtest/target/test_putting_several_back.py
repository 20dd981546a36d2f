"""Several objects of one run are put back: each by itself, in time, and none that was never written."""

import io
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from chosen_settings import TWO_OBJECTS, options
from kept_objects import kept_from
from spooled_runs import RUN, SIZE

from loadtest.__main__ import main
from loadtest.load.options.options import settings_from
from loadtest.load.preparing import preparation
from loadtest.load.preparing.owed import earlier_runs, owed_sentence, take_over
from loadtest.load.preparing.preparation import Preparation
from loadtest.load.writer.putting_back_process import PuttingBack
from loadtest.run.documents.made_up import render
from loadtest.run.files import KEPT_DOCUMENT
from loadtest.run.run_directory import RunDirectory
from loadtest.target.finding import Target, find_target
from loadtest.target.kept_document import is_owed, keep, kept_folder, kept_numbers
from tests.targets.odd_store import OddStore, running_odd_store

MINE, THEIRS = b'{"my":"samples"}', b'{"my":"prices"}'
pytestmark = pytest.mark.usefixtures("own_key")


def kept_by(run_dir: Path, number: int, odd: OddStore, body: bytes) -> dict[str, Any]:
    """A run has kept what was at one of its objects, and written there."""
    odd.hold(body)
    key = ("payload.json", "prices.json")[number]
    described = kept_from(odd, run_dir, number, object_key=key, url=f"{odd.url}/{number}")
    odd.hold(render(RUN, number, SIZE))
    return described


def test_all_objects_are_put_back_and_one_that_cannot_be_keeps_none_of_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with running_odd_store() as samples, running_odd_store() as prices:
        kept_by(tmp_path, 0, samples, MINE)
        kept_by(tmp_path, 1, prices, THEIRS)
        assert kept_numbers(tmp_path) == [0, 1] and is_owed(tmp_path)
        assert "documents that were at s3://bkt/payload.json and s3://bkt/prices.json" in owed_sentence(tmp_path)
        samples.hold(b'{"somebody":"else"}')
        assert main(["restore", str(tmp_path)]) == 1
        assert (samples.body, prices.body) == (b'{"somebody":"else"}', THEIRS)
        assert "--object-key payload.json --force" in capsys.readouterr().err
        assert is_owed(tmp_path) and not is_owed(tmp_path, 1)
        prices.hold(b'{"newer":true}')
        assert main(["restore", str(tmp_path), "--object-key", "payload.json", "--force"]) == 0
        assert (samples.body, prices.body) == (MINE, b'{"newer":true}')
        assert not is_owed(tmp_path)
        assert main(["restore", str(tmp_path), "--object-key", "nothing.json"]) == 2
        assert main(["restore", str(tmp_path), "--url", "http://127.0.0.1:9"]) == 2


def test_the_process_that_puts_back_is_told_the_address_of_each_object(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_odd_store() as odd:
        kept_by(tmp_path, 1, odd, THEIRS)
        orders = {"bucket": "bkt", "object_key": "payload.json", "region": "us-east-1", "s3_endpoint_url": odd.url}
        orders |= {"access_key_id": "a", "secret_access_key": "b", "headers": [], "cert": "", "key": ""}
        orders |= {"objects": [["payload.json", f"{odd.url}/0"], ["prices.json", f"{odd.url}/1"]]}
        monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(orders) + "\n"))
        assert main(["restore", "--orders-on-input", str(tmp_path)]) == 0
        assert odd.body == THEIRS
        assert "/bkt/prices.json" in odd.requests_with("PUT")[-1].target


def test_a_run_takes_over_what_a_killed_one_kept_whatever_number_the_object_had_there(tmp_path: Path) -> None:
    killed, run_dir = tmp_path / "killed", tmp_path / "next"
    killed.mkdir()
    run_dir.mkdir()
    with running_odd_store() as samples, running_odd_store() as prices:
        kept_by(killed, 0, samples, MINE)
        mine = kept_by(killed, 1, prices, THEIRS) | {"run": "ba9876543210"}
        found = earlier_runs(run_dir, mine, RUN)
        assert (found.heir_of, found.number, found.say) == (killed, 1, ())
        assert "will be put back at the end of this run" in take_over(run_dir, killed, mine, 0, found.number)
        prices.hold(render("ba9876543210", 3, SIZE))
        assert main(["restore", str(run_dir)]) == 0
        assert prices.body == THEIRS and not is_owed(killed, 1) and is_owed(killed, 0)


def test_a_damaged_copy_of_one_object_keeps_no_other_from_being_put_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with running_odd_store() as samples, running_odd_store() as prices:
        kept_by(tmp_path, 0, samples, MINE)
        kept_by(tmp_path, 1, prices, THEIRS)
        (kept_folder(tmp_path) / KEPT_DOCUMENT).write_bytes(b"{}")
        assert main(["restore", str(tmp_path), "--object-key", "prices.json"]) == 0
        assert prices.body == THEIRS
        assert main(["restore", str(tmp_path), "--object-key", "payload.json"]) == 2
        assert "is not whole" in capsys.readouterr().err


def test_an_object_that_was_never_written_is_not_put_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody replaced it after it was looked at, so its first version was refused: what is there is theirs."""
    nothing: Any = SimpleNamespace()
    run = Preparation(nothing, nothing, find_target(settings_from(options(*TWO_OBJECTS))))
    run.directory = RunDirectory.create(tmp_path / "run")
    for number in range(2):
        keep(kept_folder(run.directory.path, number), {}, None)
    owed: list[list[int]] = []

    def putting_it_back(run_dir: Path, _: Target) -> Any:
        owed.append(kept_numbers(run_dir))
        return SimpleNamespace(done=lambda: True)

    monkeypatch.setattr(preparation, "PuttingBack", putting_it_back)
    writer: Any = SimpleNamespace(stop=lambda: None, may_have_written=True, may_write_late=False, written={0})
    run.writer = writer
    run.abandon()
    assert owed == [[0]]
    assert not (tmp_path / "run").exists()


def test_as_much_time_is_left_to_put_each_of_several_objects_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits: list[int] = []

    def wait(limit: int) -> int:
        limits.append(limit)
        return 0

    def started(*_: Any, **__: Any) -> Any:
        return SimpleNamespace(stdin=io.BytesIO(), wait=wait)

    monkeypatch.setattr("loadtest.load.writer.putting_back_process.subprocess.Popen", started)
    for more in ((), ("--samples-path", "/v1/offers key=offers.json")):
        assert PuttingBack(tmp_path, find_target(settings_from(options(*TWO_OBJECTS, *more)))).done()
    assert limits[0] / 2 == limits[1] / 3 > 0
