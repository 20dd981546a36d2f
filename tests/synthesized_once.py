"""Synthesizes stacks once for all processes that run tests, and again only when what they are made from has changed.

`python tests/synthesized_once.py` prints the folder that they are in; `make scan` looks at one of them.
"""

import fcntl
import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
KEPT = PROJECT / ".build" / "tests" / "synthesized"
SCRIPT = PROJECT / "tests" / "stacks" / "synthesize_variants.py"
MADE_FROM = (
    *("stacks/**/*.py", "examples/**/*.py", "main.py", "cdktf.json", "requirements.txt"),
    *("tests/stacks/stack_variants.py", "tests/sandbox/synth/regenerate.py"),
)
"""What the script reads."""


def synthesized_once() -> Path:
    """The folder that the script has written its stacks into, each into a folder of its own.

    Its name is a digest of everything that they depend on, so that it cannot be out of date. It appears under that
    name when it is whole, and one process makes it while others that need it wait.
    """
    folder = KEPT / _digest()
    KEPT.mkdir(parents=True, exist_ok=True)
    with (KEPT / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            made = Path(tempfile.mkdtemp(dir=KEPT))
            subprocess.run([sys.executable, str(SCRIPT), str(made)], check=True, cwd=made)
            made.rename(folder)
    return folder


def _digest() -> str:
    digest = hashlib.sha256(repr((sys.version, _settings())).encode())
    for source in sorted({SCRIPT, *(path for pattern in MADE_FROM for path in PROJECT.glob(pattern))}):
        digest.update(repr((str(source.relative_to(PROJECT)), source.read_bytes())).encode())
    return digest.hexdigest()[:24]


def _settings() -> list[tuple[str, str]]:
    """The variables that set something of the stack."""
    return sorted((name, value) for name, value in os.environ.items() if name.startswith(("READMODEL_", "CDKTF_")))


if __name__ == "__main__":
    print(synthesized_once())
