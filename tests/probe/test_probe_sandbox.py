"""The probe against the sandbox: the default stack, the two lesser mappings, and faults that the sandbox injects."""

from __future__ import annotations

import argparse
import json

import pytest

from loadtest.probe import command
from loadtest.probe.model import CaseVerdict
from loadtest.sandbox.process import running_sandbox

NOT_ESTABLISHED = {"if-none-match-weak", "if-none-match-list", "if-none-match-any", "name-upper-case"}
"""What S3 or API Gateway does here is not known: the sandbox takes the reading that is harder on readers."""
CORS = {"cors-200", "cors-304", "cors-403", "cors-404", "cors-preflight"}


@pytest.fixture(scope="module")
def sandboxes(synthesized):
    """A sandbox for a mapping, started when it is first asked for, with IAM enforced."""
    running = {}
    entered = []

    def of(mapping):
        if mapping not in running:
            context = running_sandbox(synthesized[mapping])
            running[mapping] = context.__enter__()
            entered.append(context)
            running[mapping].enforce_iam()
        return running[mapping]

    yield of
    for context in entered:
        context.__exit__(None, None, None)


def probe(sandbox, capsys, *arguments):
    """Exit code, and findings by name, of the command with the sandbox's outputs."""
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    code = command.run(parser.parse_args(["--outputs", str(sandbox.outputs_path), "--json", *arguments]))
    report = json.loads(capsys.readouterr().out)
    return code, {case["name"]: case for case in report["cases"]}, report


def with_verdict(cases, verdict):
    return {name for name, case in cases.items() if case["verdict"] == verdict}


def test_the_default_stack_passes(sandboxes, capsys):
    code, cases, report = probe(sandboxes("conditional"), capsys, "--write", "--remove")
    assert (code, report["verdict"]) == (0, "PASS")
    assert with_verdict(cases, CaseVerdict.FAIL) == with_verdict(cases, CaseVerdict.INCONCLUSIVE) == set()
    assert with_verdict(cases, CaseVerdict.DEVIATES) == NOT_ESTABLISHED
    assert with_verdict(cases, CaseVerdict.NOT_APPLICABLE) - {"missing-object", "missing-object-conditional"} == {
        "http2",
        *CORS,
    }


def test_without_a_document_the_gateway_says_404(sandboxes, capsys, synthesized):
    with running_sandbox(synthesized["conditional"]) as sandbox:
        code, cases, _ = probe(sandbox, capsys)
        assert code == 3
        assert cases["missing-object"]["verdict"] == cases["missing-object-conditional"]["verdict"] == "PASS"
        assert not sandbox.state()["objects"][0]["published"]


def test_the_original_mapping_fails_for_want_of_an_etag(sandboxes, capsys):
    code, cases, _ = probe(sandboxes("original"), capsys, "--write")
    assert code == 1
    assert {"etag-present", "missing-object", "missing-object-conditional"} == with_verdict(cases, CaseVerdict.FAIL)
    assert cases["if-none-match-current"]["verdict"] == "NOT APPLICABLE"


def test_the_half_mapping_fails_with_an_empty_200(sandboxes, capsys):
    code, cases, _ = probe(sandboxes("half"), capsys, "--write")
    assert code == 1
    for name in ("if-none-match-current", "name-lower-case", "browser", "query-string"):
        assert cases[name]["verdict"] == "FAIL"
        assert "200 with an empty body" in cases[name]["came_back"]
