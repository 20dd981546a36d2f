"""What ``pip install .`` installs: packages with their data, dependencies as ranges, and a command."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import loadtest
from loadtest.__main__ import COMMANDS, main
from loadtest.extras import MODULES, NEEDS

PROJECT = Path(__file__).resolve().parents[1]
DECLARED = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = DECLARED["optional-dependencies"]


def named(requirements: list[str]) -> set[str]:
    """The packages of a list of requirements, without this project itself."""
    names = {re.split(r"[\[<>=~; ]", line, maxsplit=1)[0].lower() for line in requirements}
    return names - {DECLARED["name"]}


def pins() -> dict[str, str]:
    lines = (PROJECT / "requirements.in").read_text(encoding="utf-8").splitlines()
    split = (line.split("#")[0].strip().partition("==") for line in lines)
    return {name.partition("[")[0].lower(): version for name, _, version in split if name}


def test_the_ranges_are_of_the_packages_that_are_pinned_and_hold_what_is_pinned() -> None:
    packaging = pytest.importorskip("packaging.requirements")
    everything = [*DECLARED["dependencies"], *(line for extra in EXTRAS.values() for line in extra)]
    assert named(everything) == set(pins())
    for line in everything:
        wanted = packaging.Requirement(line)
        assert wanted.name == DECLARED["name"] or wanted.specifier.contains(pins()[wanted.name.lower()]), line


def test_no_package_is_in_two_lists() -> None:
    lists = [named(DECLARED["dependencies"]), *(named(extra) for extra in EXTRAS.values())]
    assert sum(map(len, lists)) == len(set.union(*lists))


@pytest.mark.parametrize("extra", sorted(MODULES))
def test_the_modules_that_tell_of_an_extra_are_of_its_packages(extra: str) -> None:
    packages = {name.replace("-", "_").removesuffix("_python") for name in named(EXTRAS[extra])}
    assert {name.replace("-", "_").removesuffix("_py") for name in packages} == set(MODULES[extra])


def test_every_command_that_needs_an_extra_is_a_command() -> None:
    assert set(NEEDS) <= set(COMMANDS)
    assert DECLARED["scripts"] == {"readmodel": "loadtest.__main__:console"}


@pytest.mark.parametrize("command", sorted(NEEDS))
def test_a_missing_extra_is_one_sentence_with_the_way_out(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("loadtest.extras.find_spec", lambda _: None)
    assert main([command, "--help"]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert f"pip install 'read-model-gateway[{','.join(NEEDS[command])}]'" in said


def test_an_installed_demo_says_that_it_needs_the_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("loadtest.extras.PROJECT", tmp_path)
    assert main(["demo"]) == 2
    assert "run it in a checkout" in capsys.readouterr().err


def test_nothing_else_is_offered_by_the_package() -> None:
    with pytest.raises(AttributeError, match="Reader"):
        _ = loadtest.Reader


def test_a_build_holds_every_module_and_every_file_that_they_read(tmp_path: Path) -> None:
    """Setuptools' own build, which a wheel packs; without the network."""
    pytest.importorskip("setuptools")
    for name in ("loadtest", "stacks", "pyproject.toml", "README.md"):
        (tmp_path / name).symlink_to(PROJECT / name)
    build = "from setuptools import setup; setup()"
    command = [sys.executable, "-c", build, "-q", "egg_info", "--egg-base", ".", "build", "--build-lib", "built"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    kept = subprocess.run(
        ["git", "ls-files", "loadtest", "stacks"], cwd=PROJECT, capture_output=True, text=True, check=True
    ).stdout.split()
    built = {path.relative_to(tmp_path / "built").as_posix() for path in (tmp_path / "built").rglob("*.*")}
    assert set(kept) <= built
    assert {path.partition("/")[0] for path in built} == {"loadtest", "stacks"}
    metadata = next(tmp_path.glob("*.egg-info"))
    assert "readmodel = loadtest.__main__:console" in (metadata / "entry_points.txt").read_text()
    assert "[report]" in (metadata / "requires.txt").read_text()


def test_one_line_is_a_locustfile(tmp_path: Path) -> None:
    """In a folder that holds nothing else: Locust finds the readers, and their options."""
    (tmp_path / "locustfile.py").write_text("from loadtest import SamplesReader\n")
    program = (
        f"import sys; sys.path.append({str(PROJECT)!r})\n"
        "from locust.util.load_locustfile import load_locustfile\n"
        "from locust.argument_parser import get_parser\n"
        "users = load_locustfile('locustfile.py')\n"
        "assert any('SamplesReader' in part for part in users if isinstance(part, dict)), users\n"
        "assert '--write-interval' in get_parser().format_help()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
