"""What may be written to a stream: only a terminal can be drawn upon."""

from __future__ import annotations

import os
from typing import TextIO


def can_redraw(stream: TextIO) -> bool:
    """Whether ``stream`` is a terminal on which the cursor can be moved: TERM is set, and not to ``dumb``."""
    return stream.isatty() and os.environ.get("TERM", "dumb") not in ("dumb", "unknown", "")
