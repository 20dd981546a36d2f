"""report.html in headless Chromium: it draws without a word on the console, and nothing is cut off."""

import json
import re
from collections.abc import Callable

import pytest

pytestmark = pytest.mark.slow

Browse = Callable[..., tuple[str, list[str]]]

# Foreign to the page, whose policy would rightly refuse it; so the policy is taken out where this goes in.
MEASURE = """<script>
addEventListener("load", () => setTimeout(() => {
  const cut = [...document.querySelectorAll(".chart svg")].flatMap((svg) => {
    const frame = svg.getBoundingClientRect();
    return [...svg.querySelectorAll("text")].filter((text) => {
      const box = text.getBoundingClientRect();
      return box.width && (box.left < frame.left - 3 || box.right > frame.right + 3 || box.bottom > frame.bottom + 3);
    }).map((text) => svg.closest(".chart").id + ": " + text.textContent);
  });
  const root = document.documentElement;
  const measured = { page: root.scrollWidth, window: root.clientWidth, cut };
  document.title = JSON.stringify(measured);
}, 2000));
</script>"""


@pytest.mark.parametrize("name", ["passing", "failing", "inconclusive", "empty", "without-windows", "hostile"])
def test_page_draws_every_chart_and_the_console_stays_silent(browse: Browse, pages: dict[str, str], name: str) -> None:
    document, said = browse(pages[name])
    assert said == []
    assert 'data-charts="drawn"' in document
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


@pytest.mark.parametrize("width", [500, 1280])
def test_nothing_is_wider_than_the_screen_and_no_label_is_cut_off(
    browse: Browse, pages: dict[str, str], width: int
) -> None:
    html = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", pages["failing"])
    document, said = browse(html + MEASURE, width)
    assert said == []
    title = re.search(r"<title>(.*?)</title>", document)
    assert title
    measured = json.loads(title[1])
    assert measured["page"] <= measured["window"]
    assert measured["cut"] == []


HOVER = """<script>
addEventListener("load", () => setTimeout(() => {
  const bars = document.querySelectorAll("#chart-latency-over-time svg g.mark-rect path");
  const last = bars[bars.length - 1], box = last.getBoundingClientRect();
  for (const kind of ["pointerover", "pointermove", "mouseover", "mousemove"])
    last.dispatchEvent(new MouseEvent(kind, { bubbles: true, clientX: box.left + 1, clientY: box.top + 1 }));
}, 2000));
</script>"""


def test_hovering_over_a_moment_shows_its_values(browse: Browse, pages: dict[str, str]) -> None:
    html = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", pages["passing"])
    document, said = browse(html + HOVER)
    assert said == []
    tooltip = re.search(
        r'<div id="vg-tooltip-element"[^>]*class="[^"]*visible[^"]*"[^>]*>(.*?)</div>', document, re.DOTALL
    )
    assert tooltip
    cells = re.findall(r"<td[^>]*>([^<]*)</td>", tooltip[1])
    assert cells == ["from", "59.0 s", "p50", "3.30 ms", "p99", "10.4 ms", "slowest", "17.4 ms"]


def test_the_policy_refuses_a_script_that_is_not_of_the_page(browse: Browse, pages: dict[str, str]) -> None:
    document, said = browse(pages["empty"] + '<script>document.title = "owned"</script>')
    assert "owned</title>" not in document
    assert any("Content Security Policy" in line for line in said)


FOLDED = """<script>
addEventListener("load", () => setTimeout(() => {
  const closed = () => document.querySelectorAll("details:not([open])").length;
  const widths = [...document.querySelectorAll("details .chart svg")].map((svg) => svg.viewBox.baseVal.width);
  const before = closed();
  dispatchEvent(new Event("beforeprint"));
  const printed = closed();
  dispatchEvent(new Event("afterprint"));
  const after = closed();
  location.hash = "#word-p99";
  setTimeout(() => {
    const revealed = !!document.getElementById("word-p99").closest("details").open;
    document.title = JSON.stringify({ before, printed, after, revealed, narrowest: Math.min(...widths) });
  }, 500);
}, 2000));
</script>"""


def test_what_is_folded_is_drawn_and_printed_and_opened_by_a_link(browse: Browse, pages: dict[str, str]) -> None:
    html = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", pages["failing"])
    document, said = browse(html + FOLDED)
    assert said == []
    title = re.search(r"<title>(.*?)</title>", document)
    assert title
    seen = json.loads(title[1])
    assert seen["before"] == seen["after"] > 10
    assert seen["printed"] == 0
    assert seen["revealed"]
    assert seen["narrowest"] > 500
