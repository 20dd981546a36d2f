"""``SHA256SUMS`` of a run directory of format 1, so that a damaged record is not judged as if it were whole.

A flipped bit in a column of times is a valid column of other times, and could turn a FAIL into a PASS. The file has the
format of ``sha256sum``, so ``sha256sum -c SHA256SUMS`` checks a run without this program. A directory without it (put
together by hand) is accepted: there is nothing to compare with. From format 2 on the seal in ``run.json`` decides
(:mod:`loadtest.run.sealing.seal`), and this file is a convenience.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from loadtest.errors import RunError
from loadtest.run.files import CHECKSUM_FILE, RECORDED_FILES, REQUIRED_FILES
from loadtest.whole_files import write_whole

_LINE = re.compile(r"([0-9a-f]{64})  ([\w.-]+)")


def write_checksums(run_dir: Path) -> None:
    """Write ``SHA256SUMS`` over all recorded files, as the last step of recording."""
    present = [name for name in RECORDED_FILES if name in REQUIRED_FILES or (run_dir / name).exists()]
    lines = [f"{digest(run_dir / name)}  {name}\n" for name in present]
    write_whole(run_dir / CHECKSUM_FILE, "".join(lines).encode())


def verify(run_dir: Path) -> None:
    """Compare the recorded files with their checksums, where there are any.

    Raises:
        RunError: a file has changed since it was recorded, or is missing.
    """
    path = run_dir / CHECKSUM_FILE
    try:
        *lines, rest = path.read_bytes().decode("ascii").split("\n")
    except FileNotFoundError:
        return
    except (OSError, UnicodeDecodeError):
        raise RunError(f"{path} is damaged: restore the run from a copy, or measure again.") from None
    matches = [_LINE.fullmatch(line) for line in lines]
    expected = {match[2]: match[1] for match in matches if match}
    if rest or None in matches or not set(REQUIRED_FILES) <= set(expected) <= set(RECORDED_FILES):
        raise RunError(f"{path} is damaged: restore the run from a copy, or measure again.")
    for name, expected_digest in expected.items():
        if not (run_dir / name).is_file():
            raise RunError(f"{run_dir / name} is missing: restore the run from a copy, or measure again.")
        if digest(run_dir / name) != expected_digest:
            raise RunError(
                f"{run_dir / name} has changed since it was recorded (see {CHECKSUM_FILE}): restore it from a copy, "
                "or measure again."
            )


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise RunError(f"{path} cannot be read ({error.strerror}): check its permissions.") from None
