"""The script that draws the charts of a page: Vega, Vega-Lite and Vega-Embed, bundled once a machine.

Bundling takes two seconds, more than all else of a report on a short run. So what comes of it is kept among the user's
cached files. A kept file counts only when it is the very bundle of the release that this project pins: whatever else
lies there (cut short, tampered with, of another release) is bundled anew, and so is everything where nothing can be
kept.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from functools import cache
from pathlib import Path
from typing import Final

from loadtest.whole_files import write_whole

DIGEST: Final = "3425bd951a44d478d0505c6b5d1e8d57656b6e9a4da7bfe88a718ce61d76e572"
"""SHA-256 of the bundle of the pinned vl-convert-python; of another one nothing is kept."""


@cache
def library() -> str:
    """The script."""
    kept = _place()
    with contextlib.suppress(OSError):
        content = kept.read_bytes()
        if _digest(content) == DIGEST:
            return content.decode()
    bundled = bundle()
    if _digest(bundled.encode()) == DIGEST:
        _keep(bundled.encode(), kept)
    return bundled


def bundle() -> str:
    """The script, made anew; called without a snippet (which its type hints demand) it is just the three libraries."""
    import vl_convert  # noqa: PLC0415 - only where nothing is kept

    text: str = vl_convert.javascript_bundle()  # type: ignore[call-arg]
    return text


def _place() -> Path:
    """Where the bundle is kept; a relative path in the variable does not count (XDG Base Directory Specification)."""
    told = Path(os.environ.get("XDG_CACHE_HOME", ""))
    folder = told if told.is_absolute() else Path(os.path.expanduser("~")) / ".cache"  # noqa: PTH111 - never raises
    return folder / "read-model-gateway" / f"vega-{DIGEST[:16]}.js"


def _keep(content: bytes, place: Path) -> None:
    """Whole or not at all; where it cannot be kept, the next report takes two seconds longer."""
    with contextlib.suppress(OSError):
        place.parent.mkdir(parents=True, exist_ok=True)
        write_whole(place, content)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
