"""The seal of a run: ``run.json`` lists the files that belong to it, with the number of rows and the digest of each.

Every Parquet file also holds the name of its run, its own name and its number of rows. So a file that was damaged, cut
short, left out, or taken from another run does not agree with the rest, and the run is refused. This protects against
accidents and mix-ups, but not against somebody who makes all of it anew: that would take a key.

Format 1 only had ``SHA256SUMS`` (:mod:`loadtest.run.sealing.checksums`), which anybody who changes a file can make
again. It is still written, for ``sha256sum -c``, but no decision rests on it.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from loadtest.errors import RunError
from loadtest.run.files import CLOCKS_FILE, RUN_FILE, SEALED_FILES
from loadtest.run.sealing.checksums import digest

SEALED_FORMAT: Final = 2
"""The first format whose runs have a seal."""
_NAME: Final = b"read-model"
_WHAT_TO_DO: Final = "restore the whole run from a copy, or measure again"


def named(table: pa.Table, run: str, name: str) -> pa.Table:
    """``table`` with a note of its run and its file."""
    note = json.dumps({"run": run, "name": name, "rows": len(table)}, sort_keys=True).encode()
    return table.replace_schema_metadata({**(table.schema.metadata or {}), _NAME: note})


def with_seal(run_dir: Path, run: dict[str, Any]) -> dict[str, Any]:
    """``run.json`` with its seal. The Parquet files must be there already."""
    unsealed = {name: value for name, value in run.items() if name not in ("seal", "digest")}
    files = {
        name: {"rows": pq.read_metadata(run_dir / name).num_rows, "sha256": digest(run_dir / name)}
        for name in (*SEALED_FILES, CLOCKS_FILE)
        if name in SEALED_FILES or (run_dir / name).exists()
    }
    seal = {"files": files}
    return {**unsealed, "seal": {**seal, "sha256": _digest_of(unsealed, seal)}}


def verify_seal(run_dir: Path) -> None:
    """Compare the files of a run with its seal. A run of format 1 has none, and must not have files of a sealed run."""
    path = run_dir / RUN_FILE
    try:
        run = json.loads(path.read_bytes())
    except OSError as error:
        raise RunError(f"{path} cannot be read ({error.strerror}): check its permissions.") from None
    if run["format"] < SEALED_FORMAT:
        for name in SEALED_FILES:
            if _note_in(run_dir / name) is not None:
                raise RunError(f"{run_dir / name} is of a sealed run and {path} is not: {_WHAT_TO_DO}.")
        return
    if "seal" not in run:
        raise RunError(f"{path} has no seal, so its files cannot be checked: {_WHAT_TO_DO}.")
    if not says_what_was_sealed(run):
        raise RunError(f"{path} has changed since it was sealed: {_WHAT_TO_DO}.")
    files = run["seal"]["files"]
    there = {file.name for file in run_dir.glob("*.parquet")}
    for name in sorted(set(files) - there):
        raise RunError(f"{run_dir / name} is missing: {_WHAT_TO_DO}.")
    for name in sorted(there - set(files)):
        raise RunError(f"{run_dir / name} is none of the files of this run: take it away, or {_WHAT_TO_DO}.")
    for name, sealed in files.items():
        _verify_file(run_dir / name, run["run"], sealed)


def agrees_with_seal(run_dir: Path) -> bool:
    try:
        verify_seal(run_dir)
    except (RunError, OSError, ValueError, KeyError, TypeError, pa.ArrowException):
        return False
    return True


def says_what_was_sealed(run: dict[str, Any]) -> bool:
    """Whether ``run.json`` with its seal is as it was written, whatever has become of the files."""
    seal = run.get("seal")
    files = seal.get("files") if isinstance(seal, dict) else None
    unsealed = {name: value for name, value in run.items() if name != "seal"}
    return isinstance(files, dict) and seal is not None and seal.get("sha256") == _digest_of(unsealed, {"files": files})


def _verify_file(path: Path, run: str, sealed: dict[str, Any]) -> None:
    if digest(path) != sealed["sha256"]:
        raise RunError(f"{path} has changed since the run was sealed: {_WHAT_TO_DO}.")
    note = _note_in(path)
    if note is None or (note.get("run"), note.get("name")) != (run, path.name):
        whose = "of no run" if note is None else f"{note.get('name')!r} of run {note.get('run')!r}"
        raise RunError(f"{path} is {whose}, and not of run {run!r}: {_WHAT_TO_DO}.")
    if not note.get("rows") == sealed["rows"] == pq.read_metadata(path).num_rows:
        raise RunError(f"{path} has another number of rows than when it was sealed: {_WHAT_TO_DO}.")


def _note_in(path: Path) -> dict[str, Any] | None:
    """The note in a Parquet file; None when there is none, or the file cannot be read (which is reported elsewhere)."""
    try:
        note = json.loads((pq.read_schema(path).metadata or {}).get(_NAME, b"null"))
    except (pa.ArrowException, OSError, ValueError):
        return None
    return note if isinstance(note, dict) else None


def _digest_of(run: dict[str, Any], seal: dict[str, Any]) -> str:
    text = json.dumps([run, seal], sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()
