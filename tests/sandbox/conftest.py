"""Sandboxes that run: one of each kind for the whole session, without faults at the start of every test."""

from collections.abc import Iterator

import pytest
from gateway_bench import SYNTH
from sandbox_client import SandboxClient
from warm_python import QuickSandbox

from loadtest.sandbox.process import RunningSandbox


@pytest.fixture(scope="session")
def conditional_sandbox(quick_sandbox: QuickSandbox) -> Iterator[RunningSandbox]:
    with quick_sandbox(SYNTH / "conditional.tf.json") as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def empty_sandbox(quick_sandbox: QuickSandbox) -> Iterator[RunningSandbox]:
    with quick_sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def client(conditional_sandbox: RunningSandbox) -> Iterator[SandboxClient]:
    """A reader and a writer of the conditional stack; whatever faults the test sets are gone after it."""
    conditional_sandbox.clear_faults()
    with SandboxClient(conditional_sandbox) as made:
        yield made
    conditional_sandbox.clear_faults()
