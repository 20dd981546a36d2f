"""Shows, parses and reads what a user gave, whatever it turns out to be.

A value may be 100,000 letters long or hold control characters, and a file may be a device without an end. The sentence
that refuses it is still one readable line, and comes soon.
"""

from __future__ import annotations

import json
import math
import os
import re
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

LONGEST_SHOWN: Final = 200
LARGEST_FILE: Final = 64 * 1024 * 1024
"""More than any settings, outputs or summary has, and little enough to read at once."""
_WHOLE: Final = re.compile(r"[+-]?[0-9]{1,18}")
_REAL: Final = re.compile(r"[+-]?([0-9]{1,18}(\.[0-9]{0,24})?|\.[0-9]{1,24})([eE][+-]?[0-9]{1,3})?")
_KINDS: Final[tuple[tuple[Callable[[int], bool], str], ...]] = (
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
)


class UnreadableFileError(Exception):
    """A file cannot be read. The text says why, and fits behind "FILE cannot be read: "."""


def cut(text: str) -> str:
    """``text`` on one line, without control characters, and short enough for a sentence."""
    escaped = "".join(
        character if character.isprintable() else repr(character)[1:-1] for character in text[:LONGEST_SHOWN]
    )
    if len(text) <= LONGEST_SHOWN and len(escaped) <= 2 * LONGEST_SHOWN:
        return escaped
    return f"{escaped[: 2 * LONGEST_SHOWN]}… ({len(text):,} characters)"


def shown(value: object) -> str:
    """A value as ``repr`` shows it, cut as by :func:`cut`."""
    if isinstance(value, str):
        body = repr(value[: LONGEST_SHOWN + 1])
        if len(value) <= LONGEST_SHOWN and len(body) <= 2 * LONGEST_SHOWN:
            return body
        return f"{body[: LONGEST_SHOWN + 1]}…{body[0]} ({len(value):,} characters)"
    try:
        text = repr(value)
    except (RecursionError, ValueError):  # nested without end; a number of more digits than Python writes
        return "a value too large to show"
    return cut(text)


def whole_number(value: object, *, otherwise: int | None = None) -> int:
    """An integer, or the text of one in plain digits; ``otherwise`` for what is neither.

    Raises:
        ValueError: it is neither, and ``otherwise`` is not given. ``true``, which Python takes for 1, is no number.
    """
    if isinstance(value, str) and _WHOLE.fullmatch(value.strip(" ")):
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if otherwise is None:
        raise ValueError("no whole number")
    return otherwise


def real_number(value: object, *, otherwise: float | None = None) -> float:
    """A finite number, or the text of one in plain digits; ``otherwise`` for what is neither.

    Raises:
        ValueError: it is neither, and ``otherwise`` is not given. ``true``, which Python takes for 1, is no number.
    """
    is_text = isinstance(value, str) and _REAL.fullmatch(value.strip(" "))
    if is_text or (isinstance(value, (int, float)) and not isinstance(value, bool)):
        with suppress(OverflowError):
            number = float(value)  # type: ignore[arg-type]
            if math.isfinite(number):
                return number
    if otherwise is None:
        raise ValueError("no finite number")
    return otherwise


def is_folder(path: Path) -> bool:
    """Whether there is a folder of that name; False for a name that no file can have."""
    return os.path.isdir(path)  # noqa: PTH112 - Path.is_dir raises for a name that is too long


def is_plain_file(path: Path) -> bool:
    """Whether there is a file of that name; False for a name that no file can have."""
    return os.path.isfile(path)  # noqa: PTH113 - Path.is_file raises for a name that is too long


def read_small_file(path: Path, largest: int = LARGEST_FILE) -> bytes:
    """All of a plain file that is not longer than ``largest``.

    Raises:
        FileNotFoundError: there is no such file.
        UnreadableFileError: it is no file, is longer, or this user may not read it.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a pipe is not waited for
    except FileNotFoundError:
        raise
    except OSError as error:
        raise UnreadableFileError(error.strerror or "it cannot be opened") from None
    except ValueError:
        raise UnreadableFileError("its name holds a character that no name can have") from None
    try:
        status = os.fstat(descriptor)
        for is_kind, kind in _KINDS:
            if is_kind(status.st_mode):
                raise UnreadableFileError(f"it is {kind}, not a file")
        content = b""
        while status.st_size <= largest and len(content) <= largest:
            piece = os.read(descriptor, largest + 1 - len(content))
            if not piece:
                return content
            content += piece
    except OSError as error:
        raise UnreadableFileError(error.strerror or "it cannot be read to its end") from None
    finally:
        os.close(descriptor)
    raise UnreadableFileError(f"it is longer than {largest:,} bytes")


def parse_json(text: str | bytes, *, once: bool = False) -> Any:
    """The value of a JSON text; with ``once``, no name may come twice in one object.

    Raises:
        ValueError: it is not JSON, or is nested too deep; the text says where.
    """
    try:
        decoded = text.decode("utf-8-sig") if isinstance(text, bytes) else text
    except UnicodeDecodeError as error:
        raise ValueError(f"byte {error.start} is not UTF-8") from None
    try:
        return json.loads(decoded, object_pairs_hook=_each_once if once else None)
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"it is not JSON: {error}") from None


def read_json(path: Path, largest: int = LARGEST_FILE, *, once: bool = False) -> Any:
    """The value in a small JSON file.

    Raises:
        FileNotFoundError: there is no such file.
        UnreadableFileError: it cannot be read, or is not JSON.
    """
    content = read_small_file(path, largest)
    try:
        return parse_json(content, once=once)
    except ValueError as error:
        raise UnreadableFileError(str(error)) from None


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) != len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise ValueError(f"the name {shown(twice)} comes twice")
    return content
