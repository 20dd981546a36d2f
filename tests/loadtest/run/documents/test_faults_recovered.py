"""The sandbox's faults of bodies, given to the user's own documents: each answer that was altered is told as it was."""

import hashlib
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
from test_known_bodies import document, documents_of_kind

from loadtest.run.documents.folder import Folder
from loadtest.run.documents.library import Library
from loadtest.run.records import ReadOutcome
from loadtest.sandbox.faults.answers import Rewrite
from loadtest.sandbox.faults.bodies import Corrupt, Torn, Truncate
from loadtest.sandbox.store.objects import S3Answer

READS = 600


@pytest.fixture(params=("text", "number", "both ends", "folder"))
def documents(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    if request.param != "folder":
        return documents_of_kind(request.param, tmp_path)
    library = Library(tmp_path)
    return Folder(library, [library.add(number, document(number, number)) for number in range(READS // 40 + 1)])


@pytest.mark.parametrize("ours", [True, False], ids=["MD5", "other ETags"])
@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (Torn, ReadOutcome.TORN),
        (Truncate, ReadOutcome.TRUNCATED),
        (Corrupt, ReadOutcome.CORRUPT),
        (Rewrite, ReadOutcome.REWRITTEN),
        (lambda value, random: Rewrite(f"{value},bom", random), ReadOutcome.REWRITTEN),
        (lambda value, random: Rewrite(f"{value},base64", random), ReadOutcome.REWRITTEN),
    ],
    ids=["torn", "truncate", "corrupt", "pretty", "bom", "base64"],
)
def test_exactly_what_was_injected_is_found(documents: Any, fault: Any, outcome: ReadOutcome, ours: bool) -> None:
    random = Random(1)
    injected = fault("20%", random)
    verifier = documents.verifier()
    altered = found = 0
    for number in range(READS):
        version = number // 40
        body, before = documents.render(version), documents.render(max(version - 1, 0))
        stored = SimpleNamespace(before=lambda _, body=before: SimpleNamespace(body=body))
        tag = f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"' if ours else f'"v{version}"'
        answer = S3Answer(200, {"etag": tag}, body)
        sent = injected.alter(SimpleNamespace(version=version, stored=stored), answer).body if number % 40 else body
        told = verifier.identify(sent, tag)
        if sent in (body, before):
            assert told == (ReadOutcome.WHOLE, version if sent == body else version - 1)
        else:
            altered += 1
            found += told.outcome is outcome
            assert told.outcome not in (ReadOutcome.WHOLE, ReadOutcome.FOREIGN)
    assert altered > READS * 0.15
    assert found >= altered * 0.97  # a mix that takes one byte of the other version is as good as a flipped one
