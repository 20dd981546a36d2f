"""``trend.toml``: changes for the worse that somebody has looked at and accepted, with the reason; reviewed like code.

::

    [[acknowledged]]
    number = "response-quiet-p99"   # its id in trend.json; the id of a check for a promise; "*" for all
    commit = "1a2b3c4d"             # of the run with which it began; or: run = "0f3c9a1b2d4e"
    at_most = 1.2                   # optional: the largest change accepted (now / before; for a share now - before)
    reason = "documents are twice as large since then"
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from loadtest.errors import UsageError
from loadtest.trend.records import RunPoint, Scale
from stacks.user_input import UnreadableFileError, cut, read_small_file, real_number, shown

FILE: Final = "trend.toml"
_LARGEST: Final = 1_000_000
_KEYS: Final = {"number", "commit", "run", "at_most", "reason"}
_COMMIT: Final = re.compile(r"[0-9a-f]{7,64}")


@dataclass(frozen=True)
class Acknowledged:
    """One entry of the file."""

    number: str
    commit: str
    run: str
    at_most: float | None
    reason: str

    def covers(
        self, number: str, runs: Sequence[RunPoint], size: float | None = None, scale: Scale | None = None
    ) -> bool:
        """Whether a change of this ``number`` and ``size`` that began with one of ``runs`` is accepted.

        A broken promise has no size. A limit for all numbers is one on ratios.
        """
        beyond = self.at_most is not None and (
            size is None or abs(size) > self.at_most or (self.number == "*" and scale != "ratio")
        )
        if beyond or self.number not in ("*", number):
            return False
        return any(point.run == self.run if self.run else point.commit.startswith(self.commit) for point in runs)


def read_acknowledged(path: Path) -> tuple[Acknowledged, ...]:
    try:
        content = tomllib.loads(read_small_file(path, _LARGEST).decode("utf-8-sig"))
    except FileNotFoundError:
        raise UsageError(f"--acknowledged is {shown(str(path))}, and there is no such file.") from None
    except UnreadableFileError as error:
        raise UsageError(f"{path} cannot be read: {error}.") from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is not TOML: {cut(str(error))}.") from None
    entries = content.pop("acknowledged", [])
    if content:
        raise UsageError(f"{path} holds {shown(next(iter(content)))}: it may hold [[acknowledged]] and nothing else.")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise UsageError(f"{path}: write each change as a table of its own, [[acknowledged]].")
    return tuple(_entry(entry, f"{path}: entry {place}") for place, entry in enumerate(entries, 1))


def _entry(entry: dict[str, Any], place: str) -> Acknowledged:
    unknown = sorted(entry.keys() - _KEYS)
    if unknown:
        raise UsageError(f"{place} holds {shown(unknown[0])}: known are {', '.join(sorted(_KEYS))}.")
    text = {name: entry.get(name, "") for name in ("number", "commit", "run", "reason")}
    for name, value in text.items():
        if not isinstance(value, str):
            raise UsageError(f"{place}: {name} is {shown(value)}: write it as text, in quotation marks.")
    if not text["number"] or not text["reason"].strip():
        raise UsageError(f"{place} needs a number and a reason.")
    if bool(text["commit"]) == bool(text["run"]):
        raise UsageError(f"{place} needs either a commit or a run, with which the change began.")
    commit = text["commit"].lower()
    if commit and not _COMMIT.fullmatch(commit):
        raise UsageError(f"{place}: commit is {shown(text['commit'])}: give 7 to 64 hexadecimal digits.")
    most = entry.get("at_most")
    try:
        at_most = None if most is None or isinstance(most, str) else real_number(most)
    except ValueError:
        at_most = None
    if most is not None and at_most is None:
        raise UsageError(f"{place}: at_most is {shown(most)}: give a number.")
    return Acknowledged(text["number"], commit, text["run"], at_most, text["reason"].strip())
