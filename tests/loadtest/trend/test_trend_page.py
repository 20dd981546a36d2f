"""trend.html in headless Chromium: on a phone, on a desk, and on paper."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from headless_chromium import see
from made_runs import series, with_check

from loadtest.run.records import Verdict
from loadtest.summary.summary import Summary
from loadtest.trend.markdown import letters
from loadtest.trend.page import page
from loadtest.trend.trending import trend

MEASURE = """
const box = (element) => element.getBoundingClientRect();
const cut = [...document.querySelectorAll(".chart svg")].flatMap((svg) => [...svg.querySelectorAll("text")]
  .filter((text) => box(text).width && (box(text).left < box(svg).left - 3 || box(text).right > box(svg).right + 3))
  .map((text) => text.textContent));
return JSON.stringify({
  page: document.documentElement.scrollWidth, window: innerWidth, cut,
  charts: document.querySelectorAll(".chart svg").length,
  sections: [...document.querySelectorAll("main section")].map((section) => section.id),
});
"""


@pytest.fixture(scope="module")
def worse(clean: Summary, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Slower, stale, on another machine, after a long gap: all that the page has words for."""
    runs = series(clean, [1.0] * 40 + [1.15] * 15)
    runs = [with_check(run, "fresh-reads", Verdict.FAIL) if place >= 50 else run for place, run in enumerate(runs)]
    late = [replace(run, run=replace(run.run, started=run.run.started.replace("2026", "2027"))) for run in runs[45:]]
    other = [replace(run, run=replace(run.run, host={**run.run.host, "cores": 64})) for run in runs[10:12]]
    path = tmp_path_factory.mktemp("trend") / "trend.html"
    path.write_text(page(trend([*runs[:10], *other, *runs[12:45], *late])), encoding="utf-8")
    return path


@pytest.mark.slow
@pytest.mark.parametrize(("width", "media"), [(360, "screen"), (1280, "screen"), (794, "print")])
def test_nothing_is_wider_than_the_phone_the_desk_or_the_paper(
    browser: Any, worse: Path, width: int, media: str
) -> None:
    see(browser, width, 800, media)
    browser.get(worse.as_uri())
    assert browser.find_element("css selector", "[data-charts='drawn']")
    measured = json.loads(browser.execute_script(MEASURE))
    assert measured["page"] <= measured["window"] == width
    assert measured["cut"] == []
    assert measured["charts"] == sum(id_ not in ("promises", "changes", "runs") for id_ in measured["sections"]) > 5
    assert browser.get_log("browser") == []


def test_what_fails_comes_first_and_a_gap_and_another_machine_are_said(worse: Path) -> None:
    html = worse.read_text(encoding="utf-8")
    body = html[html.index("<main>") :]
    assert body.index('<section id="promises">') < body.index('<section id="response-quiet-p50">')
    promises = body[body.index('<section id="promises">') :]
    assert promises.index("Fresh reads") < promises.index("Assumptions")
    for said in ("366 days without a run", "machine&#39;s cores (not recorded before, 64 now)", "2026-01-01 00:00 UTC"):
        assert said in html, said


def test_many_verdicts_fit_a_phone() -> None:
    passed, failed = [Verdict.PASS] * 40, [Verdict.FAIL] * 2
    assert letters([*passed, *failed, None, *passed[:3]]) == "40✓ ✗✗ · 3✓"
    assert letters([]) == ""
