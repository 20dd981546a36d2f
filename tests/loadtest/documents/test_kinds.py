"""One description says what documents a run has, to whoever writes, reads, seals and judges it."""

from pathlib import Path

import pytest

from loadtest.load.participant import _fill
from loadtest.run.documents import kinds
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
from loadtest.run.files import STANDING_FILE
from loadtest.run.records import ReadOutcome

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
