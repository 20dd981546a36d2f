"""What is written where: by `python main.py`, and for the tests of the sandbox, which keep what they read."""

import json
from pathlib import Path

from deployed_stack import REPOSITORY

KEPT = REPOSITORY / "tests" / "sandbox" / "synth"


def test_main_writes_one_stack_into_cdktf_out(synthesized_stacks: Path) -> None:
    (written,) = synthesized_stacks.glob("cdktf.out/stacks/*/cdk.tf.json")
    assert "aws_s3_bucket" in json.loads(written.read_text())["resource"]


def test_what_the_sandbox_s_tests_read_is_what_the_stack_is_now(synthesized_stacks: Path) -> None:
    now = {file.name: json.loads(file.read_text()) for file in (synthesized_stacks / "sandbox").iterdir()}
    kept = {file.name: json.loads(file.read_text()) for file in KEPT.glob("*.json")}
    assert len(now) >= 9
    assert kept == now, "run python tests/sandbox/synth/regenerate.py"
