"""`python -m loadtest duel BASE NEW`: what is refused before anything is started, and what both runs are told."""

import argparse
import json
from pathlib import Path

import pytest
from locust.argument_parser import get_parser

from loadtest.__main__ import main
from loadtest.commands import duel
from loadtest.load.duelling.duel_sides import both_sides
from loadtest.load.duelling.duelling import Contender, Ended
from loadtest.load.options.options import add_arguments, settings_from

OTHER_HOST = "http://127.0.0.1:2"


def outputs(folder: Path, bucket: str, host: str = "http://127.0.0.1:1") -> Path:
    content = {"stack": {"SamplesUrl": f"{host}/v1/samples", "S3BucketName": bucket}}
    folder.mkdir(exist_ok=True)
    (folder / "outputs.json").write_text(json.dumps(content))
    return folder


@pytest.fixture
def sides(tmp_path: Path) -> tuple[str, str]:
    return str(outputs(tmp_path / "a", "one")), str(outputs(tmp_path / "b", "two", OTHER_HOST) / "outputs.json")


def parsed(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    duel.add_arguments(parser)
    return parser.parse_args(arguments)


def test_a_folder_a_file_and_an_address_name_a_side(sides: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCUST_HOST", "http://elsewhere")
    base, new = both_sides(parsed(*sides))
    assert (base.target.bucket, new.target.bucket) == ("one", "two")
    assert base.target.url == "http://127.0.0.1:1/v1/samples"
    assert "LOCUST_HOST" not in base.environment
    for address in ("https://u:secret@new.example", "https://u:secret@new.example/v1/samples"):
        _, new = both_sides(parsed(sides[0], address, "--new-bucket", "two"))
        assert new.target.url == "https://u:secret@new.example/v1/samples"
        assert new.environment["LOCUST_HOST"] == "https://u:secret@new.example"
        assert not [option for option in new.options if "secret" in option]


def test_no_secret_is_on_the_command_line_of_a_side(sides: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    given = [
        "--header",
        "x-api-key: a-s3cr3t, with a comma",
        "--header",
        "x-team: @$TEAM",
        "--samples-path",
        "/x?k=s3cr3t",
    ]
    monkeypatch.setenv("TEAM", "s3cr3t-team")
    for side in both_sides(parsed(*sides, *given)):
        assert not [option for option in side.options if "s3cr3t" in option]
        again = get_parser()
        add_arguments(again)
        for name, value in side.environment.items():
            monkeypatch.setenv(name, value)
        settings = settings_from(again.parse_args(side.options))
        assert settings.headers == (("x-api-key", "a-s3cr3t, with a comma"), ("x-team", "s3cr3t-team"))
        assert settings.samples_path == "/x?k=s3cr3t"


def test_both_have_the_same_seed_rate_and_windows(sides: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    base, new = both_sides(parsed(*sides))
    assert base.settings.seed == new.settings.seed
    assert (base.settings.arrival_rate, base.settings.window) == (400, 1)
    monkeypatch.setenv("LOCUST_WINDOW", "3")
    base, new = both_sides(
        parsed(*sides, "--arrival-rate", "50", "--threshold", "reads > 1", "--threshold", "reads > 2")
    )
    assert (base.settings.arrival_rate, base.settings.window) == (50, 3)
    assert new.settings.thresholds == ("reads > 1", "reads > 2")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--arrival-rate", "0"), "--arrival-rate is 0 (a closed loop): a duel reads both at one rate; give one."),
        (("--window", "0"), "--window is 0: the turns of a duel are made of windows; give their length."),
        (("--run-time", "soon"), "--run-time is soon: give a number from 1 to 86400"),
        (("--users", "0"), "--users is 0: give a number from 1 to 100000"),
        (("--tolerance", "0.5"), "--tolerance is 0.5: give a number from 1 to 100"),
        (("--payload-bytes", "1"), "--payload-bytes is 1: give a number from 256"),
    ],
)
def test_what_cannot_be_used_is_said_in_one_sentence(
    sides: tuple[str, str], arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["duel", *sides, *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.startswith(said) and captured.err.count("\n") == 1


def test_one_object_for_both_is_refused_unless_nothing_is_written(
    tmp_path: Path, sides: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    twin = str(outputs(tmp_path / "c", "one", OTHER_HOST))
    assert main(["duel", sides[0], twin]) == 2
    assert "BASE and NEW write to the same object, s3://one/payload.json" in capsys.readouterr().err
    assert both_sides(parsed(sides[0], twin, "--write-interval", "0"))


@pytest.mark.parametrize("arguments", [(), ("--write-interval", "0")])
def test_one_address_for_both_is_refused(
    tmp_path: Path, sides: tuple[str, str], arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["duel", sides[0], str(outputs(tmp_path / "c", "three")), *arguments]) == 2
    assert "BASE and NEW are read at the same address, http://127.0.0.1:1/v1/samples: one" in capsys.readouterr().err


def test_a_missing_file_and_an_output_that_exists(
    tmp_path: Path, sides: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    for none_there in (tmp_path / "none-here.json", tmp_path, tmp_path / ("o" * 5_000)):
        assert main(["duel", sides[0], str(none_there)]) == 2
        said = capsys.readouterr().err
        assert said.startswith("NEW is '") and "give a file of outputs, a folder with an outputs.json, or an" in said
    assert main(["duel", "https:/user:not-shown@host?key=not-shown", sides[0]]) == 2
    assert "not-shown" not in capsys.readouterr().err
    assert main(["duel", "http://127.0.0.1:1", sides[0]]) == 2
    assert "no bucket to write to: there is no outputs file; give --base-bucket." in capsys.readouterr().err
    (tmp_path / "d-new").mkdir()
    assert main(["duel", *sides, "--output", str(tmp_path / "d")]) == 2
    assert "it or a run of that name beside it exists already" in capsys.readouterr().err
    assert not (tmp_path / "d").exists()


@pytest.mark.parametrize(
    ("ended", "code", "said"),
    [
        (
            Ended(False, "the new run did not begin: There is no bucket."),
            2,
            "The new run did not begin: There is no bucket.",
        ),
        (Ended(False, "it was stopped", by_signal=True), 130, "Stopped before anything was measured."),
        (Ended(True, "the new run was killed (SIGKILL)"), 3, "The duel is undecided: "),
    ],
)
def test_how_it_ended_is_told(
    tmp_path: Path,
    sides: tuple[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    ended: Ended,
    code: int,
    said: str,
) -> None:
    seen: list[tuple[Contender, Contender]] = []

    def fight(contenders: tuple[Contender, Contender], run_ns: int) -> Ended:
        seen.append(contenders)
        return ended

    monkeypatch.setattr(duel, "fight", fight)
    assert main(["duel", *sides, "--output", str(tmp_path / "d"), "--run-time", "30s"]) == code
    assert said in capsys.readouterr().err
    commands = [" ".join(one.command) for one in seen[0]]
    assert all("--users 40" in command and "--run-time 150s" in command for command in commands)
    assert [one.run_dir.name for one in seen[0]] == ["d-base", "d-new"]
