"""The names and suffixes of the files of a run directory. They are written down here, and nowhere else."""

from __future__ import annotations

from pathlib import Path
from typing import Final

RUNS_FOLDER: Final = Path("runs")
LATEST_NAME: Final = "latest"

RUN_FILE: Final = "run.json"
READS_FILE: Final = "reads.parquet"
WRITES_FILE: Final = "writes.parquet"
WINDOWS_FILE: Final = "windows.parquet"
GENERATOR_FILE: Final = "generator.parquet"
REQUESTS_FILE: Final = "requests.parquet"
CLOCKS_FILE: Final = "clocks.parquet"
"""Only in runs with workers."""
CHECKSUM_FILE: Final = "SHA256SUMS"

REQUIRED_FILES: Final = (RUN_FILE, READS_FILE, WRITES_FILE, WINDOWS_FILE, GENERATOR_FILE)
RECORDED_FILES: Final = (*REQUIRED_FILES, REQUESTS_FILE)
SEALED_FILES: Final = (READS_FILE, WRITES_FILE, WINDOWS_FILE, GENERATOR_FILE, REQUESTS_FILE)

SUMMARY_FILE: Final = "summary.json"
MARKDOWN_FILE: Final = "report.md"
PAGE_FILE: Final = "report.html"
JUNIT_FILE: Final = "junit.xml"
REPORT_FILES: Final = (SUMMARY_FILE, MARKDOWN_FILE, PAGE_FILE, JUNIT_FILE)

JOURNAL_NAME: Final = "writes.jsonl"
"""The writer's journal, while the run goes on."""
STANDING_FILE: Final = "standing-document"
"""Version 0 of a run that never writes, byte for byte."""

SPOOL_FOLDER: Final = "spool"
SEALED_FOLDER: Final = ".sealed-spool"
"""The name of the spool once the Parquet files are whole. Renaming it is the one step that seals a run."""

ETAGS_SUFFIX: Final = ".etags"
REQUESTS_SUFFIX: Final = ".requests"
BODIES_SUFFIX: Final = ".bodies"
READS_SUFFIX: Final = ".reads"
SAMPLES_SUFFIX: Final = ".samples"
SPOOL_SUFFIXES: Final = (ETAGS_SUFFIX, REQUESTS_SUFFIX, BODIES_SUFFIX, READS_SUFFIX, SAMPLES_SUFFIX)
"""The files of a spool, in the order in which they are flushed: tables come before the records that refer to them."""

CLOCK_SUFFIX: Final = ".exchanges"
"""The exchanges of clock readings with a worker, written by the master."""
CLOCK_SUFFIX_WITHOUT_CHECKSUMS: Final = ".clock"
"""The same in runs of older versions."""

REGISTRATION_SUFFIX: Final = ".recorder"
HEARTBEAT_SUFFIX: Final = ".heartbeat"
CLOSED_SUFFIX: Final = ".closed"
INCOMPLETE_SUFFIX: Final = ".incomplete"
"""The closing mark of a process that could not write everything that it had recorded."""

DOCUMENTS_FOLDER: Final = "documents"
"""Unchanged copies of the user's own documents that a run publishes, and what is known of them."""
DOCUMENTS_ABOUT: Final = "about.json"

KEPT_FOLDER: Final = "kept"
"""The document that was there before the run, and what is known of it."""
KEPT_ABOUT: Final = "about.json"
KEPT_DOCUMENT: Final = "document"
KEPT_LATER: Final = "published-"
"""The beginning of the names of folders in it, with what somebody else published while the run went on: the newest has
the highest number."""
