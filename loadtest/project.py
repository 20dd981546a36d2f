"""Where this project lies, and how Locust is started on it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

PROJECT: Final = Path(__file__).resolve().parents[1]
LOCUSTFILE: Final = PROJECT / "loadtest" / "locustfile.py"


def locust_command(*options: str, headless: bool = True, locustfile: Path = LOCUSTFILE) -> list[str]:
    """The command that runs the load test, or another locustfile, with this Python."""
    return [sys.executable, "-m", "locust", "-f", str(locustfile), *(["--headless"] if headless else []), *options]
