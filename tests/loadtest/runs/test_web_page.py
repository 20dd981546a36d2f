"""Locust's own page, used as a person does: start a run from it, watch the tab, stop, and find the report."""

import time
from typing import Any

import pytest
from locust_process import Start
from selenium.webdriver.common.keys import Keys

from benchmarks.nginx import free_port
from loadtest.sandbox.process import RunningSandbox


def test_a_run_is_started_watched_and_stopped_in_the_page(
    sandbox: RunningSandbox, start: Start, browser: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    port = free_port()
    run = start(sandbox.outputs_path, "--web-host", "127.0.0.1", "--web-port", str(port), run_time=None, headless=False)
    for _ in range(200):
        try:
            browser.get(f"http://127.0.0.1:{port}")
            break
        except Exception:  # the page is not there yet
            time.sleep(0.1)
    field = browser.find_element("name", "userCount")
    field.send_keys(Keys.CONTROL, "a")
    field.send_keys("8")
    browser.find_element("xpath", "//button[contains(translate(., 'START', 'start'), 'start')]").click()
    tab = browser.find_element("xpath", "//button[@role='tab' and contains(., 'Read model')]")
    run.wait_until_reading(2000)
    tab.click()
    rows = until(lambda: table(browser), lambda found: int(found.get("reads", "0").replace(",", "")) > 500)
    assert rows["stale reads"] == "0"
    assert rows["not whole or not ours"] == "0"
    assert rows["window"] == "writing all the time"
    assert float(rows["304 share"].split()[0]) > 10
    assert {"writes", "errors", "longest consistency window", "generator delay"} <= rows.keys()
    browser.save_screenshot(str(tmp_path_factory.getbasetemp() / "web-page.png"))
    browser.find_element("xpath", "//button[contains(translate(., 'STOP', 'stop'), 'stop')]").click()
    assert until((run.run_dir / "report.html").exists, bool)
    refused = [line for line in browser.get_log("browser") if line["level"] == "SEVERE"]
    assert not refused


def table(browser: Any) -> dict[str, str]:
    lines = [
        [cell.text for cell in row.find_elements("css selector", "td")]
        for row in browser.find_elements("css selector", "table tbody tr")
    ]
    return {line[0]: line[1] for line in lines if len(line) >= 2}


def until(look: Any, enough: Any, seconds: float = 30) -> Any:
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if enough(found) or time.monotonic() > deadline:
            return found
        time.sleep(0.2)
