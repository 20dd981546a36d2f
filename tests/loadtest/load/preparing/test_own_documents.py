"""Documents of the user's own: taken before any load, published as theirs is served, and put back after every end."""

import json
import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import chosen_settings
import pytest
from kept_objects import OTHER, RUN, about, kept_from

from loadtest.__main__ import main
from loadtest.errors import UsageError
from loadtest.load.options.options import settings_from
from loadtest.load.preparing import own_documents
from loadtest.load.preparing.owed import earlier_runs, take_over
from loadtest.load.preparing.own_documents import take_documents
from loadtest.load.preparing.publishing import (
    AS_MADE_UP,
    caches_keep,
    put_arguments,
    refuse_if_one_is_there,
    refuse_too_few,
)
from loadtest.load.writer import writer as writing
from loadtest.run.documents.kind import Documents
from loadtest.run.documents.kinds import documents_of
from loadtest.run.documents.made_up_verifier import MadeUp
from loadtest.run.files import KEPT_FOLDER
from loadtest.run.records import ReadOutcome
from loadtest.run.settings import Settings
from loadtest.target.kept_document import is_owed, keep, load
from loadtest.target.s3_store import S3Store
from loadtest.target.store_interface import ObjectLook
from tests.targets.odd_store import OddStore

MINE = b'{"meta": {"revision": 3}, "hello": "world"}'
KINDS = ("text", "number", "folder")
pytestmark = pytest.mark.usefixtures("own_key")


def options(*given: str) -> Settings:
    return settings_from(chosen_settings.options(*given))


def write_documents(folder: Path, count: int = 4, revision: Any = "r") -> list[Path]:
    folder.mkdir(exist_ok=True)
    paths = [folder / f"{number:02}.json" for number in range(count)]
    for number, path in enumerate(paths):
        drawn = random.Random(number)
        rows = [drawn.randrange(10**9) for _ in range(50 + number)]
        path.write_bytes(json.dumps({"meta": {"revision": revision}, "n": number, "rows": rows}).encode())
    return paths


def taken(kind: str, tmp_path: Path, run: str = RUN) -> tuple[Path, Documents, dict[str, Any]]:
    """A run directory with documents in it, as a run has them from before its first PUT."""
    run_dir = tmp_path / f"run-{run}"
    run_dir.mkdir()
    paths = write_documents(tmp_path / "mine", revision=17 if kind == "number" else "r17")
    if kind == "folder":
        settings = options("--documents", str(tmp_path / "mine"))
    else:
        each = [part for path in paths for part in ("--document", str(path))]
        settings = options(*each, "--stamp", "/meta/revision")
    description = take_documents(settings, run_dir, run)
    return run_dir, documents_of(description, run, run_dir), description


@pytest.mark.parametrize("kind", KINDS)
def test_documents_are_copied_for_the_owner_alone_and_described(kind: str, tmp_path: Path) -> None:
    run_dir, documents, description = taken(kind, tmp_path)
    for path in (tmp_path / "mine").iterdir():
        path.write_bytes(b"changed meanwhile")
    assert [path.stat().st_mode & 0o077 for path in (run_dir / "documents").iterdir()] == [0] * 5
    sizes = [len(documents.render(version) or b"") for version in range(4)]
    assert len(set(sizes)) > 1
    assert (
        (description["smallest"], description["largest"]) == (min(sizes), max(sizes)) == (min(sizes), documents.largest)
    )
    assert description["cuts_seen"] > 0.9
    assert json.loads(json.dumps(description)) == description  # it goes to workers as JSON does
    for version in range(4):
        body = documents.render(version) or b""
        assert documents.verifier().identify(body) == (ReadOutcome.WHOLE, version)
        assert json.loads(body)["n"] == version
    assert documents.count == (4 if kind == "folder" else documents.count)


def test_one_document_with_one_stamp_says_that_mixes_are_hardly_seen(tmp_path: Path) -> None:
    (path, *_) = write_documents(tmp_path / "mine")
    description = take_documents(options("--document", str(path), "--stamp", "/meta/revision"), tmp_path, RUN)
    assert description["cuts_seen"] < 0.2
    both = ("--stamp", "/meta/revision", "--stamp", "/last")
    assert take_documents(options("--document", str(path), *both), tmp_path, RUN)["cuts_seen"] > 0.8


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("--document", "a.json"), "--document is 'a.json' and --stamp is missing"),
        (("--stamp", "/a"), "--stamp is '/a' and --document is missing"),
        (("--documents", "f", "--document", "a.json", "--stamp", "/a"), "give it alone"),
        (("--documents", "f", "--write-interval", "0"), "so nothing is published"),
    ],
)
def test_options_that_do_not_go_together_are_refused_before_anything_is_done(given: tuple[str, ...], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        options(*given)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{", "is not JSON"),
        (b"", "is empty"),
        (b"[1]", "has nothing at /meta"),
        (b'{"meta": [0]}', "has nothing at /meta/revision"),
        (b'{"meta": {"revision": []}}', "neither text nor a number"),
        (None, "is not a file"),
    ],
)
def test_a_document_that_cannot_be_stamped_is_named_in_one_sentence(
    content: bytes | None, said: str, tmp_path: Path
) -> None:
    path = tmp_path / "mine.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match=said) as caught:
        take_documents(options("--document", str(path), "--stamp", "/meta/revision"), tmp_path, RUN)
    assert "mine.json" in str(caught.value)
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("stamps", "said"),
    [(("meta",), "is not a JSON Pointer"), (("/~7",), "is not a JSON Pointer"), (("/n", "/n"), "stamped already")],
)
def test_a_pointer_that_is_none_or_comes_twice_is_named(stamps: tuple[str, ...], said: str, tmp_path: Path) -> None:
    (path, *_) = write_documents(tmp_path / "mine")
    with pytest.raises(UsageError, match=said):
        take_documents(options("--document", str(path), *(f"--stamp={stamp}" for stamp in stamps)), tmp_path, RUN)


def test_files_that_do_not_end_are_no_documents(tmp_path: Path) -> None:
    for path in ("/dev/zero", "/", "a" * 5_000, "\0"):
        with pytest.raises(UsageError):
            take_documents(options("--document", path, "--stamp", "/a"), tmp_path, RUN)


def test_a_folder_is_read_in_the_order_of_names_without_what_is_hidden(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    for name in ("b.json", "a.json", "10.json", ".hidden"):
        (folder / name).write_text(f'"{name}"')
    (folder / "sub").mkdir()
    documents = documents_of(take_documents(options("--documents", str(folder)), tmp_path, RUN), RUN, tmp_path)
    assert [documents.render(version) for version in range(3)] == [b'"10.json"', b'"a.json"', b'"b.json"']


def test_a_folder_in_which_bytes_repeat_is_refused(tmp_path: Path) -> None:
    paths = write_documents(tmp_path / "mine")
    paths[3].write_bytes(paths[1].read_bytes())
    with pytest.raises(UsageError, match=r"the same bytes as '01\.json' and as '03\.json'"):
        take_documents(options("--documents", str(tmp_path / "mine")), tmp_path, RUN)


def test_a_folder_that_holds_too_much_or_too_little_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_documents(tmp_path / "mine", count=1)
    for folder in ("mine", "none"):
        with pytest.raises(UsageError, match="give a folder"):
            take_documents(options("--documents", str(tmp_path / folder)), tmp_path, RUN)
    write_documents(tmp_path / "mine", count=4)
    monkeypatch.setattr(own_documents, "MOST_BYTES", 1000)
    with pytest.raises(UsageError, match="more than 1,000 bytes together"):
        take_documents(options("--documents", str(tmp_path / "mine")), tmp_path, RUN)
    monkeypatch.setattr(own_documents, "MAXIMUM_BYTES", 100)
    with pytest.raises(UsageError, match="more than 100 bytes"):
        take_documents(options("--documents", str(tmp_path / "mine")), tmp_path, RUN)


def test_a_run_that_wants_more_documents_than_there_are_is_refused(tmp_path: Path) -> None:
    _, documents, _ = taken("folder", tmp_path)
    settings = options("--window", "1", "--write-interval", "0.5")
    with pytest.raises(UsageError, match=r"There are 4 documents, and a run of 10 s .* publishes 11: give more"):
        refuse_too_few(settings, documents, 10)
    for enough in (None, 0, 1):
        refuse_too_few(settings, documents, enough)
    refuse_too_few(settings, MadeUp(RUN, 512), 10_000)


def test_the_writer_ends_with_the_last_document_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, documents, _ = taken("folder", tmp_path)
    put: list[int] = []
    writer = writing.PayloadWriter(documents, [S3Store.__new__(S3Store)], SimpleNamespace())  # type: ignore[arg-type]
    monkeypatch.setattr(writer, "put", lambda version, *_: put.append(version))
    monkeypatch.setattr(writer, "credentials", lambda: None)
    monkeypatch.setattr(writing, "parent_has_spoken", lambda until_ns: False)
    told: list[dict[str, Any]] = []
    far = iter(range(2**62, 2**62 + 100))
    parent = SimpleNamespace(tell=told.append)
    writing._write_on_schedule(writer, far, {"skip_when_late_ns": 1}, parent)  # type: ignore[arg-type]
    assert put == [1, 2, 3]
    assert told == [{"published": 4}]


def kept_by(odd: OddStore, run_dir: Path, run: str = RUN) -> None:
    kept_from(odd, run_dir, run=run, **{"from": "store"})


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_there_says_how_it_is_published(kind: str, tmp_path: Path) -> None:
    run_dir, _, description = taken(kind, tmp_path)
    assert put_arguments(description, run_dir) == AS_MADE_UP
    put = {"ContentType": "text/mine", "CacheControl": "max-age=17", "Metadata": {"a": "b"}, "Tagging": "a=b"}
    look = ObjectLook("document", body=MINE, put={**put, "ContentEncoding": "gzip", "StorageClass": "STANDARD_IA"})
    keep(run_dir / KEPT_FOLDER, {**dict.fromkeys(("bucket", "object_key", "run", "url"), "")}, look)
    del put["Tagging"]
    assert put_arguments(description, run_dir) == {**put, "StorageClass": "STANDARD_IA"}
    assert put_arguments({"kind": "made-up"}, run_dir) == AS_MADE_UP
    who = {"GrantRead": 'uri="all"', "ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "k"}
    keep(run_dir / KEPT_FOLDER, {**dict.fromkeys(("bucket", "object_key", "run", "url"), "")}, with_put({**put, **who}))
    assert put_arguments(description, run_dir) == {**put, **who}
    assert put_arguments({"kind": "made-up"}, run_dir) == {**AS_MADE_UP, **who}


def with_put(put: dict[str, Any]) -> ObjectLook:
    return ObjectLook("document", body=MINE, put=put)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("max-age=3600", "3,600 s"),
        ("public, Max-Age=60, s-maxage=86400", "86,400 s"),
        ("no-cache", ""),
        ("max-age=60, no-store", ""),
        ("max-age=0", ""),
        ("", ""),
    ],
)
def test_how_long_caches_may_show_a_document_of_the_run_is_said(said: str, seconds: str) -> None:
    sentence = caches_keep({"CacheControl": said} if said else {})
    assert bool(sentence) == bool(seconds)
    assert seconds in sentence
    assert not caches_keep(AS_MADE_UP)


def test_what_is_there_may_be_the_first_of_the_folder_and_no_other(tmp_path: Path) -> None:
    run_dir, documents, description = taken("folder", tmp_path)
    said = {**dict.fromkeys(("bucket", "object_key", "run", "url"), "")}
    assert refuse_if_one_is_there(description, documents, run_dir, "payload.json") is None
    for version in (0, 2):
        keep(run_dir / KEPT_FOLDER, said, ObjectLook("document", body=documents.render(version) or b""))
        if version:
            with pytest.raises(UsageError, match="is to publish as its document 3"):
                refuse_if_one_is_there(description, documents, run_dir, "payload.json")
        else:
            assert refuse_if_one_is_there(description, documents, run_dir, "payload.json") == documents.render(0)


@pytest.mark.parametrize("kind", KINDS)
def test_a_killed_run_is_put_back_byte_and_header(
    kind: str, tmp_path: Path, odd: OddStore, capsys: pytest.CaptureFixture[str]
) -> None:
    run_dir, documents, _ = taken(kind, tmp_path)
    headers = {"content-type": "text/mine", "cache-control": "max-age=17", "x-amz-meta-owner": "me"}
    odd.hold(MINE, list(headers.items()))
    kept_by(odd, run_dir)
    odd.hold(documents.render(2) or b"")
    assert main(["restore", str(run_dir)]) == 0
    assert odd.body == MINE
    assert headers.items() <= dict(odd.headers).items()
    assert not is_owed(run_dir)
    odd.hold(b'{"meta": {"revision": "theirs"}, "n": 1, "rows": []}')
    assert main(["restore", str(run_dir)]) == 1
    assert "somebody else has written to it meanwhile" in capsys.readouterr().err
    odd.hold((tmp_path / "mine" / "00.json").read_bytes())
    assert main(["restore", str(run_dir)]) == (0 if kind == "folder" else 1)  # unstamped it is the owner's own


def test_the_same_bytes_with_other_headers_are_put_back_too(tmp_path: Path, odd: OddStore) -> None:
    run_dir, documents, _ = taken("folder", tmp_path)
    odd.hold(documents.render(0) or b"", [("content-type", "text/mine"), ("x-amz-meta-owner", "me")])
    kept_by(odd, run_dir)
    odd.hold(documents.render(0) or b"", [("content-type", "text/mine")])
    assert main(["restore", str(run_dir)]) == 0
    assert ("x-amz-meta-owner", "me") in [(name.lower(), value) for name, value in odd.headers]
    puts = odd.puts
    assert main(["restore", str(run_dir)]) == 0
    assert odd.puts == puts


@pytest.mark.parametrize("kind", KINDS)
def test_the_next_run_takes_over_what_a_killed_one_kept(kind: str, tmp_path: Path, odd: OddStore) -> None:
    """It finds a document that is an owner's, but for a stamp, and keeps it; unless the run that left it is known."""
    killed, documents, _ = taken(kind, tmp_path)
    odd.hold(MINE, [("content-type", "text/mine")])
    kept_by(odd, killed)
    odd.hold(documents.render(3) or b"", [("content-type", "text/mine")])
    next_run = tmp_path / "next"
    next_run.mkdir()
    kept_by(odd, next_run, OTHER)
    earlier = earlier_runs(next_run, about(odd, run=OTHER), "")
    assert earlier.heir_of == killed
    take_over(next_run, killed, about(odd, run=OTHER))
    kept = load(next_run)
    assert kept is not None
    assert kept.body == MINE
    odd.hold(MINE)
    kept_by(odd, next_run, OTHER)
    assert earlier_runs(next_run, about(odd, run=OTHER), "").heir_of is None


def test_a_stamped_document_that_nobody_knows_of_is_kept_as_its_owners(tmp_path: Path, odd: OddStore) -> None:
    """The run that stamped it is long gone; all but the stamp is what somebody serves."""
    _, documents, _ = taken("text", tmp_path)
    odd.hold(documents.render(1) or b"")
    kept = tmp_path / "run" / KEPT_FOLDER
    kept.parent.mkdir()
    looked = writing._looked(S3Store(about(odd)).look(), S3Store(about(odd)), {"kept": str(kept), "about": about(odd)})
    assert looked["made_up_by"] == ""
    assert (kept / "document").read_bytes() == documents.render(1)
