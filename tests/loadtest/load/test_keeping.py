"""The document that a run kept is put back after it, unless it is somebody else's now."""

import itertools
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from kept_objects import OTHER, RUN, about, kept_from

from loadtest.__main__ import main
from loadtest.errors import UsageError
from loadtest.load.owed import earlier_runs, take_over
from loadtest.load.preparation import Preparation
from loadtest.run.documents.made_up import made_up_by, render
from loadtest.run.files import JOURNAL_NAME, KEPT_DOCUMENT, KEPT_FOLDER
from loadtest.run.journal import last_of_object
from loadtest.run.records import WriteOutcome
from loadtest.run.run_directory import RunDirectory
from loadtest.target import putting_back
from loadtest.target.finding import Target
from loadtest.target.kept_document import is_owed, keep, load
from loadtest.target.store import ObjectLook, Store
from tests.targets.odd_store import OddStore, running_odd_store

MINE = b'{"hello":"world"}'
GZIP = b"\x1f\x8b\x08\x00\xff\xfe"
pytestmark = pytest.mark.usefixtures("own_key")


def kept_by(odd: OddStore, run_dir: Path, body: bytes = MINE, **headers: str) -> None:
    """A run has kept what was there, and written."""
    odd.hold(body, [(name.replace("_", "-"), value) for name, value in headers.items()])
    kept_from(odd, run_dir)
    odd.hold(render(RUN, 7, 512))


def kept_by_address(odd: OddStore, run_dir: Path) -> None:
    """The same with a key that may not read."""
    keep(run_dir / KEPT_FOLDER, about(odd), ObjectLook("document", body=MINE, put={}))
    odd.hold(render(RUN, 7, 512))


def restore(run_dir: Path, *options: str) -> int:
    return main(["restore", str(run_dir), *options])


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
    assert restore(tmp_path) == 0
    assert odd.body == MINE
    assert said in capsys.readouterr().err
    before = {name.replace("_", "-"): value for name, value in own.items()}
    left = {name: value for name, value in odd.headers if name.startswith("x-amz-")}
    refused = tuple(denied.split())
    assert left == {name: value for name, value in before.items() if not (refused and name.startswith(refused))}


def test_what_somebody_else_wrote_meanwhile_stays(
    tmp_path: Path, odd: OddStore, capsys: pytest.CaptureFixture[str]
) -> None:
    kept_by(odd, tmp_path)
    for theirs in (b'{"theirs": 1}', b'{"theirs": 1, "seen": "%s"}' % RUN.encode(), None):
        odd.hold(theirs)
        assert restore(tmp_path) == 1
        assert odd.body == theirs
        said = capsys.readouterr().err
        assert "was not put back" in said
        assert f"restore {tmp_path} --force" in said
        assert str(tmp_path / KEPT_FOLDER / KEPT_DOCUMENT) in said
    assert restore(tmp_path, "--force") == 0
    assert odd.body == MINE


def journal(run_dir: Path, *outcomes: WriteOutcome | None) -> None:
    """A journal of so many PUTs, a second apart; None: it never said what became of it."""
    lines = []
    for version, outcome in enumerate(outcomes):
        lines.append({"version": version, "scheduled_ns": 0, "called_ns": version * 10**9, "bytes": 512})
        if outcome is not None:
            lines.append({"version": version, "returned_ns": version * 10**9 + 5, "outcome": int(outcome), "etag": ""})
    (run_dir / JOURNAL_NAME).write_text("".join(json.dumps(line) + "\n" for line in lines))


ACKED, UNKNOWN = WriteOutcome.ACKED, WriteOutcome.UNKNOWN


@pytest.mark.parametrize("outcomes", [(ACKED, UNKNOWN), (ACKED, None), (ACKED, UNKNOWN, ACKED)])
def test_a_put_of_the_run_that_lands_late_is_put_right(
    tmp_path: Path,
    odd: OddStore,
    outcomes: tuple[WriteOutcome | None, ...],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    kept_by(odd, tmp_path)
    journal(tmp_path, *outcomes)
    late = [render(RUN, 9, 512)]

    def land(_seconds: float) -> None:
        if late:
            odd.hold(late.pop())

    monkeypatch.setattr(putting_back.time, "sleep", land)
    assert restore(tmp_path) == 0
    assert odd.body == MINE
    assert "A PUT of the run was never answered" in capsys.readouterr().err


def test_somebody_who_writes_while_it_is_confirmed_is_not_written_over(
    tmp_path: Path, odd: OddStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept_by(odd, tmp_path)
    journal(tmp_path, ACKED, None)
    monkeypatch.setattr(putting_back.time, "sleep", lambda seconds: odd.hold(b"theirs"))
    assert restore(tmp_path) == 0
    assert odd.body == b"theirs"


def test_where_every_put_was_answered_nobody_waits(
    tmp_path: Path, odd: OddStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept_by(odd, tmp_path)
    journal(tmp_path, ACKED, WriteOutcome.REFUSED, ACKED)
    monkeypatch.setattr(putting_back.time, "sleep", lambda seconds: pytest.fail("it waited"))
    assert restore(tmp_path) == 0
    assert odd.body == MINE


@pytest.mark.parametrize("oddity", ["noconditionalput", "refusesconditionalput", ""])
def test_who_writes_between_the_look_and_the_put_is_not_written_over(
    tmp_path: Path, oddity: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with running_odd_store(**({oddity: "1"} if oddity else {})) as odd:
        kept_by(odd, tmp_path)
        if oddity:  # such a store cannot tell; it is written to all the same
            assert restore(tmp_path) == 0
            assert odd.body == MINE
            return
        put = Store.put

        def put_too_late(self: Store, body: bytes, **arguments: Any) -> Any:
            odd.hold(b'{"theirs": 1}')
            return put(self, body, **arguments)

        monkeypatch.setattr(Store, "put", put_too_late)
        assert restore(tmp_path) == 1
        assert odd.body == b'{"theirs": 1}'
        assert "somebody else has written to it meanwhile" in capsys.readouterr().err


@pytest.mark.parametrize(("oddity", "theirs_stays"), [("", True), ("deniesconditionalput", False)])
def test_a_key_that_may_not_read_gives_the_etag_of_the_runs_last_put(
    tmp_path: Path, oddity: str, theirs_stays: bool
) -> None:
    """The address still shows the run's document, and the store holds somebody's. S3 may refuse the condition: then
    nothing is known but what the address shows."""
    with running_odd_store(**({oddity: "1"} if oddity else {})) as odd:
        kept_by(odd, tmp_path)
        ours = render(RUN, 7, 512)
        called, returned = (
            {"version": 7, "called_ns": 1},
            {"version": 7, "outcome": int(ACKED), "etag": f'"{odd.etag}"'},
        )
        (tmp_path / JOURNAL_NAME).write_text(f"{json.dumps(called)}\n{json.dumps(returned)}\n")
        odd.oddities["getdenied"] = "1"
        odd.hold(b'{"theirs": 1}')
        outcome = putting_back.put_back(tmp_path, Store(about(odd)), lambda: ours)
        assert outcome.done != theirs_stays
        assert odd.body == (b'{"theirs": 1}' if theirs_stays else MINE)
        odd.hold(ours)
        assert putting_back.put_back(tmp_path, Store(about(odd)), lambda: ours).done
        assert odd.body == MINE


def test_an_answer_of_a_cache_is_no_sight_of_the_store(tmp_path: Path) -> None:
    with running_odd_store(getdenied="1", age="3") as odd:
        kept_by_address(odd, tmp_path)
        assert restore(tmp_path) == 1
        assert odd.body == render(RUN, 7, 512)


def test_who_writes_before_the_runs_document_is_removed_loses_nothing(
    tmp_path: Path, odd: OddStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    delete = Store.delete

    def delete_too_late(self: Store, *condition: str) -> str:
        odd.hold(b'{"theirs": 1}')
        return delete(self, *condition)

    monkeypatch.setattr(Store, "delete", delete_too_late)
    keep(tmp_path / KEPT_FOLDER, about(odd), None)
    odd.hold(render(RUN, 1, 512))
    assert restore(tmp_path) == 0
    assert odd.body == b'{"theirs": 1}'


def test_a_put_of_another_object_that_was_never_answered_delays_nothing(
    tmp_path: Path, odd: OddStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two objects: the odd versions are of the second one."""
    journal(tmp_path, ACKED, ACKED, ACKED, None)
    assert [last_of_object(tmp_path, number, 2).unanswered for number in range(2)] == [False, True]
    kept_by(odd, tmp_path)
    path = tmp_path / KEPT_FOLDER / "about.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "objects": 2}))
    monkeypatch.setattr(putting_back.time, "sleep", lambda seconds: pytest.fail("it waited"))
    assert restore(tmp_path) == 0
    assert odd.body == MINE


def test_two_runs_at_once_lose_nobodys_document(
    tmp_path: Path, odd: OddStore, capsys: pytest.CaptureFixture[str]
) -> None:
    """A run's end does not write over a run that may go on; ``restore`` does, once that one rests."""
    kept_by(odd, tmp_path)
    odd.hold(render(OTHER, 3, 512))
    own_end = putting_back.put_back(tmp_path, Store(about(odd)), lambda: None)
    assert not own_end.done
    assert f"load test {OTHER} is writing there, or has" in own_end.sentence
    assert is_owed(tmp_path)
    assert restore(tmp_path) == 0
    assert odd.body == MINE


def test_restore_does_not_write_over_a_run_that_is_writing(
    tmp_path: Path, odd: OddStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept_by(odd, tmp_path)
    odd.hold(render(OTHER, 3, 512))
    monkeypatch.setattr(putting_back.time, "sleep", lambda seconds: odd.hold(render(OTHER, odd.puts + 4, 512)))
    assert restore(tmp_path) == 1
    assert made_up_by(odd.body or b"") == OTHER


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
    assert restore(run_dir) == 0
    assert odd.body == MINE
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
    assert restore(runs[2]) == 0
    assert odd.body == MINE
    assert [is_owed(run_dir) for run_dir in runs] == [False, False, False]


@pytest.mark.parametrize("described", ["", "[]", '{"format": 2, "run": "0123456789ab", "digest": "of another"}'])
def test_a_damaged_record_keeps_nobodys_document_from_them(tmp_path: Path, odd: OddStore, described: str) -> None:
    kept_by(odd, tmp_path)
    (tmp_path / "run.json").write_text(described)
    assert restore(tmp_path) == 0
    assert odd.body == MINE


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
    assert restore(tmp_path) == 0
    assert odd.body == MINE


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
        assert restore(tmp_path) == 0
        assert odd.body == MINE


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
