"""docs/own-read-model.md, "Your documents": its commands, typed as they stand there, publish what the page says."""

import json
from pathlib import Path

import pytest
from chosen_settings import options
from documented import blocks, given_to_locust

from loadtest.load.options.options import settings_from
from loadtest.load.preparing.own_documents import take_documents
from loadtest.load.preparing.publishing import refuse_too_few
from loadtest.run.documents.kinds import documents_of
from loadtest.run.documents.made_up_verifier import MadeUp
from loadtest.run.records import ReadOutcome
from loadtest.run.settings import Settings

PAGE, HEADING = "own-read-model.md", "Your documents"
RUN = "0123456789ab"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a reader of the page is, with the files that it speaks of."""
    (block,) = blocks(PAGE, language="json", heading=HEADING)
    (tmp_path / block.title).write_text(block.text)
    (tmp_path / "prices-yesterday.json").write_text(block.text.replace("1.10", "1.0").replace("EUR", "€"))
    (tmp_path / "prices").mkdir()
    for number in range(30):
        (tmp_path / "prices" / f"{number:03}.json").write_text(json.dumps({"prices": [number] * 50}))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def settings_of(command: str, folder: Path) -> tuple[Settings, float]:
    """The settings that a command gives, and for how long the run is."""
    given = options(*given_to_locust(command, folder)[0])
    return settings_from(given), float(given.run_time)


def test_the_commands_publish_documents_of_ones_own(folder: Path) -> None:
    commands = [block.text for block in blocks(PAGE, language="sh", heading=HEADING)]
    assert ["--stamp" in command for command in commands] == [True, False]
    for number, command in enumerate(commands):
        settings, run_time_s = settings_of(command, folder)
        run_dir = folder / f"run-{number}"
        run_dir.mkdir()
        documents = documents_of(take_documents(settings, run_dir, RUN), RUN, run_dir)
        refuse_too_few(settings, documents, run_time_s)
        for version in range(6):
            body = documents.render(version)
            assert documents.verifier().identify(body) == (ReadOutcome.WHOLE, version)


def test_only_the_field_that_is_named_is_changed(folder: Path) -> None:
    command = blocks(PAGE, language="sh", heading=HEADING)[0].text
    settings, _ = settings_of(command, folder)
    documents = documents_of(take_documents(settings, folder, RUN), RUN, folder)
    own = (folder / "prices.json").read_text()
    stamped = (documents.render(0) or b"").decode()
    stamp = json.loads(stamped)["meta"]["revision"]
    assert stamped == own.replace("2026-11-26.4", stamp)
    assert len(stamp) == 65
    assert '"id": 9007199254740993, "price": 1.10' in stamped


def test_without_more_documents_are_made_up(folder: Path) -> None:
    settings, _ = settings_of("locust -t 120s", folder)
    assert not settings.has_own_documents
    refuse_too_few(settings, MadeUp(RUN, settings.payload_bytes), 120)
