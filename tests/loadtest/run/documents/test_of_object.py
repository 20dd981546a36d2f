"""Kinds of documents, and those of several objects: a body tells its object along with its version, whole or not."""

from pathlib import Path

import pytest
from chosen_settings import options
from hypothesis import given
from hypothesis import strategies as st

from loadtest.load.options.options import settings_from
from loadtest.load.participant import _fill
from loadtest.load.preparing.own_documents import take_documents
from loadtest.run.documents import kinds
from loadtest.run.documents.json_fields import place_in
from loadtest.run.documents.kind import Documents
from loadtest.run.documents.kinds import (
    description_in,
    documents_of,
    files_of,
    made_up_documents,
    published_by,
    standing_document,
)
from loadtest.run.documents.library import Library
from loadtest.run.documents.made_up import render
from loadtest.run.documents.made_up_verifier import MadeUp, Verifier
from loadtest.run.documents.of_object import OfObject
from loadtest.run.documents.stamped import Stamped
from loadtest.run.documents.stamps import Template
from loadtest.run.files import STANDING_FILE
from loadtest.run.records import NO_VERSION, ReadOutcome

RUN, SIZE = "0123456789ab", 512
WHOLE, OTHER = ReadOutcome.WHOLE, ReadOutcome.OTHER_OBJECT


def shop(kind: str, objects: int) -> Documents:
    """Documents of so many objects; stamped ones are of another shape at each."""
    if kind == "made-up":
        return MadeUp(RUN, SIZE)
    rows = [b"7, " * (40 + at) + b"0" for at in range(objects)]
    originals = [b'{"revision": 1, "of": "%d", "rows": [%s]}' % pair for pair in enumerate(rows)]
    templates = [Template(each, [place_in(each, "/revision")]) for each in originals]
    return Stamped(RUN, templates, range(objects))


@pytest.mark.parametrize("kind", ["made-up", "stamped"])
@given(data=st.data())
def test_a_document_is_its_version_at_its_own_object_and_of_another_object_elsewhere(
    kind: str, data: st.DataObject
) -> None:
    objects = data.draw(st.integers(2, 8))
    documents = shop(kind, objects)
    version = data.draw(st.integers(0, 1_000))
    number = data.draw(st.integers(0, objects - 1))
    verifier = OfObject(documents, number, objects).verifier()
    body = documents.render(version) or b""
    expected = (WHOLE, version) if version % objects == number else (OTHER, NO_VERSION)
    for _ in range(2):  # the second time it is the latest
        assert verifier.identify(body, '"etag"') == expected
        assert verifier.latest_body == body and verifier.latest_identity == expected


@given(st.integers(2, 5), st.integers(0, 50), st.data())
def test_a_mix_of_two_versions_of_one_object_is_torn_though_others_came_between(
    objects: int, own: int, data: st.DataObject
) -> None:
    """The next version of an object is as many versions later as there are objects."""
    number = data.draw(st.integers(0, objects - 1))
    original = b'{"a": "", "rows": "%s", "z": ""}' % (b"x" * 300)
    template = Template(original, [place_in(original, "/a"), place_in(original, "/z")])
    documents = Stamped(RUN, [template] * objects, range(objects), number)
    version = own * objects + number
    one, other = documents.render(version), documents.render(version + objects)
    verifier = OfObject(documents, number, objects).verifier()
    assert verifier.identify(one, '"1"').version == version
    half = one[: len(one) // 2] + other[len(one) // 2 :]
    assert verifier.identify(half, '"2"').outcome is ReadOutcome.TORN
    assert verifier.identify(one[:200], '"1"').outcome is ReadOutcome.TRUNCATED


def test_the_description_in_the_plan_says_which_object_readers_tell_and_the_one_of_the_run_says_none() -> None:
    description = made_up_documents(SIZE, 2)
    documents = documents_of(description | {"object": 1}, RUN, Path("x"))
    body = MadeUp(RUN, SIZE).render(2)
    assert documents.render(2) == body and documents.verifier().identify(body or b"").outcome is OTHER
    assert isinstance(documents_of(description, RUN, Path("x")).verifier(), Verifier)
    assert made_up_documents(SIZE) == {"kind": "made-up", "bytes": SIZE}


def test_documents_of_ones_own_are_published_at_the_object_whose_key_stands_behind_them(tmp_path: Path) -> None:
    contents = {"a.json": '{"n": 1, "rows": [1, 2]}', "b.json": '{"x": true}', "c.json": '{"x": false}'}
    for name, content in contents.items():
        (tmp_path / name).write_text(content)
    settings = settings_from(
        options(
            *("--host", "http://127.0.0.1:9", "--bucket", "b", "--stamp", "/stamp"),
            *("--samples-path", "/v1/samples", "--samples-path", "/v1/prices key=shop//prices.json"),
            *("--document", f"{tmp_path / 'b.json'} key=shop//prices.json", "--document", str(tmp_path / "a.json")),
            *("--document", f"{tmp_path / 'c.json'} key=shop//prices.json"),
        )
    )
    run_dir = tmp_path / "run"
    run_dir.mkdir()
    description = take_documents(settings, run_dir, RUN)
    assert description["objects"] == 2 and description["count"] == 3
    documents = documents_of(description, RUN, run_dir)
    shown = [b"rows" if b"rows" in body else body[5:10] for body in map(documents.render, range(8)) if body]
    assert shown == [b"rows", b" true", b"rows", b" fals", b"rows", b" true", b"rows", b" fals"]
    for number in range(2):
        own = documents_of(description | {"object": number}, RUN, run_dir)
        told = [own.verifier().identify(documents.render(version) or b"").outcome for version in range(4)]
        assert told == [WHOLE if version % 2 == number else OTHER for version in range(4)]


RUN = "0123456789ab"


def test_made_up_documents_are_a_function_of_run_version_and_size(tmp_path: Path) -> None:
    documents = documents_of(made_up_documents(512), RUN, tmp_path)
    assert documents.largest == 512
    assert documents.render(7) == render(RUN, 7, 512)
    assert documents.verifier().identify(render(RUN, 7, 512)) == (ReadOutcome.WHOLE, 7)


def test_the_standing_document_is_version_0_and_there_is_no_other(tmp_path: Path) -> None:
    (tmp_path / STANDING_FILE).write_bytes(b'{"hello":"world"}')
    documents = documents_of(standing_document(), RUN, tmp_path)
    assert (documents.render(0), documents.render(1), documents.largest) == (b'{"hello":"world"}', None, 17)


def test_what_a_run_says_of_its_documents_is_believed_and_old_runs_say_it_in_their_settings(tmp_path: Path) -> None:
    assert description_in({"documents": {"kind": "x"}}, tmp_path) == {"kind": "x"}
    assert description_in({"settings": {"payload_bytes": 256}}, tmp_path) == made_up_documents(256)
    (tmp_path / STANDING_FILE).write_bytes(b"1")
    assert description_in({"settings": {"payload_bytes": 1}}, tmp_path) == standing_document()


@pytest.mark.parametrize("description", [{}, {"kind": "of a later version"}, {"kind": []}, {"kind": "made-up"}])
def test_a_kind_that_is_not_known_is_a_value_error(tmp_path: Path, description: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="does not know"):
        documents_of(description, RUN, tmp_path)


@pytest.mark.parametrize("kind", ["stamped", "folder"])
def test_a_worker_on_another_host_gets_the_documents_or_says_that_it_has_none(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = Library(tmp_path)
    entries = [{"places": [[5, 8, "", False]], **library.add(n, b'{"a":"%d"}' % n)} for n in range(3)]
    description = {"kind": kind}
    library.close(RUN, description, entries)
    there = tmp_path / "there"
    there.mkdir()
    _fill(there, files_of(description, tmp_path))
    body = documents_of(description, RUN, tmp_path).render(1)
    assert documents_of(description, RUN, there).render(1) == body
    assert published_by(there) is not None
    monkeypatch.setattr(kinds, "MOST_SENT_BYTES", 1)
    there = tmp_path / "elsewhere"
    there.mkdir()
    _fill(there, files_of(description, tmp_path))
    with pytest.raises(ValueError, match="it has not got the documents of the run"):
        documents_of(description, RUN, there)
    assert published_by(there) is None
