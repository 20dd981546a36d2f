"""report.html in headless Chromium: it draws without a word on the console, and nothing is cut off."""

import re
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.slow

Browse = Callable[..., list[str]]


@pytest.mark.parametrize("name", ["passing", "failing", "inconclusive", "empty", "without-windows", "hostile"])
def test_page_draws_every_chart_and_the_console_stays_silent(
    browse: Browse, browser: Any, pages: dict[str, str], name: str
) -> None:
    assert browse(pages[name]) == []
    document = browser.page_source
    charts = re.findall(r'<div class="chart[^"]*" id="(chart-[^"]+)".*?</svg>', document, flags=re.DOTALL)
    assert charts == re.findall(r'data-chart="([^"]+)"', pages[name])
    for section in (
        "impact",
        "whole",
        "freshness",
        "conditional",
        "answered",
        "believe",
        "checks",
        "settings",
        "words",
    ):
        assert f'<section id="{section}">' in document


MEASURE = """
const cut = [...document.querySelectorAll(".chart svg")].flatMap((svg) => {
  const frame = svg.getBoundingClientRect();
  return [...svg.querySelectorAll("text")].filter((text) => {
    const box = text.getBoundingClientRect();
    return box.width && (box.left < frame.left - 3 || box.right > frame.right + 3 || box.bottom > frame.bottom + 3);
  }).map((text) => svg.closest(".chart").id + ": " + text.textContent);
});
const root = document.documentElement;
return { page: root.scrollWidth, window: root.clientWidth, cut };
"""


@pytest.mark.parametrize("width", [500, 1280])
def test_nothing_is_wider_than_the_screen_and_no_label_is_cut_off(
    browse: Browse, browser: Any, pages: dict[str, str], width: int
) -> None:
    assert browse(pages["failing"], width) == []
    measured = browser.execute_script(MEASURE)
    assert measured["page"] <= measured["window"] <= width
    assert measured["cut"] == []


HOVER = """
const bars = document.querySelectorAll("#chart-latency-over-time svg g.mark-rect path");
const last = bars[bars.length - 1], box = last.getBoundingClientRect();
for (const kind of ["pointerover", "pointermove", "mouseover", "mousemove"])
  last.dispatchEvent(new MouseEvent(kind, { bubbles: true, clientX: box.left + 1, clientY: box.top + 1 }));
"""


def test_hovering_over_a_moment_shows_its_values(browse: Browse, browser: Any, pages: dict[str, str]) -> None:
    assert browse(pages["passing"]) == []
    browser.execute_script(HOVER)
    tooltip = browser.find_element("css selector", "#vg-tooltip-element.visible")
    cells = [cell.get_attribute("textContent") for cell in tooltip.find_elements("css selector", "td")]
    assert cells == ["from", "59.0 s", "p50", "3.30 ms", "p99", "10.4 ms", "slowest", "17.4 ms"]


def test_the_policy_refuses_a_script_that_is_not_of_the_page(
    browse: Browse, browser: Any, pages: dict[str, str]
) -> None:
    said = browse(pages["empty"] + '<script>document.title = "owned"</script>')
    assert browser.title != "owned"
    assert any("Content Security Policy" in line for line in said)


FOLDED = """
const closed = () => document.querySelectorAll("details:not([open])").length;
const widths = [...document.querySelectorAll("details .chart svg")].map((svg) => svg.viewBox.baseVal.width);
const before = closed();
dispatchEvent(new Event("beforeprint"));
const printed = closed();
dispatchEvent(new Event("afterprint"));
const after = closed();
location.hash = "#word-p99";
return { before, printed, after, narrowest: Math.min(...widths) };
"""


def test_what_is_folded_is_drawn_and_printed_and_opened_by_a_link(
    browse: Browse, browser: Any, pages: dict[str, str]
) -> None:
    assert browse(pages["failing"]) == []
    seen = browser.execute_script(FOLDED)
    assert seen["before"] == seen["after"] > 10
    assert seen["printed"] == 0
    assert seen["narrowest"] > 500
    assert browser.find_element("css selector", "details[open] #word-p99")
