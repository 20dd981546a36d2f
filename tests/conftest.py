"""Fixtures that several suites share."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

# Importing Locust patches the standard library for gevent: right for a load generator, not for pytest and its workers.
os.environ["LOCUST_SKIP_MONKEY_PATCH"] = "1"
import locust  # noqa: F401

del os.environ["LOCUST_SKIP_MONKEY_PATCH"]  # the Locust processes under test are patched

MAPPINGS = ("conditional", "original", "half")


@pytest.fixture(scope="session")
def synthesized(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The synthesized stack (cdk.tf.json) of each mapping; made once a session, in a process of its own."""
    folder = tmp_path_factory.mktemp("synthesized")
    script = Path(__file__).with_name("synthesize.py")
    subprocess.run([sys.executable, str(script), str(folder), *MAPPINGS], check=True, cwd=folder)
    return {mapping: next(folder.glob(f"{mapping}/stacks/*/cdk.tf.json")) for mapping in MAPPINGS}
