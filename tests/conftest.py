"""Fixtures that several suites share."""

import gc
import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import hypothesis
import pytest
from headless_chromium import forget, headless_chromium
from quick_boto3 import read_once
from quick_terraform import quick_terraform, why_unusable
from schedule import arrange, is_slow, leave_out_slow
from synthesized_once import synthesized_once
from warm_locust import WarmLocust
from warm_python import QuickSandbox, WarmPython

# NumPy is imported below. Threads for small matrices wait for each other by spinning: half of the CPU of such tests.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# Importing Locust patches the standard library for gevent: right for a load generator, not for pytest and its workers.
os.environ["LOCUST_SKIP_MONKEY_PATCH"] = "1"
import locust  # noqa: F401

del os.environ["LOCUST_SKIP_MONKEY_PATCH"]  # the Locust processes under test are patched

from loadtest.sandbox.process import running_sandbox

# How long an example takes says nothing of the code on a machine that runs other tests beside it.
hypothesis.settings.register_profile("untimed", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("untimed")
# A mistake that a quarter of the examples does not show while one writes is shown by the next run of all tests.
hypothesis.settings.register_profile("fast", hypothesis.settings.get_profile("untimed"), max_examples=25)
hypothesis.settings.register_profile("thorough", hypothesis.settings.get_profile("untimed"), max_examples=400)

read_once()
gc.disable()  # until all is imported and collected, of which nothing is garbage

PROJECT = Path(__file__).resolve().parents[1]
MAPPINGS = {"conditional": "default", "original": "original", "half": "half"}
"""The variant of the stack (tests/stacks/stack_variants.py) that has each mapping and is like the default otherwise."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fast", action="store_true", help="leave out slow tests, and draw a quarter of the examples")


def pytest_configure(config: pytest.Config) -> None:
    if config.option.fast:
        hypothesis.settings.load_profile("fast")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Files that are left out are not imported either."""
    return True if config.option.fast and is_slow(collection_path) else None


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """A name for a value whose text is no name: some are pages, or a hundred thousand brackets."""
    return f"{argname} of {len(val)}" if isinstance(val, str | bytes) and len(val) > 300 else None


@pytest.hookimpl(tryfirst=True)  # before -m looks at the marks
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    arrange(items, several_processes=hasattr(config, "workerinput"))
    if config.option.fast:
        leave_out_slow(items, config)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Tests that share a server must stay together; with a pytest that xdist does not know they are parted silently."""
    gc.enable()
    gc.freeze()  # all that was imported stays; each look through it for garbage would take a fifth of a second
    gc.set_threshold(20_000, 20, 20)  # what tests make lives for a test
    if hasattr(session.config, "workerinput") and session.config.getoption("loadgroup", False):
        parted = [item for item in session.items if item.get_closest_marker("xdist_group") and "@" not in item.nodeid]
        assert not parted, f"xdist does not keep groups of tests together ({len(parted)} tests): pin another pytest"


@pytest.fixture(scope="session")
def synthesized() -> dict[str, Path]:
    """The synthesized stack (cdk.tf.json) of each mapping."""
    folder = synthesized_once()
    return {mapping: next(folder.glob(f"{variant}/stacks/*/cdk.tf.json")) for mapping, variant in MAPPINGS.items()}


def unavailable(reason: str) -> NoReturn:
    """Skip; or fail where REQUIRE_TERRAFORM says that everything for tests that deploy is there."""
    if os.environ.get("REQUIRE_TERRAFORM"):
        pytest.fail(f"{reason}, and REQUIRE_TERRAFORM is set")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def terraform_variables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Variables for Terraform that spare the processor; skips where Terraform or the AWS provider cannot be had."""
    folder = tmp_path_factory.mktemp("terraform")
    with quick_terraform(folder) as variables:
        if reason := why_unusable(folder, variables):
            unavailable(reason)
        yield variables


@pytest.fixture(scope="session")
def cdktf() -> Path:
    """The CDKTF command line, as the Makefile installs it."""
    program = PROJECT / "node_modules" / ".bin" / "cdktf"
    if not program.exists():
        unavailable("the CDKTF command line is not installed (make test installs it)")
    return program


@pytest.fixture(scope="session")
def warm_python() -> Iterator[WarmPython]:
    warm = WarmPython("runs")
    yield warm
    warm.close()


@pytest.fixture(scope="session")
def warm_locust(warm_python: WarmPython) -> Iterator[WarmLocust]:
    warm = WarmLocust(warm_python.program)
    yield warm
    warm.close()


@pytest.fixture(scope="session")
def quick_sandbox() -> Iterator[QuickSandbox]:
    """``running_sandbox``, in copies of a process that has imported what it needs."""
    warm = WarmPython("sandboxes")
    yield partial(running_sandbox, python=str(warm.program))
    warm.close()


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with headless_chromium(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture
def browser(chromium: Any) -> Iterator[Any]:
    """Headless Chromium, with nothing left in it by another test."""
    yield chromium
    forget(chromium)
