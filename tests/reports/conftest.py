"""Fixtures of the reports' tests. Golden files are written anew with ``UPDATE_GOLDEN=1 pytest tests/reports``."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import report_summaries

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


@pytest.fixture(scope="session")
def browse(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., tuple[str, list[str]]]:
    """Opens a page in headless Chromium; gives its document as drawn, and what the console said."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no Chromium is installed")

    def open_page(html: str, width: int = 1280) -> tuple[str, list[str]]:
        folder = tmp_path_factory.mktemp("browser")
        path = folder / "report.html"
        path.write_text(html, encoding="utf-8")
        command = [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
        command += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
        command += [f"--user-data-dir={folder / 'profile'}", f"--window-size={width},1000"]
        command += ["--virtual-time-budget=10000", "--enable-logging=stderr", "--dump-dom", path.as_uri()]
        done = subprocess.run(command, capture_output=True, check=True, timeout=120)
        said = [line for line in done.stderr.decode(errors="replace").splitlines() if "CONSOLE" in line]
        return done.stdout.decode(), said

    return open_page
