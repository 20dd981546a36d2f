"""Every command that the documentation shows: in code blocks, in indented lines, and in the running text."""

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from documented import PROJECT

PAGES = [PROJECT / "README.md", PROJECT / "CONTRIBUTING.md", *sorted((PROJECT / "docs").glob("*.md"))]
PROGRAMS = (
    *("make", "python", "python3", r"\.venv/bin/\w+", "locust", "npm", "npx", r"node_modules/\.bin/\w+", "cdktf"),
    *("cdktn", "terraform", "aws", "curl", "pip", "git", "sh", "bash", "cd", "docker", "pytest", "ruff", "mypy", "rm"),
)
SHELLS = ("sh", "bash", "console", "shell")
_FENCE = re.compile(r"^ *```(?P<language>\w*).*?\n(?P<text>.*?)^ *```$", re.M | re.S)
_COMMAND = re.compile(rf"(?:[A-Z_]+=\S+ +)*(?:{'|'.join(PROGRAMS)}) +\S")
_DRAWING = re.compile(r"[─│▶◀├└]")


@dataclass(frozen=True)
class Shown:
    """Something to be typed, and the page that shows it. A block is one or more commands."""

    page: str
    text: str


def shell_blocks() -> list[Shown]:
    """The code blocks for a shell, as they are."""
    return [
        Shown(page.name, textwrap.dedent(match["text"]))
        for page in PAGES
        for match in _FENCE.finditer(page.read_text(encoding="utf-8"))
        if match["language"] in SHELLS
    ]


def unmarked_blocks() -> list[Shown]:
    """Blocks that name no language and yet begin with a command: they would escape all this."""
    return [
        Shown(page.name, match["text"])
        for page in PAGES
        for match in _FENCE.finditer(page.read_text(encoding="utf-8"))
        if match["language"] in ("", "text") and _COMMAND.match(match["text"].strip().removeprefix("$ "))
    ]


def commands_of(block: str) -> list[str]:
    """The commands of a block of simple ones: without comments, each on one line."""
    joined = re.sub(r"\\\n\s*", "", block)
    lines = (re.sub(r"(^|\s+)#\s.*$", "", line).strip() for line in joined.splitlines())
    return [line for line in lines if line]


def commands_in_text() -> list[Shown]:
    """Commands in indented lines and between backquotes; a single word names a program and is no command."""
    return [Shown(page.name, command) for page in PAGES for command in _in_text(page)]


def _in_text(page: Path) -> Iterator[str]:
    text = _FENCE.sub("\n", page.read_text(encoding="utf-8"))
    indented = re.compile(r"^    (.*)$", re.M)
    spans = (" ".join(span.split()) for span in re.findall(r"`([^`]+)`", indented.sub("", text)))
    for command in (*indented.findall(text), *spans):
        if _COMMAND.match(command) and not _DRAWING.search(command):
            yield command
