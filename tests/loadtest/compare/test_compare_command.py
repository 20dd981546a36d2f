"""`python -m loadtest compare BASE NEW`: exit codes, sentences, Markdown that a pull request can hold, and pages."""

import argparse
import json
import re
import shlex
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from synthetic_windows import with_windows

from loadtest.__main__ import build_parser, main
from loadtest.commands.compare import add_arguments
from loadtest.compare import paired
from loadtest.compare.alike import MUST_BE_ALIKE
from loadtest.compare.comparison import DEFAULT_RUN_NOISE, DEFAULT_TOLERANCE, compare
from loadtest.compare.report_files import DUEL_FILES, markdown
from loadtest.compare.shares import MARGIN
from loadtest.load.duelling.duel_sides import DEFAULTS
from loadtest.summary.summary import Summary, write_summary


def run_of(folder: Path, name: str, summary: Summary) -> str:
    """A run directory that holds only a summary."""
    (folder / name).mkdir()
    write_summary(summary, folder / name / "summary.json")
    return str(folder / name)


@pytest.fixture
def pair(tmp_path: Path, clean: Summary) -> tuple[str, str]:
    return (run_of(tmp_path, "base", with_windows(clean, seed=1)), run_of(tmp_path, "new", with_windows(clean, seed=2)))


def test_exit_codes(tmp_path: Path, clean: Summary, pair: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    base, new = pair
    slower = run_of(tmp_path, "slower", with_windows(clean, seed=3, quiet=1.3, writing=1.3))
    few = run_of(tmp_path, "few", with_windows(clean, seed=3, pairs=2))
    for other, code, word in ((new, 0, "✅ PASS"), (slower, 1, "❌ FAIL"), (few, 3, "⚠️ INCONCLUSIVE")):
        assert main(["compare", base, other]) == code
        assert capsys.readouterr().out.startswith(f"## {word} Compared with the base run\n")


def test_the_tolerance_is_taken(tmp_path: Path, clean: Summary, pair: tuple[str, str]) -> None:
    slower = run_of(tmp_path, "slower", with_windows(clean, seed=3, quiet=1.3, writing=1.3))
    assert main(["compare", pair[0], slower, "--tolerance", "1.5"]) == 0
    assert main(["compare", *pair, "--run-noise", "0.2"]) == 3


def test_the_output_is_written_too(tmp_path: Path, pair: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", *pair, "--output", str(tmp_path / "comment.md")]) == 0
    assert (tmp_path / "comment.md").read_text() == capsys.readouterr().out


def test_unlike_runs_are_refused_unless_forced(
    tmp_path: Path, clean: Summary, pair: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    made = with_windows(clean, seed=2)
    other = run_of(tmp_path, "other", replace(made, run=replace(made.run, settings=made.run.settings | {"users": 7})))
    assert main(["compare", pair[0], other]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.endswith(
        "are unlike in users (50 and 7): measure again with the same settings, or give --force.\n"
    )
    assert main(["compare", pair[0], other, "--force"]) == 0
    assert "**Forced**: the runs are unlike in users (50 and 7)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--tolerance", "0.9"), "--tolerance is 0.9: give a number from 1 to 100"),
        (("--tolerance", "much"), "--tolerance is much"),
        (("--tolerance", "nan"), "--tolerance is nan"),
        (("--run-noise", "-1"), "--run-noise is -1"),
        (("--output", "/nowhere/at/all.md"), "--output is '/nowhere/at/all.md', which cannot be written"),
    ],
)
def test_wrong_options(
    pair: tuple[str, str], arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", *pair, *arguments]) == 2
    assert said in capsys.readouterr().err


def test_what_is_no_run(tmp_path: Path, pair: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "summary.json").write_text("{}")
    for name, said in (("missing", "is not a directory"), ("empty", "run.json"), ("broken", "is not a summary")):
        assert main(["compare", pair[0], str(tmp_path / name)]) == 2
        error = capsys.readouterr().err
        assert said in error
        assert "Traceback" not in error


def test_a_missing_summary_is_made_from_the_records(
    tmp_path: Path, clean_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("clean", "lagging"):
        shutil.copytree(clean_run.with_name(name), tmp_path / name, ignore=shutil.ignore_patterns("summary.json"))
    assert main(["compare", str(tmp_path / "clean"), str(tmp_path / "lagging")]) == 1
    assert "Fresh reads passed and fails now" in capsys.readouterr().out
    assert not (tmp_path / "clean" / "summary.json").exists()


def test_the_markdown_is_a_page_with_tables(clean: Summary, lagging: Summary) -> None:
    text = markdown(compare(clean, lagging))
    html = MarkdownIt("commonmark").enable("table").render(text)
    assert html.count("<table>") == 7
    assert html.count("<details>") == html.count("</details>") == 5
    assert len(text.encode()) < 60_000
    assert "1.59x (95 % interval" in text


def test_text_from_outside_makes_no_markup(clean: Summary) -> None:
    bad = '<script>alert("x")</script>|`a`\n# [b](http://evil.example) @user'
    hostile = replace(
        clean,
        checks=tuple(replace(check, title=bad, sentence=bad) for check in clean.checks),
        run=replace(clean.run, id=bad, settings=clean.run.settings | {"arrival_process": bad}),
    )
    text = markdown(compare(clean, hostile))
    html = MarkdownIt("commonmark").enable("table").render(text)
    assert "<script>" not in html
    assert "evil.example" not in [part for part in html.split('"') if part.startswith("http")]
    assert "@user" not in text
    assert html.count("<table>") == 7


def test_the_same_input_gives_the_same_bytes(clean: Summary, lagging: Summary) -> None:
    assert markdown(compare(clean, lagging)) == markdown(compare(clean, lagging))
    assert json.dumps(markdown(compare(clean, clean)))


COMPARE, DUEL = (
    (Path(__file__).parents[3] / "docs" / name).read_text(encoding="utf-8") for name in ("compare.md", "duel.md")
)


@pytest.mark.parametrize(
    ("command", "page", "option", "value"),
    [("compare", COMPARE, "tolerance", "1.1"), ("duel", DUEL, "output", Path("duel"))],
)
def test_the_command_is_taken(command: str, page: str, option: str, value: object) -> None:
    (shown,) = re.findall(r"^```sh\n(.*?)^```$", page, re.M | re.S)
    python, module, name, *arguments = shlex.split(shown)
    assert (python, module, name) == ("python", "-m", "loadtest")
    assert getattr(build_parser(command).parse_args(arguments), option) == value


def test_every_option_of_a_comparison_is_listed_with_its_default() -> None:
    parser = argparse.ArgumentParser(add_help=False)
    add_arguments(parser)
    options = {option for action in parser._actions for option in action.option_strings}
    assert set(re.findall(r"^\| `(--[\w-]+)` \|", COMPARE, re.M)) == options
    assert f"default {DEFAULT_TOLERANCE:g}, half way" in COMPARE
    assert f"showing it; default {DEFAULT_RUN_NOISE:g} |" in COMPARE
    assert f"more than {MARGIN * 100:g} percentage points" in COMPARE


def test_what_must_be_alike_is_listed() -> None:
    words = " ".join(COMPARE.split())
    for name in MUST_BE_ALIKE:
        last = {"payload_bytes": "payload size", "arrival_process": "or process"}.get(name, name.replace("_", " "))
        assert last in words


def test_the_options_of_a_duel_that_are_named_exist_with_their_defaults() -> None:
    given = build_parser("duel").parse_args(["duel", "BASE", "NEW"])
    named = set(re.findall(r"`--([\w-]+)", DUEL)) - {"host", "slowdown"}
    assert not [name for name in named if not hasattr(given, name.replace("-", "_"))]
    for name, value in DEFAULTS.items():
        assert f"`--{name}` " in DUEL and value in DUEL
    assert f"`--users` ({given.users})" in DUEL
    assert f"`--run-noise` ({paired.DEFAULT_RUN_NOISE:g}:" in DUEL
    assert all(f"`{name}`" in DUEL for name in DUEL_FILES)
