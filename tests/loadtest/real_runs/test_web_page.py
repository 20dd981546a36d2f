"""Locust's own page, used as a person does: start a run from it, watch the tab, stop, and find the report."""

import socket
from typing import Any

import pytest
from locust_process import Start
from selenium.webdriver.common.keys import Keys

from benchmarks.nginx import free_port
from loadtest.sandbox.process import RunningSandbox

TABLE = """
const rows = [...document.querySelectorAll("table tbody tr")].map((row) => [...row.querySelectorAll("td")]);
return Object.fromEntries(rows.filter((row) => row.length > 1).map((row) => [row[0].innerText, row[1].innerText]));
"""


def test_a_run_is_started_watched_and_stopped_in_the_page(
    sandbox: RunningSandbox, start: Start, browser: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    port = free_port()
    run = start(sandbox.outputs_path, "--web-host", "127.0.0.1", "--web-port", str(port), run_time=None, headless=False)
    run.wait_until(lambda: is_listening(port))
    browser.get(f"http://127.0.0.1:{port}")
    field = browser.find_element("name", "userCount")
    field.send_keys(Keys.CONTROL, "a")
    field.send_keys("8")
    browser.find_element("xpath", "//button[contains(translate(., 'START', 'start'), 'start')]").click()
    tab = browser.find_element("xpath", "//button[@role='tab' and contains(., 'Read model')]")
    run.wait_until_recorded(600)
    tab.click()
    run.wait_until(lambda: int(table(browser).get("reads", "0").replace(",", "")) > 500)
    rows = table(browser)
    assert rows["stale reads"] == "0"
    assert rows["not whole or not ours"] == "0"
    assert rows["window"] == "writing all the time"
    assert float(rows["304 share"].split()[0]) > 10
    assert {"writes", "errors", "longest consistency window", "generator delay"} <= rows.keys()
    browser.save_screenshot(str(tmp_path_factory.getbasetemp() / "web-page.png"))
    browser.find_element("xpath", "//button[contains(translate(., 'STOP', 'stop'), 'stop')]").click()
    run.wait_until((run.run_dir / "report.html").exists)
    refused = [line for line in browser.get_log("browser") if line["level"] == "SEVERE"]
    assert not refused


def table(browser: Any) -> dict[str, str]:
    rows: dict[str, str] = browser.execute_script(TABLE)  # all at once: the page draws it anew every second
    return rows


def is_listening(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0
