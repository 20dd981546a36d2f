"""Fixtures that several suites share."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from headless_chromium import forget, headless_chromium
from schedule import arrange
from synthesized_once import synthesized_once

# Importing Locust patches the standard library for gevent: right for a load generator, not for pytest and its workers.
os.environ["LOCUST_SKIP_MONKEY_PATCH"] = "1"
import locust  # noqa: F401

del os.environ["LOCUST_SKIP_MONKEY_PATCH"]  # the Locust processes under test are patched

MAPPINGS = ("conditional", "original", "half")


@pytest.hookimpl(tryfirst=True)  # before -m looks at the marks
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    arrange(items, several_processes=hasattr(config, "workerinput"))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Tests that share a server must stay together; with a pytest that xdist does not know they are parted silently."""
    if hasattr(session.config, "workerinput") and session.config.getoption("loadgroup", False):
        parted = [item for item in session.items if item.get_closest_marker("xdist_group") and "@" not in item.nodeid]
        assert not parted, f"xdist does not keep groups of tests together ({len(parted)} tests): pin another pytest"


@pytest.fixture(scope="session")
def synthesized() -> dict[str, Path]:
    """The synthesized stack (cdk.tf.json) of each mapping."""
    folder = synthesized_once(Path(__file__).with_name("synthesize.py"), *MAPPINGS)
    return {mapping: next(folder.glob(f"{mapping}/stacks/*/cdk.tf.json")) for mapping in MAPPINGS}


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with headless_chromium(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture
def browser(chromium: Any) -> Iterator[Any]:
    """Headless Chromium, with nothing left in it by another test."""
    yield chromium
    forget(chromium)
