"""Numbers as text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest import units


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "not measured"),
        (0, "0 ms"),
        (1, "1.00 ns"),
        (999.9, "1.00 µs"),
        (12_345, "12.3 µs"),
        (-12_345_678, "-12.3 ms"),
        (999_600_000, "1.00 s"),
        (90_000_000_000, "90.0 s"),
        (3_600_000_000_000, "3,600 s"),
    ],
)
def test_durations(value: float | None, text: str) -> None:
    assert units.duration(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "not measured"),
        (119_000_000_000, "119 s"),
        (120_000_000_000, "2 min 0 s"),
        (725_400_000_000, "12 min 5 s"),
        (3_599_600_000_000, "1 h 0 min"),
        (7_320_000_000_000, "2 h 2 min"),
    ],
)
def test_long_durations(value: float | None, text: str) -> None:
    assert units.seconds(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "not measured"),
        (0, "0 %"),
        (1, "100 %"),
        (0.5, "50.0 %"),
        (0.00123456, "0.123 %"),
        (0.99999, "99.999 %"),
        (0.9999999, "99.99999 %"),
        (0.995, "99.5 %"),
        (0.0000123, "0.00123 %"),
    ],
)
def test_shares(value: float | None, text: str) -> None:
    assert units.share(value) == text


@given(st.floats(0, 1, exclude_min=True, exclude_max=True, allow_subnormal=False))
def test_a_share_is_only_called_none_or_all_when_it_is(value: float) -> None:
    text = units.share(value)
    assert text not in ("0 %", "100 %") or value * 100 in (0.0, 100.0)


def test_others() -> None:
    assert (units.ratio(None), units.ratio(1.0449), units.ratio(123.4)) == ("not measured", "1.04x", "123x")
    assert (units.count(None), units.count(12_345)) == ("not measured", "12,345")
    assert (units.counted(1, "read"), units.counted(2, "read"), units.counted(2, "is", "are")) == (
        "1 read",
        "2 reads",
        "2 are",
    )
    assert (units.rate(None), units.rate(1234.5, "reads"), units.rate(0.5)) == (
        "not measured",
        "1,234 reads/s",
        "0.500/s",
    )
    assert (units.size(None), units.size(999), units.size(1_234_567)) == ("not measured", "999 B", "1.23 MB")
    assert units.interval("1", "2") == "95 % interval 1 to 2"
    assert units.none_in(60_000) == "at 95 % confidence below 0.00500 %, or 1 in 20,000"
    assert (units.none_in(5), units.none_in(0)) == ("too few to tell", "not measured")


@given(st.floats(-1e15, 1e15))
def test_three_significant_digits_are_kept(value: float) -> None:
    text = units.significant(value)
    assert "e" not in text
    assert float(text.replace(",", "")) == pytest.approx(value, rel=0.006, abs=1e-300)
