"""What decides whether the API is deployed a second time, and what the user reads when a program is missing."""

import json
from pathlib import Path
from typing import Any

import pytest

from stacks import deploy

Variants = dict[str, dict[str, Any]]


def test_taking_methods_away_is_noticed(variants: Variants) -> None:
    gone = deploy.removed_api_parts(deploy.addresses(variants["default"]), variants["original"])
    assert any("Method-HEAD" in address for address in gone)
    assert any("IntegrationResponse-GET-304" in address for address in gone)
    assert not any("Integration-GET" in address for address in gone)


def test_turning_cors_off_is_noticed(variants: Variants) -> None:
    gone = deploy.removed_api_parts(deploy.addresses(variants["any-origin"]), variants["default"])
    assert any("Method-OPTIONS" in address for address in gone)
    assert any("GatewayResponse" in address for address in gone)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("default", "default"),
        ("original", "default"),
        ("half", "original"),
        ("original", "half"),
        ("deployed-original", "deployed-half"),
        ("access-log", "default"),
        ("versioning", "default"),
    ],
)
def test_adding_parts_or_taking_other_things_away_is_not(variants: Variants, before: str, after: str) -> None:
    assert deploy.removed_api_parts(deploy.addresses(variants[before]), variants[after]) == []


def test_a_first_deployment_takes_nothing_away(variants: Variants) -> None:
    assert deploy.removed_api_parts([], variants["default"]) == []


def test_the_deployment_is_named(variants: Variants) -> None:
    assert deploy.deployment_address(variants["default"]) in deploy.addresses(variants["default"])


def test_a_failing_program_s_exit_code_is_ours(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "node_modules" / ".bin" / "cdktf"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\nexit 7\n")
    program.chmod(0o755)
    (tmp_path / "main.py").touch()
    monkeypatch.setattr(deploy, "PROJECT", tmp_path)
    assert deploy.main(["destroy"]) == 7


def test_redeploy_replaces_the_deployment_and_asks_for_nothing_else(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variants: Variants
) -> None:
    stack = tmp_path / "cdktf.out" / "stacks" / "read-model"
    stack.mkdir(parents=True)
    (stack / "cdk.tf.json").write_text(json.dumps(variants["default"]))
    manifest = {"stacks": {"read-model": {"workingDirectory": "stacks/read-model"}}}
    (tmp_path / "cdktf.out" / "manifest.json").write_text(json.dumps(manifest))
    program = tmp_path / "bin" / "terraform"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\npwd > "{tmp_path}/asked"\necho "$@" >> "{tmp_path}/asked"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    monkeypatch.setattr(deploy, "PROJECT", tmp_path)
    assert deploy.main(["redeploy"]) == 0
    folder, arguments = (tmp_path / "asked").read_text().splitlines()
    assert Path(folder) == stack.resolve()
    replaced = f"-replace={deploy.deployment_address(variants['default'])}"
    assert arguments.split() == ["apply", "-auto-approve", "-input=false", "-no-color", replaced]


def test_a_missing_program_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(deploy, "PROJECT", tmp_path)
    assert deploy.main(["deploy"]) == 2
    message = capsys.readouterr().err
    assert "cdktf is missing" in message
    assert "Traceback" not in message


def test_the_stack_s_folder_comes_from_the_manifest(tmp_path: Path) -> None:
    output = tmp_path / "cdktf.out"
    (output / "stacks" / "shop").mkdir(parents=True)
    (output / "manifest.json").write_text(json.dumps({"stacks": {"shop": {"workingDirectory": "stacks/shop"}}}))
    assert deploy.Project(tmp_path, Path("cdktf"), {}).stack_folder() == output / "stacks" / "shop"
