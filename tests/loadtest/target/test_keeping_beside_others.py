"""A run's kept document and others who write to the same object: what is theirs stays, whenever they wrote it."""

import json
from pathlib import Path
from typing import Any

import pytest
from kept_objects import MINE, OTHER, RUN, about, kept_by, mine_comes_back, restore

from loadtest.run.documents.made_up import made_up_by, render
from loadtest.run.files import JOURNAL_NAME, KEPT_DOCUMENT, KEPT_FOLDER
from loadtest.run.journal import last_of_object
from loadtest.run.records import WriteOutcome
from loadtest.target import putting_back
from loadtest.target.kept_document import is_owed, keep
from loadtest.target.s3_store import S3Store
from loadtest.target.store_interface import ObjectLook
from tests.targets.odd_store import OddStore, running_odd_store

pytestmark = pytest.mark.usefixtures("own_key")


def kept_by_address(odd: OddStore, run_dir: Path) -> None:
    """The same with a key that may not read."""
    keep(run_dir / KEPT_FOLDER, about(odd), ObjectLook("document", body=MINE, put={}))
    odd.hold(render(RUN, 7, 512))


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
    mine_comes_back(odd, tmp_path, "--force")


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
    mine_comes_back(odd, tmp_path)
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
    mine_comes_back(odd, tmp_path)


@pytest.mark.parametrize("oddities", [{"noconditionalput": "1"}, {"conditionfail": "NotImplemented|501"}, {}])
def test_who_writes_between_the_look_and_the_put_is_not_written_over(
    tmp_path: Path, oddities: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with running_odd_store(**oddities) as odd:
        kept_by(odd, tmp_path)
        if oddities:  # such a store cannot tell; it is written to all the same
            mine_comes_back(odd, tmp_path)
            return
        put = S3Store.put

        def put_too_late(self: S3Store, body: bytes, **arguments: Any) -> Any:
            odd.hold(b'{"theirs": 1}')
            return put(self, body, **arguments)

        monkeypatch.setattr(S3Store, "put", put_too_late)
        assert restore(tmp_path) == 1
        assert odd.body == b'{"theirs": 1}'
        assert "somebody else has written to it meanwhile" in capsys.readouterr().err


@pytest.mark.parametrize(("oddities", "theirs_stays"), [({}, True), ({"conditionfail": "AccessDenied|403"}, False)])
def test_a_key_that_may_not_read_gives_the_etag_of_the_runs_last_put(
    tmp_path: Path, oddities: dict[str, str], theirs_stays: bool
) -> None:
    """The address still shows the run's document, and the store holds somebody's. S3 may refuse the condition: then
    nothing is known but what the address shows."""
    with running_odd_store(**oddities) as odd:
        kept_by(odd, tmp_path)
        ours = render(RUN, 7, 512)
        called, returned = (
            {"version": 7, "called_ns": 1},
            {"version": 7, "outcome": int(ACKED), "etag": f'"{odd.etag}"'},
        )
        (tmp_path / JOURNAL_NAME).write_text(f"{json.dumps(called)}\n{json.dumps(returned)}\n")
        odd.oddities["getdenied"] = "1"
        odd.hold(b'{"theirs": 1}')
        outcome = putting_back.put_back(tmp_path, S3Store(about(odd)), lambda: ours)
        assert outcome.done != theirs_stays
        assert odd.body == (b'{"theirs": 1}' if theirs_stays else MINE)
        odd.hold(ours)
        assert putting_back.put_back(tmp_path, S3Store(about(odd)), lambda: ours).done
        assert odd.body == MINE


def test_an_answer_of_a_cache_is_no_sight_of_the_store(tmp_path: Path) -> None:
    with running_odd_store(getdenied="1", age="3") as odd:
        kept_by_address(odd, tmp_path)
        assert restore(tmp_path) == 1
        assert odd.body == render(RUN, 7, 512)


def test_who_writes_before_the_runs_document_is_removed_loses_nothing(
    tmp_path: Path, odd: OddStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    delete = S3Store.delete

    def delete_too_late(self: S3Store, *condition: str) -> str:
        odd.hold(b'{"theirs": 1}')
        return delete(self, *condition)

    monkeypatch.setattr(S3Store, "delete", delete_too_late)
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
    mine_comes_back(odd, tmp_path)


def test_two_runs_at_once_lose_nobodys_document(
    tmp_path: Path, odd: OddStore, capsys: pytest.CaptureFixture[str]
) -> None:
    """A run's end does not write over a run that may go on; ``restore`` does, once that one rests."""
    kept_by(odd, tmp_path)
    odd.hold(render(OTHER, 3, 512))
    own_end = putting_back.put_back(tmp_path, S3Store(about(odd)), lambda: None)
    assert not own_end.done
    assert f"load test {OTHER} is writing there, or has" in own_end.sentence
    assert is_owed(tmp_path)
    mine_comes_back(odd, tmp_path)


def test_restore_does_not_write_over_a_run_that_is_writing(
    tmp_path: Path, odd: OddStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept_by(odd, tmp_path)
    odd.hold(render(OTHER, 3, 512))
    monkeypatch.setattr(putting_back.time, "sleep", lambda seconds: odd.hold(render(OTHER, odd.puts + 4, 512)))
    assert restore(tmp_path) == 1
    assert made_up_by(odd.body or b"") == OTHER
