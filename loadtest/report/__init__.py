"""The reports of a run: ``summary.json``, Markdown, one HTML page and JUnit XML. They only format a Summary."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from loadtest.extras import missing
from loadtest.run.files import PAGE_FILE, RECORDED_FILES, REPORT_FILES
from loadtest.whole_files import write_whole

if TYPE_CHECKING:
    from loadtest.summary.summary import Summary

__all__ = ["REPORT_FILES", "load_writers", "write_reports"]


def write_reports(summary: Summary, run_dir: Path) -> tuple[Path, ...]:
    """Write all reports into ``run_dir``, each as a whole or not at all; returns their paths.

    The base install lacks what draws the page. Then no page is written, and one of an earlier summary is removed.
    """
    # Charts take a second to load; whoever only imports the load test should not wait for them.
    from loadtest.report.junit import junit  # noqa: PLC0415
    from loadtest.report.markdown import markdown  # noqa: PLC0415
    from loadtest.summary.summary import write_summary  # noqa: PLC0415

    summary_path = run_dir / REPORT_FILES[0]
    write_summary(summary, summary_path)
    written = [summary_path]
    linked = [name for name in (REPORT_FILES[0], *RECORDED_FILES) if (run_dir / name).is_file()]
    makers: tuple[Callable[[Summary], str] | None, ...] = (markdown, _page(linked), junit)
    for name, make in zip(REPORT_FILES[1:], makers, strict=True):
        path = run_dir / name
        if make is None:
            path.unlink(missing_ok=True)
            continue
        write_whole(path, make(summary).encode())
        written.append(path)
    return tuple(written)


def load_writers() -> None:
    """Import and compile what writes reports, which takes longer than writing them; a long run is judged meanwhile."""
    from loadtest.report import junit, markdown  # noqa: F401, PLC0415
    from loadtest.summary.summary import adapter  # noqa: PLC0415

    adapter()
    if not missing("report"):
        from loadtest.report.chart_script import library  # noqa: PLC0415
        from loadtest.report.page import template  # noqa: PLC0415

        library()
        template()


def _page(linked: list[str]) -> Callable[[Summary], str] | None:
    if missing("report"):
        return None
    from loadtest.report.page import page  # noqa: PLC0415

    return partial(page, files=linked)


def without_page() -> str:
    """Why there is no page; "" where there is one."""
    modules = missing("report")
    if not modules:
        return ""
    return (
        f"{PAGE_FILE} is left out, as it needs {', '.join(modules)}, which the base install leaves out: "
        "pip install 'read-model-gateway[report]', then make it with the report command."
    )
