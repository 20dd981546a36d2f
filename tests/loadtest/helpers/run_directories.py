"""Recorded runs for tests: copied, written anew, and damaged."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from loadtest.run.files import CHECKSUM_FILE, RECORDED_FILES
from loadtest.run.sealing.checksums import write_checksums

PARQUET_FILES = tuple(name for name in RECORDED_FILES if name.endswith(".parquet"))


def copy_run(source: Path, target: Path, *, checksums: bool = True) -> Path:
    """A copy of the recorded files of ``source``."""
    target.mkdir(parents=True)
    for name in (*RECORDED_FILES, CHECKSUM_FILE):
        shutil.copy(source / name, target / name)
    if not checksums:
        (target / CHECKSUM_FILE).unlink()
    return target


def rewrite(run: Path, name: str, change: Callable[[pa.Table], pa.Table]) -> None:
    """Replace a Parquet file by a changed one that is, as a file, in order."""
    pq.write_table(change(pq.read_table(run / name)), run / name)
    write_checksums(run)


def with_value(table: pa.Table, column: str, row: int, value: object) -> pa.Table:
    place = table.schema.get_field_index(column)
    values = table.column(column).to_pylist()
    values[row] = value
    return table.set_column(place, column, pa.array(values, type=table.schema.field(column).type))
