"""The script of the charts: bundled once, kept, and never believed when it is not the very bundle."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from loadtest.report import chart_script

WHOLE = "the bundle"


@pytest.fixture
def bundled(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[list[str]]:
    """How often it was bundled; a small text stands for the bundle."""
    times: list[str] = []

    def bundle() -> str:
        times.append(WHOLE)
        return WHOLE

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(chart_script, "bundle", bundle)
    monkeypatch.setattr(chart_script, "DIGEST", chart_script._digest(WHOLE.encode()))
    chart_script.library.cache_clear()
    yield times
    chart_script.library.cache_clear()


def again() -> str:
    """What the next process would get."""
    chart_script.library.cache_clear()
    return chart_script.library()


def test_what_is_kept_is_what_is_bundled() -> None:
    """Of the pinned release: with another one ``DIGEST`` is to be changed, or each report takes two seconds longer."""
    assert chart_script._digest(chart_script.bundle().encode()) == chart_script.DIGEST


def test_it_is_bundled_once(bundled: list[str], tmp_path: Path) -> None:
    assert [again(), again(), again()] == [WHOLE] * 3
    assert len(bundled) == 1
    assert len(list(tmp_path.rglob("*.*"))) == 1  # nothing half written is left


@pytest.mark.parametrize("damage", [b"", b"the bund", b"the bundlE", b"\xff\xfe"])
def test_what_is_damaged_is_bundled_anew(bundled: list[str], tmp_path: Path, damage: bytes) -> None:
    again()
    (kept,) = tmp_path.rglob("*.js")
    kept.write_bytes(damage)
    assert again() == WHOLE
    assert kept.read_bytes() == WHOLE.encode()
    assert len(bundled) == 2


def test_another_release_is_not_kept(bundled: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chart_script, "DIGEST", "0" * 64)
    assert [again(), again()] == [WHOLE] * 2
    assert len(bundled) == 2
    assert not list(tmp_path.iterdir())


def test_where_nothing_can_be_kept_there_is_a_page_all_the_same(
    bundled: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert [again(), again()] == [WHOLE] * 2
    assert len(bundled) == 2


def test_a_relative_path_is_no_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "caches")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert chart_script._cache_path().parents[2] == tmp_path
