"""Fixtures of the reports' tests. Golden files are written anew with ``UPDATE_GOLDEN=1 pytest tests/reports``."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import report_summaries
from headless_chromium import see

from loadtest.report.page import page
from loadtest.summary.summary import Summary

GOLDEN = Path(__file__).with_name("golden")


@pytest.fixture(params=sorted(report_summaries.ALL))
def any_summary(request: pytest.FixtureRequest) -> Summary:
    """A summary of each kind."""
    return report_summaries.ALL[request.param]()


@pytest.fixture(scope="session")
def pages() -> dict[str, str]:
    """The page of each kind of summary; drawn up once."""
    return {name: page(make()) for name, make in report_summaries.ALL.items()}


@pytest.fixture
def golden() -> Callable[[str, str], None]:
    """Compares a text with the golden file of that name."""

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        if os.environ.get("UPDATE_GOLDEN"):
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        wanted = path.read_text(encoding="utf-8") if path.exists() else ""
        assert text == wanted, f"{name} has changed; if that is wanted: UPDATE_GOLDEN=1 pytest tests/reports"

    return compare


@pytest.fixture
def browse(browser: Any, tmp_path: Path) -> Callable[..., list[str]]:
    """Opens a page in headless Chromium; gives what the console said until its charts were drawn."""

    def open_page(html: str, width: int = 1280) -> list[str]:
        path = tmp_path / "report.html"
        path.write_text(html, encoding="utf-8")
        see(browser, width)
        browser.get(path.as_uri())
        assert browser.find_element("css selector", "[data-charts='drawn']")
        return [line["message"] for line in browser.get_log("browser")]

    return open_page
