"""Writes a file whole or not at all: beside its place first, and then in its place, so that nobody ever reads half."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_BESIDE: Final = ".new"
OWNER_ONLY: Final = 0o600
ANYBODY: Final = 0o666
"""Less what the umask takes away, as for any other file."""


def write_whole(path: Path, content: bytes, *, mode: int = ANYBODY, durable: bool = False) -> None:
    """Write ``content`` to ``path``, or leave ``path`` as it was.

    Args:
        path: the file.
        content: all of it.
        mode: who may read it.
        durable: have it on the disk when this returns, which may take long; else that is up to the system.
    """
    with whole_file(path, mode=mode, durable=durable) as beside:
        beside.write_bytes(content)


@contextmanager
def whole_file(path: Path, *, mode: int = ANYBODY, durable: bool = False) -> Iterator[Path]:
    """Give an empty file to write to, which takes the place of ``path`` when the block ends without an error."""
    beside = path.with_name(f".{path.name}.{os.getpid()}{_BESIDE}")
    beside.unlink(missing_ok=True)  # of a process that was killed; it may be another's to read
    os.close(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode))
    try:
        yield beside
        if durable:
            on_the_disk(beside)
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    if durable:
        on_the_disk(path.parent)


def on_the_disk(path: Path) -> None:
    """Have a file, or which files a folder has, on the disk when this returns."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
