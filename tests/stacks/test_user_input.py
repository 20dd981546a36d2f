"""What a user gave: shown on one short line, and what is not a file, or has no end, is refused at once."""

import os
import socket
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stacks.user_input import (
    UnreadableFileError,
    cut,
    parse_json,
    read_json,
    read_small_file,
    real_number,
    shown,
    whole_number,
)

ANYTHING = st.recursive(
    st.text() | st.integers() | st.floats() | st.none() | st.booleans() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(ANYTHING)
def test_whatever_it_is_it_is_shown_on_one_short_line(value: Any) -> None:
    for line in (shown(value), cut(str(value))):
        assert line.isprintable()
        assert len(line) <= 450


@given(st.text(max_size=100))
def test_what_is_short_is_shown_as_it_was_given(text: str) -> None:
    assert shown(text) == repr(text) or len(repr(text)) > 400
    if text.isprintable():
        assert cut(text) == text


def test_what_is_long_is_cut_and_its_length_said() -> None:
    assert shown("a" * 100_000) == f"'{'a' * 200}…' (100,000 characters)"
    assert cut("a" * 100_000) == f"{'a' * 200}… (100,000 characters)"
    nested: list[Any] = []
    for _ in range(100_000):
        nested = [nested]
    assert shown(nested) == "a value too large to show"
    assert shown(10**5000) == "a value too large to show"


@pytest.mark.parametrize("text", ["", "x", "true", "1e3", "1.5", "١٢", "1_000", "9" * 19, "0x10", "nan", "1\n", "\t1"])
def test_what_is_no_whole_number(text: str) -> None:
    with pytest.raises(ValueError, match="no whole number"):
        whole_number(text)


@pytest.mark.parametrize("given_", [True, False, None, 1.5, [1], {"a": 1}, b"1"])
def test_what_python_takes_for_a_number_is_none(given_: object) -> None:
    with pytest.raises(ValueError, match="no"):
        whole_number(given_)
    if not isinstance(given_, float):
        with pytest.raises(ValueError, match="no"):
            real_number(given_)


@pytest.mark.parametrize(
    "text", ["", "x", "true", "nan", "inf", "-inf", "1e999", "١٢", "1_0.0", "0x1p3", "1e", ".", "1\n"]
)
def test_what_is_no_real_number(text: str) -> None:
    with pytest.raises(ValueError, match="no"):
        real_number(text)


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e17, max_value=1e17))
@example(0.0001715610464341353)  # as many digits as Python ever writes without an exponent
def test_a_number_is_read_as_python_writes_it(number: float) -> None:
    assert real_number(repr(number)) == number == real_number(number)


def test_a_file_is_read_and_a_missing_one_is_told_apart(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b'\xef\xbb\xbf{"a": 1}')
    assert read_json(tmp_path / "file") == {"a": 1}
    with pytest.raises(FileNotFoundError):
        read_small_file(tmp_path / "missing")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("/dev/zero", "a device"),
        ("/dev/null", "a device"),
        ("folder", "a directory"),
        ("pipe", "a pipe"),
        ("socket", "No such device or address"),
        ("huge", "longer than 67,108,864 bytes"),
        ("loop", "symbolic links"),
        ("latin", "byte 1 is not UTF-8"),
        ("nested", "nested too deep"),
        ("text", "is not JSON"),
        ("empty", "is not JSON"),
        ("file/below", "Not a directory"),
        ("n" * 5000, "name too long"),
        ("nul\0", "a character that no name can have"),
    ],
    ids=lambda value: str(value)[:12].replace("\0", "0"),
)
def test_what_cannot_be_read_gets_a_reason_at_once(tmp_path: Path, name: str, reason: str) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "latin").write_bytes(b'"\xe4"')
    (tmp_path / "nested").write_text("[" * 100_000)
    (tmp_path / "text").write_text("hello")
    (tmp_path / "file").write_text("{}")
    (tmp_path / "empty").touch()
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(10 * 2**30)  # sparse: it takes no room
    with socket.socket(socket.AF_UNIX) as listener, pytest.raises(UnreadableFileError) as caught:
        listener.bind(str(tmp_path / "socket"))
        read_json(tmp_path / name)
    assert reason in str(caught.value)


def test_a_name_that_comes_twice_is_refused_where_that_matters() -> None:
    assert parse_json('{"a": 1, "a": 2}') == {"a": 2}
    with pytest.raises(ValueError, match="'a' comes twice"):
        parse_json('{"b": {"a": 1, "a": 2}}', once=True)
