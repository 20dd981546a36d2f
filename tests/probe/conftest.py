"""What the tests of the probe share."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import pytest

from loadtest.sandbox.process import RunningSandbox, running_sandbox
from loadtest.target.finding import Credentials, Target

sys.path.insert(0, str(Path(__file__).resolve().parent))
SYNTHESIZED = Path(__file__).resolve().parents[1] / "sandbox" / "synth"


@pytest.fixture
def target_of():
    """The Target of a scripted server."""

    def make(server, *, url=None) -> Target:
        return Target(
            url or server.url,
            "bucket",
            "payload.json",
            "us-east-1",
            server.endpoint,
            Credentials("AKIAEXAMPLE", "a-secret-that-must-not-be-seen"),
        )

    return make


@pytest.fixture(scope="session")
def sandboxes() -> Iterator[Callable[[str], RunningSandbox]]:
    """The sandbox of a stack: started when it is first asked for, and given without faults and with IAM enforced."""
    with ExitStack() as ending:

        @cache
        def started(stack: str) -> RunningSandbox:
            return ending.enter_context(running_sandbox(SYNTHESIZED / f"{stack}.tf.json"))

        def of(stack: str) -> RunningSandbox:
            sandbox = started(stack)
            sandbox.clear_faults()
            sandbox.enforce_iam()
            return sandbox

        yield of
