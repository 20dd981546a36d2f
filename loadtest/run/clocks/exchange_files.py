"""How the master keeps the exchanges of clock readings with a worker: fixed-width rows, each with a checksum.

A row ends with the CRC-32 of the file up to there. So a flipped bit, a row that is gone from the middle and one of
another file are all noticed, and no bound of a clock ever rests on one. A killed master leaves part of a row at the
end, which is not read.
"""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any, Final

import numpy as np

from loadtest.errors import UsageError
from loadtest.run.clocks.clock_bounds import EXCHANGE_DTYPE
from loadtest.run.files import CLOCK_SUFFIX, CLOCK_SUFFIX_WITHOUT_CHECKSUMS, SPOOL_FOLDER

Array = np.ndarray[Any, np.dtype[Any]]

_EXCHANGE: Final = struct.Struct("<3q")
"""``EXCHANGE_DTYPE``, without NumPy."""
_CHECKSUM: Final = struct.Struct("<I")
_ROW_BYTES: Final = _EXCHANGE.size + _CHECKSUM.size


class ExchangeRows:
    """Makes the rows of one file, in order."""

    def __init__(self) -> None:
        self._checksum = 0

    def next(self, sent_ns: int, remote_ns: int, received_ns: int) -> bytes:
        """The row of one more exchange."""
        exchange = _EXCHANGE.pack(sent_ns, remote_ns, received_ns)
        self._checksum = zlib.crc32(exchange, self._checksum)
        return exchange + _CHECKSUM.pack(self._checksum)


def exchange_file(run_dir: Path, share: int) -> Path:
    """Where the exchanges with the worker of this share are."""
    return run_dir / SPOOL_FOLDER / f"{share}{CLOCK_SUFFIX}"


def load_exchanges(run_dir: Path, share: int) -> Array:
    """The exchanges with one worker; empty when there is no file of them.

    Raises:
        UsageError: a row does not have its checksum.
    """
    path = exchange_file(run_dir, share)
    if not path.exists():
        return _without_checksums(path.with_suffix(CLOCK_SUFFIX_WITHOUT_CHECKSUMS))
    content = path.read_bytes()
    rows = len(content) // _ROW_BYTES
    exchanges, checksum = bytearray(), 0
    for begin in range(0, rows * _ROW_BYTES, _ROW_BYTES):
        exchange = content[begin : begin + _EXCHANGE.size]
        checksum = zlib.crc32(exchange, checksum)
        if content[begin + _EXCHANGE.size : begin + _ROW_BYTES] != _CHECKSUM.pack(checksum):
            raise UsageError(
                f"{path} is damaged (exchange {begin // _ROW_BYTES + 1:,} of {rows:,} does not have its checksum), so "
                f"the clock of worker {share + 1} cannot be compared: restore it from a copy, or measure again."
            )
        exchanges += exchange
    return np.frombuffer(bytes(exchanges), dtype=EXCHANGE_DTYPE)


def _without_checksums(path: Path) -> Array:
    """The exchanges of a run made before rows had checksums."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        content = b""
    return np.frombuffer(content, dtype=EXCHANGE_DTYPE, count=len(content) // EXCHANGE_DTYPE.itemsize)
