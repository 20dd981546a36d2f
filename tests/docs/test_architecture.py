"""The page on the architecture says what the rules of the imports say, and the imports keep to the rules."""

import configparser
import re
import subprocess
import sys
from pathlib import Path

from documented import PROJECT

PAGE = (PROJECT / "docs" / "architecture.md").read_text(encoding="utf-8")


def layers() -> list[set[str]]:
    """The layers of the package, highest first, by the names that the page uses."""
    rules = configparser.ConfigParser()
    rules.read(PROJECT / ".importlinter")
    lines = rules["importlinter:contract:way-of-a-read"]["layers"].strip().splitlines()
    return [{shown(module) for module in line.split("|")} for line in lines]


def shown(module: str) -> str:
    name = module.strip().removeprefix("loadtest.")
    return f"{name}/" if (PROJECT / "loadtest" / name).is_dir() else f"{name}.py"


def test_the_table_has_the_layers_in_their_order() -> None:
    rows = re.findall(r"^\| (`[^|]+`) \|", PAGE, re.M)
    assert [set(re.findall(r"`([^`]+)`", row)) for row in rows] == layers()


def test_every_folder_and_module_stands_in_a_layer() -> None:
    package = PROJECT / "loadtest"
    there = {f"{path.name}/" for path in package.iterdir() if any(path.glob("*.py"))}
    there |= {path.name for path in package.glob("*.py") if path.name != "__init__.py"}
    assert set().union(*layers()) == there


def test_the_way_of_a_read_goes_down_the_picture() -> None:
    (picture,) = re.findall(r"^```\n(.*?)^```$", PAGE, re.M | re.S)
    drawn = re.findall(r"^   (\w+)/ ", picture, re.M)
    assert drawn == ["target", "load", "run", "judge", "summary", "report"]


def test_every_file_that_a_read_passes_is_there() -> None:
    (way,) = re.findall(r"^## One read.*?(?=^## )", PAGE, re.M | re.S)
    named = re.findall(r"`([\w/]+\.py)`", way)
    assert len(named) > 8
    assert [name for name in named if not (PROJECT / "loadtest" / name).exists()] == []


def test_every_file_that_a_page_names_is_there() -> None:
    """What the examples of a page make is in its blocks, which are left out."""
    pages = [*PROJECT.glob("docs/*.md"), PROJECT / "README.md", PROJECT / "CONTRIBUTING.md"]
    for page in pages:
        text = re.sub(r"^ *```.*?^ *```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
        named = re.findall(r"`((?:loadtest|tests|benchmarks|stacks)/[\w/]+(?:\.py)?/?)`", text)
        assert [name for name in named if not (PROJECT / name).exists()] == [], page.name


def test_the_imports_keep_to_the_rules() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports")], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
