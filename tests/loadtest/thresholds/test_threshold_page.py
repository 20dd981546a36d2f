"""docs/thresholds.md: what it lists is what there is, and what it shows works."""

import re
import shlex
from pathlib import Path

from loadtest.judge.thresholds.grammar import UNITS, parse
from loadtest.judge.thresholds.judging import evaluate
from loadtest.judge.thresholds.metrics import IMPACT_QUANTILES, LATENCY_QUANTILES, METRICS, POPULATIONS, TIMES
from loadtest.load.options import settings_from
from loadtest.run.history import History
from loadtest.summary.summary import Summary
from tests.loadtest.load.chosen_settings import options

PAGE = (Path(__file__).parents[3] / "docs" / "thresholds.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (`.+?`[^|]*) \| (\w+) \| ([^|]+) \|$", PAGE, re.M)


def test_every_metric_is_listed_once_with_its_dimension_and_definition() -> None:
    listed = {}
    for names, dimension, definition in ROWS:
        (name,) = {found.split("(")[0] for found in re.findall(r"`([^`]+)`", names)}
        assert name not in listed
        listed[name] = (dimension, definition)
    assert set(listed) == set(METRICS) - set(LATENCY_QUANTILES)
    for name, (dimension, definition) in listed.items():
        assert dimension == METRICS[name].dimension
        assert definition.startswith(METRICS[name].definition), name
        assert ("an interval" in definition) == METRICS[name].is_interval, name


def test_choices_are_listed() -> None:
    for choice in (*TIMES, *POPULATIONS, *LATENCY_QUANTILES, *(f"impact({name})" for name in IMPACT_QUANTILES)):
        assert f"`{choice}`" in PAGE
    for units in UNITS.values():
        for unit in set(units) - {"", "µs", "kB"}:
            assert f"`{unit}`" in PAGE


def test_the_examples_can_be_judged(clean: tuple[Summary, History]) -> None:
    examples = [
        line for block in re.findall(r"^```text\n(.*?)^```$", PAGE, re.M | re.S) for line in block.splitlines() if line
    ]
    assert len(examples) > 15
    results = evaluate(examples, *clean)
    assert all(result.number.value is not None for result in results)


def test_the_command_is_taken_by_locust() -> None:
    (command,) = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.M | re.S)
    program, *arguments = shlex.split(command.replace("\\\n", " "))
    assert program == "locust"
    assert len(settings_from(options(*arguments)).thresholds) == 4
    for text in re.findall(r'LOCUST_THRESHOLD="([^"]+)"', PAGE):
        assert len(parse(text)) == 2
