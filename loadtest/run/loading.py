"""From a run directory to a History: Parquet files to columns, each checked for its type before its values.

Ten million reads are 530 MB: a file is decoded a row group at a time, so that only one copy of them is ever held.
Digests are taken beside that, and what they say goes first.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from loadtest.errors import RunError
from loadtest.run.checksums import verify
from loadtest.run.files import GENERATOR_FILE, READS_FILE, REQUESTS_FILE, WINDOWS_FILE, WRITES_FILE
from loadtest.run.history import History, Reads, Requests, Samples, Windows, Writes
from loadtest.run.records import GENERATOR_DTYPE, READ_DTYPE, REQUEST_DTYPE, WINDOW_DTYPE, WRITE_DTYPE, empty
from loadtest.run.run_info import read_run_info
from loadtest.run.seal import SEALED_FORMAT, verify_seal
from loadtest.run.validation import validated

OPTIONAL_COLUMNS: Final = ("gave_up_ns", "address", "widening_ns")
"""Columns that are zero where a file lacks them: in older runs, and ``widening_ns`` in runs on one clock."""


def load_history(run_dir: Path) -> History:
    """The run recorded in ``run_dir``, validated.

    Raises:
        RunError: a file is missing, damaged, of another shape or a newer format, or what it says cannot have happened.
    """
    info = read_run_info(run_dir)
    with ThreadPoolExecutor(1) as beside:
        unchanged = beside.submit(_verify, run_dir, info.format)
        try:
            reads = _sorted_by_call(Reads(**_columns(run_dir / READS_FILE, READ_DTYPE)))
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
    """All columns. A row group is decoded, on as many cores as there are, while the one before it is copied."""
    names = [name for name in dtype.names or () if file.schema_arrow.get_field_index(name) >= 0]
    columns: dict[str, Any] = {
        name: [] if dtype[name].hasobject else np.zeros(file.metadata.num_rows, dtype[name]) for name in names
    }
    filled = 0
    for table in _row_groups(file, names):
        for name in names:
            chunked = table.column(name)
            chunked.validate(full=True)
            if chunked.null_count:
                raise RunError(f"{path}: column {name} lacks {chunked.null_count:,} values: the run is damaged.")
            if isinstance(columns[name], list):
                columns[name] += chunked.to_pylist()
            else:
                columns[name][filled : filled + len(chunked)] = chunked.to_numpy()
        filled += len(table)
    if filled != file.metadata.num_rows:
        raise RunError(f"{path} is damaged (rows are missing): restore the file or measure again.")
    nothing = {
        name: np.broadcast_to(np.zeros(1, dtype[name]), filled) for name in dtype.names or () if name not in columns
    }
    return nothing | {name: tuple(column) if isinstance(column, list) else column for name, column in columns.items()}


def _row_groups(file: pq.ParquetFile, names: list[str]) -> Iterator[pa.Table]:
    """The row groups of a file, one read ahead."""
    with ThreadPoolExecutor(1) as reading:
        ahead: Future[pa.Table] | None = None
        for group in range(file.num_row_groups):
            following = reading.submit(file.read_row_group, group, columns=names)
            if ahead is not None:
                yield ahead.result()
            ahead = following
        if ahead is not None:
            yield ahead.result()


def _sorted_by_call(reads: Reads) -> Reads:
    """Reads in order of call; those called at the same nanosecond keep their order in the file."""
    called = reads.called_ns
    if bool(np.all(called[1:] >= called[:-1])):
        return reads
    order = np.argsort(called, kind="stable")
    return Reads(**{name: column[order] for name, column in vars(reads).items()})


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
