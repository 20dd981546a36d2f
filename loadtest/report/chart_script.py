"""The script that draws the charts of a page: Vega, Vega-Lite and Vega-Embed, bundled once on each machine.

Bundling takes two seconds, more than all the rest of a report on a short run, so the bundle is cached for the user. A
cached file counts only if it is exactly the bundle of the release that this project pins. Anything else (cut short,
tampered with, of another release) is ignored, and the script is bundled again.
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
"""SHA-256 of the bundle of the pinned vl-convert-python; the bundle of another release is not cached."""


@cache
def library() -> str:
    cached = _cache_path()
    with contextlib.suppress(OSError):
        content = cached.read_bytes()
        if _digest(content) == DIGEST:
            return content.decode()
    bundled = bundle()
    if _digest(bundled.encode()) == DIGEST:
        _cache(bundled.encode(), cached)
    return bundled


def bundle() -> str:
    """The script, bundled now: without a snippet (which its type hints demand) it is just the three libraries."""
    import vl_convert  # noqa: PLC0415 - only if nothing is cached

    text: str = vl_convert.javascript_bundle()  # type: ignore[call-arg]
    return text


def _cache_path() -> Path:
    """A relative path in the variable does not count (XDG Base Directory Specification)."""
    configured = Path(os.environ.get("XDG_CACHE_HOME", ""))
    default = Path(os.path.expanduser("~")) / ".cache"  # noqa: PTH111 - never raises
    folder = configured if configured.is_absolute() else default
    return folder / "read-model-gateway" / f"vega-{DIGEST[:16]}.js"


def _cache(content: bytes, path: Path) -> None:
    """Cache the bundle, as a whole or not at all; without a cache the next report takes two seconds longer."""
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, content)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
