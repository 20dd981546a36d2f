"""Synthesizes stacks once for all processes that run tests, and again only when what they are made from has changed.

`python tests/synthesized_once.py` prints the folder that they are in; `make scan` looks at one of them.
"""

import fcntl
import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
KEPT = PROJECT / ".build" / "tests"
SCRIPT = PROJECT / "tests" / "stacks" / "synthesize_variants.py"
MADE_FROM = (
    *("stacks/**/*.py", "examples/**/*.py", "main.py", "cdktf.json", "requirements.txt"),
    *("tests/stacks/stack_variants.py", "tests/sandbox/synth/regenerate.py"),
)
"""What the script reads."""


def made_once(kind: str, made_from: object, make: Callable[[Path], object]) -> Path:
    """A folder that `make` has filled.

    Its name is a digest of everything that it is made from, so that it cannot be out of date. It appears under that
    name when it is whole, and one process makes it while others that need it wait.
    """
    folder = KEPT / kind / hashlib.sha256(repr(made_from).encode()).hexdigest()[:24]
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            made = Path(tempfile.mkdtemp(dir=folder.parent))
            make(made)
            made.rename(folder)
    return folder


def synthesized_once() -> Path:
    """The folder that the script has written its stacks into, each into a folder of its own."""

    def synthesize(folder: Path) -> None:
        subprocess.run([sys.executable, str(SCRIPT), str(folder)], check=True, cwd=folder)

    return made_once("synthesized", (sys.version, _settings(), _sources()), synthesize)


def _sources() -> list[tuple[str, bytes]]:
    sources = sorted({SCRIPT, *(path for pattern in MADE_FROM for path in PROJECT.glob(pattern))})
    return [(str(source.relative_to(PROJECT)), source.read_bytes()) for source in sources]


def _settings() -> list[tuple[str, str]]:
    """The variables that set something of the stack."""
    return sorted((name, value) for name, value in os.environ.items() if name.startswith(("READMODEL_", "CDKTF_")))


if __name__ == "__main__":
    print(synthesized_once())
