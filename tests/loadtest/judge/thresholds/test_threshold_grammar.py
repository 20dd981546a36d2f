"""What a threshold may look like, the one sentence for each that is none, and the page that lists them."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest
from chosen_settings import options
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from loadtest.errors import UsageError
from loadtest.judge.thresholds.grammar import UNITS, ThresholdError, parse
from loadtest.judge.thresholds.judging import evaluate
from loadtest.judge.thresholds.metrics import IMPACT_QUANTILES, LATENCY_QUANTILES, METRICS, POPULATIONS, TIMES
from loadtest.load.options.options import settings_from
from loadtest.project import locust_command
from loadtest.run.history.history import History
from loadtest.summary.summary import Summary


@pytest.mark.parametrize(
    ("text", "metric", "arguments", "comparison", "limit"),
    [
        ("p99(response, writing) < 250ms", "p99", ("response", "writing"), "<", 250e6),
        ("p99(writing,response)<=0.25s", "p99", ("writing", "response"), "<=", 250e6),
        ("p99.9 < 1 min", "p99.9", (), "<", 60e9),
        ("p50(304) > 10us", "p50", ("304",), ">", 10e3),
        ("max(service) < 500ns", "max", ("service",), "<", 500),
        ("stale_share == 0", "stale_share", (), "==", 0),
        ("window.max < 1s", "window.max", (), "<", 1e9),
        ("errors < 0.1%", "errors", (), "<", 0.001),
        ("bytes_saved > 60 %", "bytes_saved", (), ">", 0.6),
        ("impact(p99) < 1.2", "impact", ("p99",), "<", 1.2),
        ("bytes_received <= 12.5MB", "bytes_received", (), "<=", 12.5e6),
        ("stale_reads != 3", "stale_reads", (), "!=", 3),
        ("reads_per_second >= 100", "reads_per_second", (), ">=", 100),
    ],
)
def test_what_is_understood(text: str, metric: str, arguments: tuple[str, ...], comparison: str, limit: float) -> None:
    (found,) = parse(text)
    assert (found.metric, found.arguments, found.comparison, found.limit) == (metric, arguments, comparison, limit)
    assert found.expression == text


def test_several_in_one_text() -> None:
    found = parse("errors < 0.1% ; p99 < 250ms;")
    assert [each.expression for each in found] == ["errors < 0.1%", "p99 < 250ms"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "ends too early"),
        ("p99", "ends too early"),
        ("p99 <", "ends too early"),
        ("p99(quiet", "ends too early"),
        ("errors = 0", "is not a threshold from '= 0' on"),
        ("p99 < -5ms", "is not a threshold from '-5ms' on"),
        ("p99 < 5ms please", "is not a threshold from 'please' on"),
        ("p98 < 5ms", "asks for 'p98', which does not exist: did you mean p99 or p95 or p90? docs/thresholds.md lists"),
        ("error < 1%", "did you mean errors"),
        ("xyzzy < 1%", "which does not exist: docs/thresholds.md lists all metrics"),
        ("p99(writting) < 5ms", "did you mean writing? it takes one of response service, and one of all"),
        ("p99(quiet, writing) < 5ms", "gives p99 both quiet and writing: choose one"),
        ("errors(quiet) < 1%", "it takes nothing in parentheses"),
        ("impact < 1.2", "does not say which impact: it takes one of p50 p90 p99"),
        ("impact(p99) == 1", "is known as an interval, which never equals a number: use < or >"),
        ("p99 < 250", "has the limit '250', but p99 is a duration: give it ns, us, ms, s or min"),
        ("p99 < 250%", "has the limit '250%', but p99 is a duration"),
        ("errors < 0.1", "errors is a share: give it in %"),
        ("stale_reads < 1ms", "stale_reads is a count: give a plain number"),
        ("impact(p99) < 120%", "impact is a ratio"),
    ],
)
def test_what_is_refused_gets_one_sentence(text: str, said: str) -> None:
    with pytest.raises(ThresholdError) as refused:
        parse(text)
    sentence = str(refused.value)
    assert said in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence


@hypothesis_settings(deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_understood_or_refused(text: str) -> None:
    try:
        parse(text)
    except ThresholdError as refused:
        assert str(refused).endswith(".")


@hypothesis_settings(deadline=None)
@given(st.data())
def test_every_metric_can_be_asked_for_in_each_of_its_units(data: st.DataObject) -> None:
    metric = METRICS[data.draw(st.sampled_from(sorted(METRICS)))]
    arguments = tuple(data.draw(st.sampled_from(choices)) for choices in metric.arguments)
    unit = data.draw(st.sampled_from(sorted(UNITS[metric.dimension])))
    number = data.draw(st.integers(0, 10**6))
    inside = f"({', '.join(arguments)})" if arguments else ""
    (found,) = parse(f"{metric.name}{inside} <= {number}{unit}")
    assert found.limit == float(number * UNITS[metric.dimension][unit])
    assert metric.chosen(found.arguments) == arguments


def settings(*arguments: str) -> tuple[str, ...]:
    return settings_from(options(*arguments)).thresholds


def test_the_option_may_be_repeated() -> None:
    given_twice = ("--threshold", "errors < 0.1%", "--threshold", "p99 < 250ms; stale_reads == 0")
    assert settings(*given_twice) == ("errors < 0.1%", "p99 < 250ms", "stale_reads == 0")


def test_the_variable_holds_several(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCUST_THRESHOLD", "errors < 0.1%; p99(response, writing) < 250ms")
    assert settings() == ("errors < 0.1%", "p99(response, writing) < 250ms")


def test_the_option_refuses_what_cannot_be_measured() -> None:
    with pytest.raises(UsageError, match=r"^--threshold 'p98 < 5ms' asks for 'p98', which does not exist"):
        settings("--threshold", "p98 < 5ms")


def test_locust_ends_with_2_before_any_load(tmp_path: Path) -> None:
    command = locust_command()
    command += ["-u", "1", "-t", "2s", "--host", "http://127.0.0.1:9", "--bucket", "bucket"]
    command += ["--run-dir", str(tmp_path / "run"), "--threshold", "p98 < 5ms"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=90)
    assert done.returncode == 2
    assert "--threshold 'p98 < 5ms' asks for 'p98', which does not exist" in done.stderr + done.stdout
    assert "Traceback" not in done.stderr + done.stdout
    assert not (tmp_path / "run").exists()


PAGE = (Path(__file__).parents[4] / "docs" / "thresholds.md").read_text(encoding="utf-8")
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
