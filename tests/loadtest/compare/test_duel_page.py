"""docs/duel.md: its command is taken, its options are those that there are, its defaults are right."""

import re
import shlex
from pathlib import Path

from loadtest.__main__ import build_parser
from loadtest.compare.paired import DEFAULT_RUN_NOISE
from loadtest.compare.writing import DUEL_FILES
from loadtest.load.duel_sides import DEFAULTS

PAGE = (Path(__file__).parents[3] / "docs" / "duel.md").read_text(encoding="utf-8")


def test_the_command_is_taken() -> None:
    (command,) = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.M | re.S)
    python, module, name, *arguments = shlex.split(command)
    assert (python, module, name) == ("python", "-m", "loadtest")
    assert build_parser("duel").parse_args(arguments).output == Path("duel")


def test_the_options_that_are_named_exist_with_their_defaults() -> None:
    parser = build_parser("duel")
    given = parser.parse_args(["duel", "BASE", "NEW"])
    named = set(re.findall(r"`--([\w-]+)", PAGE)) - {"host", "slowdown"}
    assert not [name for name in named if not hasattr(given, name.replace("-", "_"))]
    for name, value in DEFAULTS.items():
        assert f"`--{name}` " in PAGE and value in PAGE
    assert f"`--users` ({given.users})" in PAGE
    assert f"`--run-noise` ({DEFAULT_RUN_NOISE:g}:" in PAGE
    assert all(f"`{name}`" in PAGE for name in DUEL_FILES)
