"""From a run directory to a History: Parquet files to columns, each checked for its type before its values.

Ten million reads are 470 MB: a file is decoded piece by piece, each to its place, so that only one copy is ever held.
Digests are taken beside that, and what they say goes first.
"""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from loadtest.errors import RunError
from loadtest.run.files import GENERATOR_FILE, READS_FILE, REQUESTS_FILE, WINDOWS_FILE, WRITES_FILE
from loadtest.run.history.blocks import BLOCK, side_by_side
from loadtest.run.history.history import Column, History, Reads, Requests, Samples, Windows, Writes, nothing_of
from loadtest.run.history.run_info import read_run_info
from loadtest.run.history.validation import validated
from loadtest.run.records import GENERATOR_DTYPE, READ_DTYPE, REQUEST_DTYPE, WINDOW_DTYPE, WRITE_DTYPE, empty
from loadtest.run.sealing.checksums import verify
from loadtest.run.sealing.seal import SEALED_FORMAT, verify_seal

OPTIONAL_COLUMNS: Final = ("gave_up_ns", "address", "widening_ns")
"""Columns that are zero where a file lacks them: in older runs, and ``widening_ns`` in runs on one clock.

One that holds nothing but zeros is taken for one that is not there, and takes no memory.
"""


def load_history(run_dir: Path) -> History:
    """The run recorded in ``run_dir``, validated.

    Raises:
        RunError: a file is missing, damaged, of another shape or a newer format, or what it says cannot have happened.
    """
    info = read_run_info(run_dir)
    with ThreadPoolExecutor(1) as beside:
        unchanged = beside.submit(_verify, run_dir, info.format)
        try:
            reads = Reads(**_in_order_of_call(_columns(run_dir / READS_FILE, READ_DTYPE)))
            writes = Writes(**_columns(run_dir / WRITES_FILE, WRITE_DTYPE))
            windows = Windows(**_columns(run_dir / WINDOWS_FILE, WINDOW_DTYPE))
            samples = Samples(**_columns(run_dir / GENERATOR_FILE, GENERATOR_DTYPE))
            requests = Requests(**_requests(run_dir / REQUESTS_FILE))
        finally:
            unchanged.result()  # that a file was changed says more than what it trips over
    return validated(History(info, reads, writes, windows, samples, requests))


def _verify(run_dir: Path, run_format: int) -> None:
    verify_seal(run_dir)
    if run_format < SEALED_FORMAT:
        verify(run_dir)


def _requests(path: Path) -> dict[str, Any]:
    """The names of requests; a run need not have any, for no verdict rests on them."""
    if path.exists():
        return _columns(path, REQUEST_DTYPE)
    return {name: empty(REQUEST_DTYPE)[name] for name in REQUEST_DTYPE.names or ()} | {"request_id": ()}


def _columns(path: Path, dtype: np.dtype[Any]) -> dict[str, Any]:
    """The columns of one file, by name, with exactly the types of ``dtype``."""
    if not path.is_file():
        raise RunError(f"{path} is missing: the run is damaged, or ended before it was written.")
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            _expect_types(path, file.schema_arrow, dtype)
            columns = _decoded(path, file, dtype)
    except RunError:
        raise
    except (pa.ArrowException, OSError, ValueError, MemoryError, OverflowError, UnicodeDecodeError) as error:
        raise RunError(f"{path} is damaged ({_first_line(error)}): restore the file or measure again.") from None
    return columns


def _expect_types(path: Path, schema: pa.Schema, dtype: np.dtype[Any]) -> None:
    for name in dtype.names or ():
        if name in OPTIONAL_COLUMNS and schema.get_field_index(name) < 0:
            continue
        expected = pa.string() if dtype[name].hasobject else pa.from_numpy_dtype(dtype[name])
        found = schema.field(name).type if schema.get_field_index(name) >= 0 else None
        if found is None:
            raise RunError(f"{path} has no column {name} (or has it twice): it is not a file of a recorded run.")
        if found != expected:
            raise RunError(f"{path}: column {name} holds {found}, expected {expected}: it is not a file of such a run.")


def _decoded(path: Path, file: pq.ParquetFile, dtype: np.dtype[Any]) -> dict[str, Any]:
    """All columns. Pieces of them, a row group's each, are decoded to their places by as many threads as cores."""
    groups, rows = range(file.num_row_groups), file.metadata.num_rows
    begins = list(itertools.accumulate((file.metadata.row_group(group).num_rows for group in groups), initial=0))
    damaged = f"{path} is damaged (rows are missing): restore the file or measure again."
    if begins[-1] != rows:
        raise RunError(damaged)
    names = [name for name in dtype.names or () if file.schema_arrow.get_field_index(name) >= 0]
    texts: dict[str, list[list[str]]] = {name: [[]] * len(groups) for name in names if dtype[name].hasobject}
    numbers = {name: np.zeros(rows, dtype[name]) for name in names if name not in texts}

    def decode(piece: tuple[int, list[str]]) -> list[str]:
        """Decode some columns of a row group; the names of those in which there is anything."""
        group, some = piece
        with pq.ParquetFile(path, metadata=file.metadata, pre_buffer=False, page_checksum_verification=True) as own:
            table = own.read_row_group(group, columns=some, use_threads=False)
        return [name for name in some if put(name, group, table.column(name))]

    def put(name: str, group: int, found: pa.ChunkedArray) -> bool:
        place = slice(begins[group], begins[group + 1])
        found.validate(full=True)
        if found.null_count:
            raise RunError(f"{path}: column {name} lacks {found.null_count:,} values: the run is damaged.")
        if len(found) != place.stop - place.start:
            raise RunError(damaged)
        if name in texts:
            texts[name][group] = found.to_pylist()
            return True
        values = found.to_numpy()
        if name in OPTIONAL_COLUMNS and not values.any():
            return False
        numbers[name][place] = values
        return True

    together = [names] if rows <= BLOCK else [[name] for name in names]
    filled = set(itertools.chain.from_iterable(side_by_side(decode, itertools.product(groups, together), rows)))
    absent = [name for name in dtype.names or () if name in OPTIONAL_COLUMNS and name not in filled]
    return {
        **{name: tuple(itertools.chain.from_iterable(pieces)) for name, pieces in texts.items()},
        **numbers,
        **{name: nothing_of(dtype[name], rows) for name in absent},
    }


def _in_order_of_call(columns: dict[str, Column]) -> dict[str, Column]:
    """Columns of reads in order of call; those called at the same nanosecond keep their order in the file.

    Each column takes the place of the one that it was made of, so that there are never two copies of all of them.
    """
    called = columns["called_ns"]
    if bool(np.all(called[1:] >= called[:-1])):
        return columns
    order = np.argsort(called, kind="stable")

    def put_in_order(name: str) -> None:
        columns[name] = np.take(columns[name], order)

    side_by_side(put_in_order, [name for name, column in columns.items() if column.strides != (0,)], len(order))
    return columns


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
