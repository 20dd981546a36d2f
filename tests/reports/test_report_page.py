"""report.html: complete in itself, safe against what it shows, and in words where there is nothing to draw."""

import base64
import hashlib
import json
import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import altair as alt
import pytest
import report_summaries
import vl_convert

from loadtest.report import write_reports
from loadtest.report.page import page
from loadtest.run.records import Verdict
from loadtest.summary.summary import Summary, read_summary

STYLE = (Path(__file__).parents[2] / "loadtest/report/page/report.css").read_text()
QUESTION = "Is ETag honoured, and what does it save?"


class Parsed(HTMLParser):
    """Tags with their attributes, the scripts, and the visible text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.scripts: list[tuple[dict[str, str], str]] = []
        self.text: list[str] = []
        self._open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attrs}
        self.tags.append((tag, named))
        if tag == "script":
            self.scripts.append((named, ""))
        self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        inside = self._open[-1] if self._open else ""
        if inside == "script":
            attributes, text = self.scripts[-1]
            self.scripts[-1] = (attributes, text + data)
        elif inside != "style":
            self.text.append(data)

    @property
    def words(self) -> str:
        return " ".join(" ".join(self.text).split())


def specs(html: str) -> dict[str, dict]:
    return {
        attributes["data-chart"]: json.loads(text)
        for attributes, text in Parsed(html).scripts
        if "data-chart" in attributes
    }


@pytest.mark.parametrize("name", sorted(report_summaries.ALL))
def test_loads_nothing_from_anywhere(pages: dict[str, str], name: str) -> None:
    parsed = Parsed(pages[name])
    for tag, attributes in parsed.tags:
        assert tag not in ("link", "iframe", "img", "object", "embed", "base", "form"), tag
        for attribute in ("src", "srcset", "data", "action", "xlink:href"):
            assert attribute not in attributes, (tag, attributes)
        assert attributes.get("href", "#").startswith("#"), (tag, attributes)
        assert not any(attribute.startswith("on") for attribute in attributes), (tag, attributes)
    assert "url(" not in STYLE
    assert "@import" not in STYLE


@pytest.mark.parametrize("name", sorted(report_summaries.ALL))
def test_policy_forbids_the_network_and_names_exactly_the_scripts_that_run(pages: dict[str, str], name: str) -> None:
    parsed = Parsed(pages[name])
    policy = next(
        attributes["content"]
        for tag, attributes in parsed.tags
        if tag == "meta" and attributes.get("http-equiv") == "Content-Security-Policy"
    )
    assert "default-src 'none'" in policy
    assert "http" not in policy
    run = [text for attributes, text in parsed.scripts if attributes.get("type") != "application/json"]
    hashes = {"sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in run}
    assert hashes == set(re.findall(r"'(sha256-[^']+)'", policy))


def test_hostile_text_is_shown_as_text_and_makes_no_markup(pages: dict[str, str]) -> None:
    hostile, harmless = Parsed(pages["hostile"]), Parsed(pages["failing"])
    # The same elements, but for those that a report draws once for each number, setting and witness.
    extra = Counter(tag for tag, _ in hostile.tags)
    known = {tag for tag, _ in harmless.tags}
    assert set(extra) <= known
    assert extra["script"] == len(specs(pages["hostile"])) + 2
    assert '<script>alert("x")</script>' in hostile.words
    assert not any("alert" in text for attributes, text in hostile.scripts if "data-chart" in attributes)
    assert "\x1b" not in pages["hostile"]
    assert "\u202e" not in pages["hostile"]


def test_largest_run_stays_under_three_megabytes(pages: dict[str, str]) -> None:
    assert len(pages["largest"].encode()) < 3_000_000


def test_answers_come_first_each_with_verdict_number_and_sentence(pages: dict[str, str]) -> None:
    words = Parsed(pages["failing"]).words
    start = words[: words.index("Question 1")]
    assert "in the sandbox: 2 of 4 questions fail: speed while writing and old versions. 2 pass." in start
    for text in (QUESTION, "33.3 %", "share of document bytes not sent thanks to 304", "The answer to conditional."):
        assert text in start
    assert "a simulator of AWS on the tester's own machine, and not AWS" in start
    assert "repeat the run against AWS before you release" in start


@pytest.mark.parametrize(
    ("name", "verdict"), [("passing", "PASS"), ("failing", "FAIL"), ("inconclusive", "INCONCLUSIVE")]
)
def test_verdict_is_in_the_title_and_the_heading(pages: dict[str, str], name: str, verdict: str) -> None:
    assert f"<title>{verdict} in the sandbox:" in pages[name]
    words = Parsed(pages[name]).words
    heading = words[words.index("2026") :][:200]
    assert verdict in heading
    assert [other.value for other in Verdict if other.value in heading] == [verdict]


def test_none_found_is_never_said_without_its_bound(pages: dict[str, str]) -> None:
    words = Parsed(pages["passing"]).words
    assert "at 95 % confidence below 0.0517 %, or 1 in 1,933" in words


def test_sections_without_data_say_so_in_words(pages: dict[str, str]) -> None:
    words = Parsed(pages["empty"]).words
    assert specs(pages["empty"]) == {}
    for sentence in (
        "No read succeeded, so there is no latency to show over time.",
        "No write after the first one was acknowledged, so there is nothing to follow.",
        "Nothing was read and nothing was written.",
        "The load generator recorded nothing about itself",
        "No check was made.",
    ):
        assert sentence in words
    assert not re.search(r"\bNone\b(?! was found|-Match)", words)
    assert "nan" not in words.lower().split()


def test_run_without_windows_shows_all_reads_and_says_why_there_is_no_slowdown(pages: dict[str, str]) -> None:
    words = Parsed(pages["without-windows"]).words
    assert "too few pairs of quiet and writing windows" in words
    assert "all reads" in words
    assert {"chart-latency-over-time", "chart-distribution"} <= set(specs(pages["without-windows"]))


def test_witness_shows_its_operations(pages: dict[str, str]) -> None:
    words = Parsed(pages["failing"]).words
    assert "Reader 0/3 was given version 6 although write 7 had been acknowledged" in words
    assert (
        "write of version 8 (outcome unknown: it may take effect at any later time) at 200 ms, never returned" in words
    )
    assert (
        "reader 0/3 got version 6 (status 200, sent the ETag of version 5, request abc-123) at 300 ms, took 4.00 ms"
        in words
    )


def test_crashed_check_shows_its_error(pages: dict[str, str]) -> None:
    assert "ValueError: a <b> & c" in Parsed(pages["inconclusive"]).words


def test_specifications_are_valid_and_draw(pages: dict[str, str]) -> None:
    """By the schema of Vega-Lite, and through the same Vega as in the page; every number of a drawing must be one."""
    seen = set()
    for name in ("failing", "without-windows"):
        for chart, spec in specs(pages[name]).items():
            alt.schema.core.Root.validate(spec)
            drawn = vl_convert.vegalite_to_svg(spec | {"width": 600})
            assert not re.search(r"NaN|Infinity|undefined", drawn), chart
            seen.add(chart)
    assert len(seen) == 8


def test_every_colour_of_the_charts_is_defined_for_light_and_for_dark(pages: dict[str, str]) -> None:
    used = set(re.findall(r"var\(--([a-z-]+)\)", pages["failing"])) - {"swatch"}
    light, _, dark = STYLE.partition("prefers-color-scheme: dark")
    for name in used:
        assert f"--{name}:" in light, name
        assert f"--{name}:" in dark, name


def test_page_reads_as_its_golden_file(golden, pages: dict[str, str]) -> None:
    """All of the page but its scripts and its style."""
    for name in ("failing", "empty"):
        html = re.sub(r"<script>.*?</script>", "", pages[name], flags=re.DOTALL)
        html = re.sub(r"(<script type=[^>]*>).*?</script>", r"\1</script>", html, flags=re.DOTALL)
        html = re.sub(r"<style>.*?</style>", "", html, flags=re.DOTALL)
        golden(f"{name}.html", re.sub(r"'sha256-[^']+'", "'sha256-…'", html))


def test_same_summary_gives_the_same_bytes() -> None:
    assert page(report_summaries.failing()) == page(report_summaries.failing())


def test_all_reports_are_written_whole_and_the_summary_comes_back(tmp_path: Path, any_summary: Summary) -> None:
    written = write_reports(any_summary, tmp_path)
    assert [path.name for path in written] == ["summary.json", "report.md", "report.html", "junit.xml"]
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in written}
    assert read_summary(tmp_path / "summary.json") == any_summary
