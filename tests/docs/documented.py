"""Takes the code blocks out of a page of the documentation, and applies them as a reader would.

The opening line of a block says what it is: ``python title="FILE"`` is a new file, ``diff`` changes files (each hunk,
after ``@@``, must fit exactly one place), ``sh`` is what is typed.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
PINS = ("requirements.txt", "package-lock.json")
"""What make compares with the time of what is installed."""
_BLOCK = re.compile(r"^ *```(?P<language>\w+)(?: title=\"(?P<title>[^\"]+)\")?\n(?P<text>.*?)^ *```$", re.M | re.S)
_NOT_COPIED = shutil.ignore_patterns("*.pyc.*", ".*cache")
"""Caches, and bytecode that is being written. What is written is copied, which spares seconds of compiling."""


@dataclass(frozen=True)
class Block:
    """One block of code, with the heading (of any level) that it stands under."""

    language: str
    title: str | None
    text: str
    heading: str


def blocks(page: str, *, language: str | None = None, heading: str | None = None) -> list[Block]:
    """The blocks of ``docs/<page>``, in order."""
    text = (PROJECT / "docs" / page).read_text(encoding="utf-8")
    found = []
    for match in _BLOCK.finditer(text):
        headings = re.findall(r"^#+ (.*)$", _BLOCK.sub("", text[: match.start()]), re.M)
        own = textwrap.dedent(match["text"])
        found.append(Block(match["language"], match["title"], own, headings[-1] if headings else ""))
    wanted = [b for b in found if language in (None, b.language) and heading in (None, b.heading)]
    assert wanted, f"docs/{page} has no such block: {language=}, {heading=}"
    return wanted


def copy_of_project(folder: Path, *names: str) -> Path:
    """Copies these files and folders of the project; ``.venv`` is the interpreter that runs the tests.

    Pins get the oldest of times, so that make takes what is installed as it is: ``npm ci`` in the copy would empty the
    folder that its node_modules leads to. (make hears of no --old-file by its environment.)
    """
    for name in names:
        source, target = PROJECT / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=_NOT_COPIED)
        else:
            shutil.copy2(source, target)
        if name in PINS:
            os.utime(target, (0, 0))
    (folder / ".venv").symlink_to(sys.prefix)
    return folder


_SYNTHESIZED_BEFORE = """import json, os, shutil
from pathlib import Path

from stacks.config import ReadModelConfig

made, output = Path({made!r}), Path(os.environ["CDKTF_OUTDIR"])
now = ReadModelConfig.load(Path(__file__).with_name("cdktf.json")).model_dump(mode="json")
then = json.loads((made / "settings.json").read_text())
here, emulator = now.pop("aws_endpoint_url"), then.pop("aws_endpoint_url")
assert now == then, f"{{now}} is not what was synthesized before: {{then}}"
shutil.copytree(made, output, dirs_exist_ok=True)
if here != emulator:
    for stack in output.glob("stacks/*/cdk.tf.json"):
        stack.write_text(stack.read_text().replace(emulator, here))
"""


def synthesized_before(folder: Path, configuration: Path) -> None:
    """Has main.py of the copy write a stack that is synthesized already, if its settings are what they are now.

    ``configuration`` is the cdk.tf.json of one of the variants of the stack. What stands for an emulator's address in
    it becomes that address.
    """
    made = str(configuration.parents[2])
    (folder / "main.py").write_text(_SYNTHESIZED_BEFORE.format(made=made), encoding="utf-8")


def target_of(block: Block) -> str:
    changed = re.search(r"^\+\+\+ b/(\S+)$", block.text, re.M)
    name = changed[1] if changed else block.title
    assert name, f"a new file needs a title, a diff its +++ line: {block.text}"
    return name


def apply(block: Block, folder: Path) -> None:
    """Writes the file that the block is, or makes the changes that it shows."""
    target = folder / target_of(block)
    if block.language == "diff":
        _patch(block.text, target)
        return
    assert not target.exists(), f"{block.title} exists already"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(block.text, encoding="utf-8")


def _patch(text: str, target: Path) -> None:
    _, *hunks = re.split(r"^@@\n", text, flags=re.M)
    assert hunks, f"not a diff: {text}"
    content = target.read_text(encoding="utf-8")
    for hunk in hunks:
        lines = hunk.splitlines(keepends=True)
        before = "".join(line[1:] for line in lines if line[0] in " -")
        after = "".join(line[1:] for line in lines if line[0] in " +")
        assert content.count(before) == 1, f"{target.name} has changed; the page still shows:\n{before}"
        content = content.replace(before, after)
    target.write_text(content, encoding="utf-8")


def shell(script: str, folder: Path, *, seconds: float = 120, **variables: str) -> subprocess.CompletedProcess[str]:
    """Runs what is typed, stopping at the first failure as `set -e` does."""
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds,
    )


def given_to_locust(script: str, folder: Path) -> tuple[list[str], dict[str, str]]:
    """The arguments and the variables that Locust gets by what is typed; a program that prints them stands for it."""
    program = folder / "bin" / "locust"
    program.parent.mkdir(exist_ok=True)
    said = "import json, os, sys; print(json.dumps([sys.argv[1:], dict(os.environ)]))"
    program.write_text(f"#!{sys.executable}\n{said}\n")
    program.chmod(0o755)
    done = shell(f'PATH="{program.parent}:$PATH"\n{script}', folder)
    assert done.returncode == 0, done.stderr
    arguments, variables = json.loads(done.stdout)
    return arguments, variables
