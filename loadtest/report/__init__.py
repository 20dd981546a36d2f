"""The reports of a run: they only format a Summary, as ``summary.json``, Markdown, one HTML page, and JUnit XML."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from loadtest.run.files import RECORDED_FILES, REPORT_FILES
from loadtest.whole_files import write_whole

if TYPE_CHECKING:
    from loadtest.summary.summary import Summary

__all__ = ["REPORT_FILES", "write_reports"]


def write_reports(summary: Summary, run_dir: Path) -> tuple[Path, ...]:
    """Write all reports into ``run_dir``; each file is complete or absent, never half. Returns their paths."""
    # Charts take a second to load; whoever only imports the load test should not wait for them.
    from loadtest.report.junit import junit  # noqa: PLC0415
    from loadtest.report.markdown import markdown  # noqa: PLC0415
    from loadtest.report.page import page  # noqa: PLC0415
    from loadtest.summary.summary import write_summary  # noqa: PLC0415

    summary_path = run_dir / REPORT_FILES[0]
    write_summary(summary, summary_path)
    written = [summary_path]
    beside = [name for name in (REPORT_FILES[0], *RECORDED_FILES) if (run_dir / name).is_file()]
    makers: tuple[Callable[[Summary], str], ...] = (markdown, partial(page, files=beside), junit)
    for name, make in zip(REPORT_FILES[1:], makers, strict=True):
        path = run_dir / name
        write_whole(path, make(summary).encode())
        written.append(path)
    return tuple(written)
