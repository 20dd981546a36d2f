"""docs/compare.md: its command is taken, its options are those that there are, its defaults are right."""

import argparse
import re
import shlex
from pathlib import Path

from loadtest.__main__ import build_parser
from loadtest.commands.compare import add_arguments
from loadtest.compare.alike import MUST_BE_ALIKE
from loadtest.compare.comparison import DEFAULT_RUN_NOISE, DEFAULT_TOLERANCE
from loadtest.compare.shares import MARGIN

PAGE = (Path(__file__).parents[3] / "docs" / "compare.md").read_text(encoding="utf-8")


def test_the_command_is_taken() -> None:
    (command,) = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.M | re.S)
    python, module, name, *arguments = shlex.split(command)
    assert (python, module, name) == ("python", "-m", "loadtest")
    assert build_parser("compare").parse_args(arguments).tolerance == "1.1"


def test_every_option_is_listed_with_its_default() -> None:
    parser = argparse.ArgumentParser(add_help=False)
    add_arguments(parser)
    options = {option for action in parser._actions for option in action.option_strings}
    assert set(re.findall(r"^\| `(--[\w-]+)` \|", PAGE, re.M)) == options
    assert f"default {DEFAULT_TOLERANCE:g}, half way" in PAGE
    assert f"showing it; default {DEFAULT_RUN_NOISE:g} |" in PAGE
    assert f"more than {MARGIN * 100:g} percentage points" in PAGE


def test_what_must_be_alike_is_listed() -> None:
    words = " ".join(PAGE.split())
    for name in MUST_BE_ALIKE:
        last = {"payload_bytes": "payload size", "arrival_process": "or process"}.get(name, name.replace("_", " "))
        assert last in words
