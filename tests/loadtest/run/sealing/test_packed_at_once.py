"""Two reports of one run at the same time: one packs it, and the other finds it packed. In which order it is packed."""

import threading
from pathlib import Path

import pytest
from killed_runs import killed_run
from spooled_runs import column

from loadtest import whole_files
from loadtest.run.sealing import sealing
from loadtest.run.sealing.sealing import is_sealed, pack


def test_who_comes_while_a_run_is_packed_waits_and_packs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_dir = killed_run(tmp_path / "run")
    seal, told = sealing.seal, []
    second = threading.Thread(target=lambda: pack(run_dir, lambda: told.append("second")))

    def seal_while_another_comes(path: Path) -> None:
        second.start()
        second.join(0.05)
        assert second.is_alive(), "the second did not wait"
        seal(path)

    monkeypatch.setattr(sealing, "seal", seal_while_another_comes)
    pack(run_dir, lambda: told.append("first"))
    second.join(10)
    assert told == ["first"]
    assert is_sealed(run_dir)
    assert len(column(run_dir, "version")) == 40


def test_the_seal_is_on_the_disk_before_what_it_was_made_from_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a machine that lost power then, neither the spool nor the seal might be left."""
    run_dir = killed_run(tmp_path / "run")
    flushed: list[str] = []
    on_the_disk = whole_files.on_the_disk

    def noted(path: Path) -> None:
        on_the_disk(path)
        if not is_sealed(run_dir):
            flushed.append(path.name)

    monkeypatch.setattr(whole_files, "on_the_disk", noted)
    pack(run_dir)
    assert is_sealed(run_dir)
    for name in ("reads.parquet", "run.json"):
        assert any(each.startswith(f".{name}.") for each in flushed), name
