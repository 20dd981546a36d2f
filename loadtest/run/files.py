"""The names of the files of a run directory."""

from __future__ import annotations

from pathlib import Path
from typing import Final

JOURNAL_NAME: Final = "writes.jsonl"


RUNS_FOLDER: Final = Path("runs")


LATEST_NAME: Final = "latest"


RUN_FILE: Final = "run.json"


SPOOL_FOLDER: Final = "spool"


READS_FILE: Final = "reads.parquet"


WRITES_FILE: Final = "writes.parquet"


WINDOWS_FILE: Final = "windows.parquet"


GENERATOR_FILE: Final = "generator.parquet"


REQUESTS_FILE: Final = "requests.parquet"


SEALED_FOLDER: Final = ".sealed-spool"
"""What the spool is called once the Parquet files are whole: to rename it is the one step that seals a run."""


CHECKSUM_FILE: Final = "SHA256SUMS"


REQUIRED_FILES: Final = ("run.json", "reads.parquet", "writes.parquet", "windows.parquet", "generator.parquet")


RECORDED_FILES: Final = (*REQUIRED_FILES, "requests.parquet")
