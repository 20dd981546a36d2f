"""A file is there whole, or as it was before."""

import stat
from pathlib import Path

import pytest

from loadtest.whole_files import OWNER_ONLY, whole_file, write_whole


@pytest.mark.parametrize("durable", [False, True])
def test_a_file_is_replaced_as_a_whole(tmp_path: Path, durable: bool) -> None:
    path = tmp_path / "file"
    write_whole(path, b"before")
    with whole_file(path, durable=durable) as beside:
        beside.write_bytes(b"aft")
        assert path.read_bytes() == b"before"
        beside.write_bytes(b"after")
    assert path.read_bytes() == b"after"
    assert list(tmp_path.iterdir()) == [path]


def test_what_fails_leaves_the_file_as_it_was_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_whole(path, b"before")
    with pytest.raises(RuntimeError), whole_file(path) as beside:
        beside.write_bytes(b"half")
        raise RuntimeError
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_what_is_its_owners_is_nobody_elses_for_a_moment(tmp_path: Path) -> None:
    with whole_file(tmp_path / "file", mode=OWNER_ONLY) as beside:
        assert stat.S_IMODE(beside.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o600
