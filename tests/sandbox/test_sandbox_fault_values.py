"""How faults are written, and what a wrong value gets."""

from random import Random
from statistics import mean, median, stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.sandbox.faults.registry import FaultSet, UnknownFaultError, split_assignment
from loadtest.sandbox.faults.values import FaultValueError, distribution, duration, share


@pytest.mark.parametrize(
    ("text", "seconds"), [("250us", 0.00025), ("5ms", 0.005), ("1.5s", 1.5), ("2m", 120), ("0", 0), (" 7 ms ", 0.007)]
)
def test_durations(text: str, seconds: float) -> None:
    assert duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "5", "5 minutes", "-5ms", "ms", "1e3s", "11m", "nan", "5ms5"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(FaultValueError):
        duration(text)


@pytest.mark.parametrize(("text", "value"), [("5%", 0.05), ("0.05", 0.05), ("on", 1), ("100%", 1), ("0", 0), ("1", 1)])
def test_shares(text: str, value: float) -> None:
    assert share(text) == pytest.approx(value)


@pytest.mark.parametrize("text", ["", "5", "101%", "-1%", "half", "nan", "inf", "%"])
def test_what_is_no_share(text: str) -> None:
    with pytest.raises(FaultValueError, match="is not a share; write it like"):
        share(text)


def draws(text: str) -> list[float]:
    random, drawn = Random(3), distribution(text)
    return [drawn.draw(random) * 1000 for _ in range(20_000)]


def test_distributions_have_the_parameters_they_name() -> None:
    assert set(draws("5ms")) == {5.0}
    normal = draws("normal(50ms,5ms)")
    assert (mean(normal), stdev(normal)) == (pytest.approx(50, rel=0.02), pytest.approx(5, rel=0.05))
    uniform = draws("uniform(1ms, 9ms)")
    assert 1 <= min(uniform) < 1.1 < 8.9 < max(uniform) <= 9
    assert mean(draws("exp(5ms)")) == pytest.approx(5, rel=0.03)
    assert median(draws("lognormal(5ms,0.5)")) == pytest.approx(5, rel=0.03)
    assert min(draws("normal(1ms,5ms)")) == 0


@pytest.mark.parametrize(
    "text",
    ["normal(5ms)", "uniform(9ms,1ms)", "exp(0ms)", "lognormal(5ms,x)", "lognormal(5ms,9)", "gamma(1ms)", "exp()"],
)
def test_what_is_no_distribution(text: str) -> None:
    with pytest.raises(FaultValueError):
        distribution(text)


@pytest.mark.parametrize(
    ("assignment", "sentence"),
    [
        ("latency", "has no value; write latency=DURATION"),
        (
            "latncy=5ms",
            "there is no fault 'latncy'; there are 304-other-etag, 304-with-body, 304-without-etag, after-write",
        ),
        ("=5ms", "there is no fault ''"),
    ],
)
def test_wrong_assignments(assignment: str, sentence: str) -> None:
    with pytest.raises(FaultValueError, match=sentence):
        split_assignment(assignment)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("freeze", "1s"),
        ("freeze", "2s/1s"),
        ("freeze", "0s/1s"),
        ("replicas", "5ms"),
        ("replicas", """ , """),
        ("cache-ttl", "0"),
        ("write-block", "on"),
        ("late-write", "1s,200%"),
        ("foreign-writer", "0ms"),
        ("torn", "lots"),
        ("own-etags", "md4"),
        ("put-etag", "gzip"),
        ("rewrite", "5%,zip"),
        ("rewrite", "5%,"),
        ("lost-update", "all"),
        *(
            ("after-write", value)
            for value in (
                *("20ms", "1s,20ms", "1s..2s", "2s..1s,20ms", "1s..1s,20ms", "1s..2s,0", "0s..4s", "0s..4s,0ms"),
                *("a..b,c", "..,"),
            )
        ),
    ],
)
def test_a_wrong_value_is_named_with_its_fault(name: str, value: str) -> None:
    with pytest.raises(FaultValueError, match=f"the value of the fault {name} cannot be used"):
        FaultSet(1).set(name, value)


def test_several_faults_change_together_or_not_at_all() -> None:
    faults = FaultSet(1)
    faults.update({"latency": "5ms", "torn": "1%"})
    with pytest.raises(FaultValueError):
        faults.update({"latency": "9ms", "torn": "lots"})
    with pytest.raises(UnknownFaultError):
        faults.update({"latency": "9ms", "unknown": "1%"})
    assert faults.values() == {"latency": "5ms", "torn": "1%"}
    faults.update({"latency": "off"})
    assert faults.values() == {"torn": "1%"}


@given(st.text(max_size=20))
def test_any_text_is_a_value_or_a_clear_refusal(text: str) -> None:
    for parse in (duration, share, distribution):
        try:
            parse(text)
        except FaultValueError as error:
            assert repr(text) in str(error) or "duration" in str(error) or "sigma" in str(error)
