"""The probe against hostile targets and odd ones: bounded, one sentence, no secret, and no habit of S3 for a rule."""

from __future__ import annotations

import pytest

from loadtest.__main__ import main
from loadtest.errors import UsageError
from loadtest.probe import render
from loadtest.probe.http1 import TransportError
from loadtest.probe.runner import Probe, ProbePlan
from loadtest.run.records import Verdict
from loadtest.target.finding import Target
from tests.targets.hostile_target import running_hostile_target

SECRET = "do-not-show-this"


def test_an_address_that_does_not_answer_is_shown_without_its_secret(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["probe", f"http://127.0.0.1:9/v1/samples?key={SECRET}"]) == 2
    assert SECRET not in "".join(capsys.readouterr())


@pytest.mark.parametrize("mode", ["endless", "endless_chunked", "endlesshdr", "endlessline", "endless1xx", "redirect"])
def test_a_first_answer_that_is_hostile_is_one_sentence(mode: str) -> None:
    with running_hostile_target(mode, good_reads=0) as target:
        target.redirect_to = f"/elsewhere?key={SECRET}"
        url = f"http://127.0.0.1:{target.port}/v1/samples?key={SECRET}"
        with pytest.raises(UsageError) as caught:
            Probe(Target(url, "", "payload.json", "", None, None), ProbePlan(time_limit_s=5)).run()
    assert SECRET not in str(caught.value)


def test_hostile_answers_later_are_findings_without_the_secret() -> None:
    with running_hostile_target("endless", good_reads=3) as target:
        url = f"http://127.0.0.1:{target.port}/v1/samples?key={SECRET}"
        report = Probe(Target(url, "", "payload.json", "", None, None), ProbePlan(time_limit_s=5)).run()
    assert report.verdict() is Verdict.FAIL
    assert SECRET not in render.to_json(report) + render.to_markdown(report)


def test_a_target_that_falls_silent_is_named_without_its_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(*_: object) -> None:
        raise TransportError("lost")

    with running_hostile_target("endless", good_reads=100) as target:
        probe = Probe(
            Target(f"http://127.0.0.1:{target.port}/v1/samples?key={SECRET}", "", "payload.json", "", None, None),
            ProbePlan(time_limit_s=5),
        )
        monkeypatch.setattr(probe, "_read_only", lost)
        with pytest.raises(UsageError, match="no longer answers") as caught:
            probe.run()
    assert SECRET not in str(caught.value)


def test_a_proxy_that_is_not_used_is_said(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://user:{SECRET}@127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "")
    assert main(["probe", "http://127.0.0.1:9/v1/samples"]) == 2
    said = "".join(capsys.readouterr())
    assert said.count("HTTP_PROXY is set and is not used") == 1
    assert SECRET not in said
