"""What the tests of the probe share."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from scripted_server import ScriptedServer
from warm_python import QuickSandbox

from loadtest.probe import http1, probed_object, runner
from loadtest.sandbox.process import RunningSandbox
from loadtest.target.finding import Credentials, Target
from loadtest.target.s3_client import s3_client, s3_session

SYNTHESIZED = Path(__file__).resolve().parents[1] / "sandbox" / "synth"


@pytest.fixture(autouse=True)
def hardly_lingers(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a server here sends behind an answer comes with it."""
    monkeypatch.setattr(http1, "LINGER_S", 0.02)


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was put is looked for a few times, by a clock that only moves when somebody sleeps, and probed at once."""
    monkeypatch.setattr(runner, "wait_out_the_second", lambda _: None)
    now = [0.0]
    clock = SimpleNamespace(monotonic=lambda: now[0], sleep=lambda seconds: now.append(now.pop() + seconds))
    monkeypatch.setattr(probed_object, "time", clock)
    monkeypatch.setattr(probed_object, "VISIBLE_TIME_LIMIT_S", 0.3)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """A server that does everything right."""
    with ScriptedServer() as running:
        yield running


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
def sandboxes(quick_sandbox: QuickSandbox) -> Iterator[Callable[[str], RunningSandbox]]:
    """The sandbox of a stack, started when it is first asked for: no faults, no document, and IAM enforced."""
    with ExitStack() as ending:

        @cache
        def started(stack: str) -> tuple[RunningSandbox, Any]:
            sandbox = ending.enter_context(quick_sandbox(SYNTHESIZED / f"{stack}.tf.json"))
            return sandbox, s3_client(s3_session("owner", "owner"), "us-east-1", sandbox.url)

        def of(stack: str) -> RunningSandbox:
            sandbox, owner = started(stack)
            sandbox.clear_faults()
            sandbox.enforce_iam(False)
            owner.delete_object(Bucket=sandbox.outputs()["S3BucketName"], Key="payload.json")
            sandbox.enforce_iam()
            return sandbox

        yield of
