"""What tests/schedule.py names is there: a renamed test would become one of the fast ones, and nobody would see."""

import schedule


def test_every_file_and_folder_that_it_names_is_there() -> None:
    together = [name for names in schedule.TOGETHER for name in names]
    for name in (*schedule.SLOW, *schedule.INDEPENDENT, *together, *schedule.SECONDS):
        assert list(schedule.TESTS.glob(f"{name}*")), name


def test_every_test_that_it_names_is_there() -> None:
    for named in schedule.SLOW_TESTS:
        file, _, test = named.partition("::")
        assert f"def {test.partition('[')[0]}" in (schedule.TESTS / file).read_text(encoding="utf-8"), named
