"""Locust prints its help before it loads the locustfile, so the load test's options have a help of their own."""

import pytest

from loadtest.__main__ import main
from loadtest.load.options import _OPTIONS


def test_every_option_is_listed_with_its_variable(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["options"]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    for name, _ in _OPTIONS:
        assert f"--{name}" in printed
        assert f"[env var: LOCUST_{name.upper().replace('-', '_')}]" in printed
    assert "locust --help" in printed
