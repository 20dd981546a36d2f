"""The document that a run kept is put back after it, unless it is somebody else's now."""

import itertools
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from kept_objects import MINE, OTHER, RUN, about, kept_by, mine_comes_back, restore

from loadtest.errors import UsageError
from loadtest.load.preparing.owed import earlier_runs, take_over
from loadtest.load.preparing.preparation import Preparation
from loadtest.run.documents.made_up import made_up_by, render
from loadtest.run.files import KEPT_DOCUMENT, KEPT_FOLDER
from loadtest.run.run_directory import RunDirectory
from loadtest.target.finding import Target
from loadtest.target.kept_document import is_owed, keep, load
from loadtest.target.s3_store import S3Store
from tests.targets.odd_store import OddStore, running_odd_store

GZIP = b"\x1f\x8b\x08\x00\xff\xfe"
pytestmark = pytest.mark.usefixtures("own_key")


def test_bytes_and_headers_are_put_back_and_twice_is_once(
    tmp_path: Path, odd: OddStore, capsys: pytest.CaptureFixture[str]
) -> None:
    headers = {"content-type": "text/plain", "content-encoding": "gzip", "x-amz-meta-owner": "me"}
    headers |= {"cache-control": "max-age=60", "x-amz-tagging": "a=b"}
    kept_by(odd, tmp_path, GZIP, **headers)
    assert [path.stat().st_mode & 0o077 for path in (tmp_path / KEPT_FOLDER).iterdir()] == [0, 0]
    assert is_owed(tmp_path)
    assert restore(tmp_path) == 0
    assert odd.body == GZIP
    assert headers.items() <= dict(odd.headers).items()
    assert "is put back as it was before the run (6 bytes)" in capsys.readouterr().err
    assert not is_owed(tmp_path)
    puts = odd.puts
    assert restore(tmp_path) == 0
    assert odd.puts == puts
    assert "there is nothing to put back" in capsys.readouterr().err


EVERYBODY = 'uri="http://acs.amazonaws.com/groups/global/AllUsers"'


@pytest.mark.parametrize(
    ("denied", "said"),
    [
        ("", "(17 bytes)"),
        ("x-amz-tagging", "(17 bytes, without its tags, which this key may not write)"),
        ("x-amz-grant", "(17 bytes, without its access list, which this key may not write)"),
        ("x-amz-grant x-amz-tagging", "without its tags and its access list, which this key may not write)"),
    ],
)
def test_who_may_read_it_is_put_back_too_and_what_this_key_may_not_write_is_said(
    tmp_path: Path, odd: OddStore, denied: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    grants = {"x_amz_grant_read": EVERYBODY, "x_amz_grant_full_control": 'id="me"'}
    own = {"x_amz_tagging": "a=b", "x_amz_server_side_encryption": "AES256"} | grants
    kept_by(odd, tmp_path, **own)
    odd.oddities["denied"] = denied
    mine_comes_back(odd, tmp_path)
    assert said in capsys.readouterr().err
    before = {name.replace("_", "-"): value for name, value in own.items()}
    left = {name: value for name, value in odd.headers if name.startswith("x-amz-")}
    refused = tuple(denied.split())
    assert left == {name: value for name, value in before.items() if not (refused and name.startswith(refused))}


def test_a_header_that_boto3_does_not_send_keeps_nothing_from_being_put_back(tmp_path: Path, odd: OddStore) -> None:
    odd.hold(MINE, [("x-amz-meta-who", "m\xe9"), ("x-amz-meta-owner", "me"), ("content-disposition", "caf\xe9")])
    look = S3Store(about(odd)).look()
    assert (look.put or {})["Metadata"] == {"owner": "me"} and "ContentDisposition" not in (look.put or {})
    assert look.not_kept == ("its ContentDisposition, which is not ASCII", "its x-amz-meta-who, which is not ASCII")
    keep(tmp_path / KEPT_FOLDER, about(odd), look)
    odd.hold(render(RUN, 7, 512))
    mine_comes_back(odd, tmp_path)


def test_the_next_run_takes_over_what_a_killed_one_keeps(
    tmp_path: Path, odd: OddStore, capsys: pytest.CaptureFixture[str]
) -> None:
    killed, run_dir, stranger = (tmp_path / name for name in ("killed", "next", "stranger"))
    for folder in (killed, run_dir, stranger):
        folder.mkdir()
    kept_by(odd, stranger, b"an older one")
    path = stranger / KEPT_FOLDER / "about.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "run": "c" * 12}))
    kept_by(odd, killed, x_amz_meta_owner="me")
    mine = about(odd, run=OTHER)
    found = earlier_runs(run_dir, mine, RUN)
    assert found.heir_of == killed
    assert [line for line in found.say if f"restore {stranger}" in line] == list(found.say) != []
    assert earlier_runs(run_dir, mine | {"object_key": "else"}, RUN).heir_of is None
    assert "will be put back at the end of this run" in take_over(run_dir, killed, mine)
    odd.hold(render(OTHER, 5, 512))
    mine_comes_back(odd, run_dir)
    assert dict(odd.headers)["x-amz-meta-owner"] == "me"
    assert not is_owed(killed)
    assert not is_owed(run_dir)


def test_runs_that_took_a_document_over_one_from_another_are_all_told_when_it_is_put_back(
    tmp_path: Path, odd: OddStore
) -> None:
    runs = [tmp_path / name for name in ("first", "second", "third")]
    for run_dir in runs:
        run_dir.mkdir()
    kept_by(odd, runs[0])
    for earlier, later in itertools.pairwise(runs):
        take_over(later, earlier, about(odd))
    assert [is_owed(run_dir) for run_dir in runs] == [True, True, True]
    mine_comes_back(odd, runs[2])
    assert [is_owed(run_dir) for run_dir in runs] == [False, False, False]


@pytest.mark.parametrize("described", ["", "[]", '{"format": 2, "run": "0123456789ab", "digest": "of another"}'])
def test_a_damaged_record_keeps_nobodys_document_from_them(tmp_path: Path, odd: OddStore, described: str) -> None:
    kept_by(odd, tmp_path)
    (tmp_path / "run.json").write_text(described)
    mine_comes_back(odd, tmp_path)


def test_a_copy_with_another_byte_in_it_is_not_put_back(
    tmp_path: Path, odd: OddStore, capsys: pytest.CaptureFixture[str]
) -> None:
    kept_by(odd, tmp_path)
    kept = tmp_path / KEPT_FOLDER / KEPT_DOCUMENT
    kept.write_bytes(kept.read_bytes().replace(b"world", b"w0rld"))
    assert restore(tmp_path) == 2
    assert odd.body == render(RUN, 7, 512)
    assert "cannot be read or is not whole" in capsys.readouterr().err


@pytest.mark.parametrize("may_write_late", [False, True])
def test_what_is_kept_stays_while_a_first_put_may_still_land(tmp_path: Path, may_write_late: bool) -> None:
    """It is put back by then, and may be replaced once more; without the copy it would be lost."""
    settings: Any = SimpleNamespace(write_interval=1)
    target = Target("http://127.0.0.1:9/v1/samples", "bkt", "payload.json", "us-east-1", None, None)
    run = Preparation(SimpleNamespace(), settings, target)
    run.directory = RunDirectory.create(tmp_path / "run")
    (run.directory.path / KEPT_FOLDER).mkdir()
    writer: Any = SimpleNamespace(stop=lambda: None, may_have_written=True, may_write_late=may_write_late)
    put_back: Any = SimpleNamespace(done=lambda: True)
    run.writer, run._put_back = writer, put_back
    run.abandon()
    assert (tmp_path / "run" / KEPT_FOLDER).exists() == may_write_late


def test_a_key_that_may_not_read_sees_by_the_readers_address(tmp_path: Path, odd: OddStore) -> None:
    kept_by(odd, tmp_path)
    odd.oddities["getdenied"] = "1"
    odd.hold(b'{"theirs": 1}')
    assert restore(tmp_path) == 1
    odd.hold(render(RUN, 9, 512))
    odd.oddities["getfail"] = "502|bad gateway"
    assert restore(tmp_path) == 1  # what is there cannot be seen
    del odd.oddities["getfail"]
    mine_comes_back(odd, tmp_path)


def test_a_put_that_fails_leaves_it_owed(tmp_path: Path, odd: OddStore, capsys: pytest.CaptureFixture[str]) -> None:
    kept_by(odd, tmp_path)
    odd.oddities["putfail"] = "AccessDenied|403|Access Denied"
    assert restore(tmp_path) == 1
    said = capsys.readouterr().err
    assert "AccessDenied (HTTP 403): Access Denied" in said
    assert f"python -m loadtest restore {tmp_path}" in said
    assert is_owed(tmp_path)


@pytest.mark.parametrize("may_delete", [True, False])
def test_where_nothing_was_nothing_stays_if_the_key_may_delete(
    tmp_path: Path, may_delete: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    with running_odd_store(**({} if may_delete else {"deletedenied": "1"})) as odd:
        keep(tmp_path / KEPT_FOLDER, about(odd), None)
        odd.hold(render(RUN, 1, 512))
        assert restore(tmp_path) == 0
        assert (odd.body is None) == may_delete
        assert ("is removed again" if may_delete else "may not delete it") in capsys.readouterr().err
        odd.hold(MINE)
        mine_comes_back(odd, tmp_path)


def test_a_run_that_kept_nothing_and_one_whose_copy_is_damaged(tmp_path: Path, odd: OddStore) -> None:
    assert restore(tmp_path) == 0
    assert restore(tmp_path / "missing") == 2
    kept_by(odd, tmp_path)
    (tmp_path / KEPT_FOLDER / KEPT_DOCUMENT).write_bytes(b"half")
    assert restore(tmp_path) == 2
    assert made_up_by(odd.body or b"") == RUN
    with pytest.raises(UsageError):
        load(tmp_path)


def test_an_address_that_holds_a_secret_is_asked_for(
    tmp_path: Path, odd: OddStore, capsys: pytest.CaptureFixture[str]
) -> None:
    kept_by(odd, tmp_path)
    path = tmp_path / KEPT_FOLDER / "about.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "url": f"{odd.url}/v1/samples?key=…"}))
    assert restore(tmp_path) == 2
    assert "give --url" in capsys.readouterr().err
    assert restore(tmp_path, "--url", f"{odd.url}/v1/samples?key=SECRET") == 0
