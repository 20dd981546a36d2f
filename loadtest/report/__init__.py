"""The reports of a run: they only format a Summary, as ``summary.json``, Markdown, one HTML page, and JUnit XML."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from loadtest.summary.summary import Summary

REPORT_FILES: Final = ("summary.json", "report.md", "report.html", "junit.xml")


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
    for name, make in zip(REPORT_FILES[1:], (markdown, page, junit), strict=True):
        path = run_dir / name
        partial = path.with_name(name + ".partial")
        partial.write_text(make(summary), encoding="utf-8", newline="\n")
        partial.replace(path)
        written.append(path)
    return tuple(written)
