"""python -m loadtest trend: what it takes, what it writes, how it ends, and what it says of wrong usage."""

import json
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from loadtest.__main__ import main
from loadtest.summary.summary import Source, Summary, write_summary
from loadtest.trend.markdown import markdown
from loadtest.trend.page import page
from loadtest.trend.report_files import SCHEMA_PATH, TREND_FILES, schema, trend_json, trend_junit
from loadtest.trend.trending import trend
from tests.loadtest.trend.made_runs import commit, series
from tests.reports.report_summaries import HOSTILE


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def kept(folder: Path, runs: list[Summary]) -> Path:
    """A folder of runs of which only the summaries were kept."""
    for run in runs:
        (folder / run.run.id).mkdir(parents=True)
        write_summary(run, folder / run.run.id / "summary.json")
    return folder


@pytest.mark.parametrize(
    ("factors", "code", "sign"),
    [([1.0] * 12, 0, "✅ PASS"), ([1.0] * 14 + [1.3] * 5, 1, "❌ FAIL"), ([1.0] * 4, 3, "⚠️ INCONCLUSIVE")],
)
def test_the_exit_code_is_the_verdict_and_the_first_line_says_it(
    clean: Summary, tmp_path: Path, capsys: pytest.CaptureFixture[str], factors: list[float], code: int, sign: str
) -> None:
    kept(tmp_path / "runs", series(clean, factors))
    assert main(["trend", "runs"]) == code
    first = capsys.readouterr().out.splitlines()[0]
    assert first.startswith(f"{sign} Trend: ")
    assert len(first) < 400


def test_folders_and_files_are_taken_alike_and_latest_is_no_other_run(
    clean: Summary, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = series(clean, [1.0] * 14 + [1.3] * 5)
    folder = kept(tmp_path / "runs", runs)
    (folder / "latest").symlink_to(runs[-1].run.id)
    assert main(["trend", "runs"]) == 1
    whole = capsys.readouterr().out
    assert main(["trend", *(str(folder / run.run.id) for run in runs)]) == 1
    assert capsys.readouterr().out == whole
    flat = tmp_path / "flat"
    flat.mkdir()
    for run in runs:
        write_summary(run, flat / f"{run.run.id}.json")
    assert main(["trend", *map(str, flat.iterdir())]) == 1
    assert capsys.readouterr().out == whole
    assert main(["trend", "flat"]) == 1
    assert capsys.readouterr().out == whole


def test_a_run_in_a_folder_that_has_no_summary_is_left_out_and_named(
    clean: Summary, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = kept(tmp_path / "runs", series(clean, [1.0] * 12))
    (folder / "broken").mkdir()
    (folder / "broken" / "summary.json").write_text("{")
    (folder / "aborted").mkdir()
    (folder / "aborted" / "run.json").write_text("{}")
    assert main(["trend", "runs"]) == 0
    said = capsys.readouterr().out
    assert "aborted" in said
    assert "broken" in said


def test_all_files_are_written_and_the_json_is_as_its_schema_says(clean: Summary, tmp_path: Path) -> None:
    kept(tmp_path / "runs", series(clean, [1.0] * 14 + [1.3] * 5))
    assert main(["trend", "runs", "--output", "out/trend"]) == 1
    folder = tmp_path / "out" / "trend"
    assert {path.name for path in folder.iterdir()} == set(TREND_FILES)
    jsonschema.validate(json.loads((folder / "trend.json").read_text()), schema())
    suite = ET.parse(folder / "junit.xml").getroot()
    assert suite.get("failures") == "4"
    assert suite.get("errors") == "0"
    html = (folder / "trend.html").read_text()
    assert commit(14)[:10] in html
    assert "http://" not in html.split("<script")[0]


def test_the_committed_schema_is_that_of_the_records() -> None:
    assert json.loads(SCHEMA_PATH.read_text()) == schema(), "run python -m loadtest.trend.report_files"


def test_a_change_is_acknowledged_in_a_file(clean: Summary, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept(tmp_path / "runs", series(clean, [1.0] * 14 + [1.3] * 5))
    (tmp_path / "trend.toml").write_text(
        f'[[acknowledged]]\nnumber = "*"\ncommit = "{commit(14)[:7]}"\nreason = "larger documents"\n'
    )
    assert main(["trend", "runs"]) == 0
    assert "acknowledged: larger documents" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 1", "may hold [[acknowledged]] and nothing else"),
        ("acknowledged = 3", "a table of its own"),
        ("[[acknowledged]]", "needs a number and a reason"),
        ('[[acknowledged]]\nnumber = "*"\nreason = "r"', "either a commit or a run"),
        ('[[acknowledged]]\nnumber = "*"\nreason = "r"\ncommit = "main"', "7 to 64 hexadecimal digits"),
        ('[[acknowledged]]\nnumber = "*"\nreason = " "\ncommit = "abcdef0"', "needs a number and a reason"),
        ('[[acknowledged]]\nnumber = 3\nreason = "r"\ncommit = "abcdef0"', "in quotation marks"),
        ('[[acknowledged]]\nnumber = "*"\nreason = "r"\ncommit = "abcdef0"\nat_most = "2"', "give a number"),
        ('[[acknowledged]]\nnumber = "*"\nreason = "r"\ncommit = "abcdef0"\nat_most = nan', "give a number"),
        ('[[acknowledged]]\nnumber = "*"\nreason = "r"\ncommit = "abcdef0"\nsince = 1', "known are"),
        ("[[", "is not TOML"),
        ("a = " + "[" * 100_000, "is not TOML"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_in_one_sentence(
    clean: Summary, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, said: str
) -> None:
    kept(tmp_path / "runs", series(clean, [1.0] * 3))
    (tmp_path / "trend.toml").write_text(text)
    assert main(["trend", "runs"]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere"], "is not there"),
        (["nothing"], "No run is in"),
        (["runs", "--last", "2"], "--last is 2"),
        (["runs", "--last", "x"], "--last is x"),
        (["runs", "--tolerance", "0.5"], "--tolerance is 0.5"),
        (["runs", "--acknowledged", "none.toml"], "there is no such file"),
        (["runs", "--output", "taken"], "cannot be written"),
        (["taken"], "taken is not JSON"),
        (["x" * 5_000], "is not there"),
    ],
)
def test_wrong_usage_is_one_sentence(
    clean: Summary, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    kept(tmp_path / "runs", series(clean, [1.0] * 3))
    (tmp_path / "nothing").mkdir()
    (tmp_path / "taken").write_text("")
    assert main(["trend", *arguments]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_text_from_outside_makes_no_markup(clean: Summary) -> None:
    runs = series(clean, [1.0] * 14 + [1.3] * 5)
    hostile = [
        replace(run, run=replace(run.run, id=f"{HOSTILE}{at}", source=Source(HOSTILE, HOSTILE, HOSTILE)))
        for at, run in enumerate(runs)
    ]
    made = trend(hostile)
    text = markdown(made)
    assert "<script" not in text
    assert "\x1b" not in text
    assert "\n" not in text.splitlines()[0]
    assert '<script>alert("x")' not in page(made)
    json.loads(trend_json(made))
    ET.fromstring(trend_junit(made))
