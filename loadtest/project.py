"""Where this project lies, and how Locust is started on it."""

from __future__ import annotations

import hashlib
import importlib.metadata
import sys
from functools import cache
from pathlib import Path
from typing import Final

PROJECT: Final = Path(__file__).resolve().parents[1]
LOCUSTFILE: Final = PROJECT / "loadtest" / "locustfile.py"


def locust_command(*options: str, headless: bool = True, locustfile: Path = LOCUSTFILE) -> list[str]:
    """The command that runs the load test, or another locustfile, with this Python."""
    return [sys.executable, "-m", "locust", "-f", str(locustfile), *(["--headless"] if headless else []), *options]


@cache
def code_digest() -> str:
    """What this program is: the same in two processes that may work together, another in any other version of it."""
    digest = hashlib.sha256(importlib.metadata.version("locust").encode())
    package = PROJECT / "loadtest"
    for path in sorted(package.rglob("*.py")):
        content = path.read_bytes()
        digest.update(f"\n{path.relative_to(package).as_posix()} {len(content)}\n".encode() + content)
    return digest.hexdigest()
