"""What the files of a spool hold: records of fixed width, and tables of lines that the records refer to.

The fields of a spooled read follow from those of a read (:mod:`loadtest.run.records`).
"""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any, Final

import numpy as np

from loadtest.errors import UsageError
from loadtest.run.records import GENERATOR_DTYPE, READ_DTYPE

NO_ETAG: Final = 0
"""Line number that stands for no ETag; real ones count from 1."""

_LINE_OF: Final = {"etag_version": "etag", "sent_version": "sent_etag"}
"""Fields that hold a line of the table of ETags while the run goes on, and a version in the end."""
SPOOLED_READ_DTYPE: Final = np.dtype(
    [
        (_LINE_OF[name], "<u4") if name in _LINE_OF else (name, READ_DTYPE[name])
        for name in READ_DTYPE.names or ()
        if name not in ("worker", "widening_ns")  # the one is in the file's name, the other comes from clock bounds
    ]
)
SPOOLED_SAMPLE_DTYPE: Final = np.dtype(
    [(name, GENERATOR_DTYPE[name]) for name in GENERATOR_DTYPE.names or () if name != "worker"]
)
_FIELDS_AT_FIRST: Final = 10
"""The number of fields in the spools of old runs, which do not note it."""
_CODES: Final = {"u1": "B", "u2": "H", "u4": "I", "i4": "i", "i8": "q"}


def spooled_fields(run: dict[str, Any]) -> np.dtype[Any]:
    """The fields of a record in the spools of a run, by the number in ``run.json``: new ones only go to the end."""
    names = SPOOLED_READ_DTYPE.names or ()
    count = run.get("spooled_fields", _FIELDS_AT_FIRST)
    if not isinstance(count, int) or not _FIELDS_AT_FIRST <= count <= len(names):
        raise UsageError(
            f"run.json tells of spools with {str(count)[:20]} fields a read, which this program does not know: seal "
            "the run with the version that recorded it, or restore that file."
        )
    return np.dtype([(name, SPOOLED_READ_DTYPE[name]) for name in names[:count]])


def _struct_of(dtype: np.dtype[Any]) -> struct.Struct:
    """Packs a record of ``dtype`` without NumPy, which is slower for a single record."""
    return struct.Struct("<" + "".join(_CODES[dtype[name].str[1:]] for name in dtype.names or ()))


PACK_READ: Final = _struct_of(SPOOLED_READ_DTYPE).pack
PACK_SAMPLE: Final = _struct_of(SPOOLED_SAMPLE_DTYPE).pack


def load_records(path: Path, dtype: np.dtype[Any]) -> np.ndarray[Any, np.dtype[Any]]:
    """The whole records of a spool file. Half a record at the end (a killed run) is left out; a missing file is empty.

    Whether records are missing is checked elsewhere (:mod:`loadtest.run.sealing.roll_call`).
    """
    if not path.exists():
        return np.zeros(0, dtype=dtype)
    size = path.stat().st_size // dtype.itemsize
    return np.fromfile(path, dtype=dtype, count=size)


def load_etags(path: Path) -> list[str]:
    """The table of ETags, by line number; the first entry stands for no ETag."""
    return ["", *(str(etag) for etag in load_lines(path))]


def load_lines(path: Path) -> list[Any]:
    """The whole JSON lines of a file. A line cut short at the end (a killed run) is left out: no record names it."""
    lines: list[Any] = []
    for line in path.read_bytes().split(b"\n") if path.exists() else ():
        try:
            lines.append(json.loads(line))
        except ValueError:
            break
    return lines
