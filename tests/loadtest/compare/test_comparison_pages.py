"""docs/compare.md and docs/duel.md: their commands are taken, their options exist, and their defaults are right."""

import argparse
import re
import shlex
from pathlib import Path

import pytest

from loadtest.__main__ import build_parser
from loadtest.commands.compare import add_arguments
from loadtest.compare import paired
from loadtest.compare.alike import MUST_BE_ALIKE
from loadtest.compare.comparison import DEFAULT_RUN_NOISE, DEFAULT_TOLERANCE
from loadtest.compare.shares import MARGIN
from loadtest.compare.writing import DUEL_FILES
from loadtest.load.duel_sides import DEFAULTS

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
