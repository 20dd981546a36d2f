"""What the tests of the probe share."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from loadtest.target.finding import Credentials, Target

sys.path.insert(0, str(Path(__file__).resolve().parent))


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
