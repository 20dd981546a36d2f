"""``run.json`` as it is written and read back, with a digest of what it says; ``run_info`` validates it for judging."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Final

from loadtest.errors import UsageError
from loadtest.run.files import RUN_FILE
from loadtest.whole_files import write_whole
from stacks.user_input import UnreadableFileError, cut, read_json

_FORMAT_WITHOUT_DIGEST: Final = 1


def load_run(run_dir: Path) -> dict[str, Any]:
    """``run.json`` of a recorded run."""
    try:
        run = read_json(run_dir / RUN_FILE)
    except (OSError, UnreadableFileError):
        raise UsageError(
            f"{cut(str(run_dir))} holds no readable {RUN_FILE}: the run ended before it had begun, so measure again."
        ) from None
    if not isinstance(run, dict) or not _is_as_written(run):
        raise UsageError(
            f"{run_dir / RUN_FILE} has changed since it was written: restore it from a copy, or measure again."
        )
    return run


def write_run(run_dir: Path, run: dict[str, Any], *, durable: bool = False) -> None:
    """Write ``run.json`` with a digest of its content, whole or not at all; if ``durable``, it is on the disk then."""
    content = run if "seal" in run else {**run, "digest": _digest(run)}
    text = json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    write_whole(run_dir / RUN_FILE, text.encode(), durable=durable)


def _is_as_written(run: dict[str, Any]) -> bool:
    """Whether ``run.json`` is as this program wrote it. Format 1 and sealed runs may lack the digest checked here."""
    may_lack_digest = "seal" in run or run.get("format") == _FORMAT_WITHOUT_DIGEST
    return run.get("digest", _digest(run) if may_lack_digest else None) == _digest(run)


def _digest(run: dict[str, Any]) -> str:
    """The digest of everything else in ``run.json``. It is checked until the seal takes its place."""
    content = {name: value for name, value in run.items() if name != "digest"}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
