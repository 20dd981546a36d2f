"""What may be written to a stream: a line for whoever waits, and only on a terminal what is drawn over later."""

from __future__ import annotations

import os
import sys
from typing import TextIO


def can_redraw(stream: TextIO) -> bool:
    """Whether ``stream`` is a terminal on which the cursor can be moved: TERM is set, and not to ``dumb``."""
    return stream.isatty() and os.environ.get("TERM", "dumb") not in ("dumb", "unknown", "")


def say(line: str) -> None:
    """Write a line to standard error, where it is seen at once."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
