"""Where this project lies, and how Locust is started on it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

PROJECT: Final = Path(__file__).resolve().parents[1]
LOCUSTFILE: Final = PROJECT / "loadtest" / "locustfile.py"


def locust_command(*options: str, headless: bool = True) -> list[str]:
    """The command that runs the load test with this Python."""
    return [sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), *(["--headless"] if headless else []), *options]
