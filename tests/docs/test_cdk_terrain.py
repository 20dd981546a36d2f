"""docs/cdk-terrain.md: after its steps the stack synthesizes the same resources under CDK Terrain."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from documented import PROJECT, blocks, copy_of_project, shell
from synthesized_once import synthesized_once

PAGE = "cdk-terrain.md"
RENAME, HOLD_BACK, DEPLOY, PROVIDER_6 = (block.text for block in blocks(PAGE, language="sh"))
INSTALLED = PROJECT / ".build" / "cdk-terrain"
OLD_PROVIDER = {"source": "aws", "version": "5.100.0"}
HELD_BACK = {"source": "hashicorp/aws", "version": "5.100.0"}
NEW_PROVIDER = {"source": "hashicorp/aws", "version": "6.69.1"}
NEEDED = ("cdktn", "cdktn-provider-aws", "constructs", "pydantic", "pydantic-settings")
ONE_AFTER_THE_OTHER = """import json, runpy, sys
for line in sys.stdin:
    script, *sys.argv[1:] = json.loads(line)
    for name in [name for name in sys.modules if name.partition(".")[0] == "stacks"]:
        del sys.modules[name]  # the page has changed them
    try:
        runpy.run_path(script, run_name="__main__")
    except SystemExit as ended:
        if ended.code:
            raise
    print("ended", flush=True)
"""
"""Programs in one process: importing the bindings and loading them into Node takes longer than what they do."""
UNREACHABLE = re.compile(r"NewConnectionError|Max retries|timed out|Name or service not known|from versions: none")


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project after step 1."""
    folder = copy_of_project(
        tmp_path_factory.mktemp("moved") / "project",
        *("main.py", "stacks", "tests", "examples", "cdktf.json", "requirements.in"),
        *("package.json", "Makefile", "pyproject.toml"),
    )
    done = shell(RENAME, folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def successor(moved: Path) -> Path:
    """An interpreter with CDK Terrain as the renamed requirements.in pins it; installed once for each set of pins."""
    lines = [line.split("#")[0].strip() for line in (moved / "requirements.in").read_text().splitlines()]
    pins = sorted(line for line in lines if line.split("==")[0] in NEEDED)
    assert len(pins) == len(NEEDED), pins
    python, marker = INSTALLED / "bin" / "python", INSTALLED / "pins.txt"
    if not marker.exists() or marker.read_text().split() != pins:
        if not os.environ.get("INSTALL_CDK_TERRAIN"):
            pytest.skip("CDK Terrain, 0.5 GB, is not installed: make test-cdk-terrain does it")
        shutil.rmtree(INSTALLED, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(INSTALLED)], check=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *pins]
        done = subprocess.run(pip, capture_output=True, text=True, check=False)
        if done.returncode and UNREACHABLE.search(done.stderr):
            pytest.skip("CDK Terrain cannot be installed here: the package index is out of reach")
        assert done.returncode == 0, done.stderr
        marker.write_text("\n".join(pins))
    return python


@pytest.fixture(scope="module")
def run(moved: Path, successor: Path) -> Iterator[Callable[..., None]]:
    """Runs one of the copy's programs under CDK Terrain, in the copy's folder."""
    environment = {name: value for name, value in os.environ.items() if name != "CDKTF_OUTDIR"}
    command = [str(successor), "-c", ONE_AFTER_THE_OTHER]
    with subprocess.Popen(
        command, cwd=moved, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        said = process.stdout

        def run_one(*script_and_arguments: str) -> None:
            print(json.dumps(script_and_arguments), file=process.stdin, flush=True)
            assert "ended\n" in iter(said.readline, ""), f"{script_and_arguments} failed: see standard error"

        yield run_one


def written(folder: Path) -> dict[str, Any]:
    return {path.name: json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))}


def provider_of(configuration: dict[str, Any]) -> Any:
    """Takes the provider's source and version out of the configuration, and returns them."""
    return configuration["terraform"]["required_providers"].pop("aws")


def without_metadata(content: Any) -> Any:
    if isinstance(content, dict):
        return {key: without_metadata(value) for key, value in content.items() if key != "//"}
    return [without_metadata(value) for value in content] if isinstance(content, list) else content


def synthesized_by_main(run: Callable[..., None], project: Path) -> Any:
    run("main.py")
    (path,) = (project / "cdktf.out").glob("stacks/*/cdk.tf.json")
    configuration = without_metadata(json.loads(path.read_text()))
    path.unlink()
    del configuration["terraform"]["backend"]
    return configuration


def test_nothing_of_the_old_packages_is_left(moved: Path) -> None:
    old = r"^ *(from|import) cdktf\b|cdktf_cdktf|cdktf-cdktf|cdktf-cli|\.bin/cdktf|\"\.bin\" / \"cdktf\"|^cdktf=="
    left = shell(f"grep -rnE '{old}' . --include='*.py' --include='*.in' --include='*.json' --include=Makefile", moved)
    assert [line for line in left.stdout.splitlines() if not line.startswith("./tests/docs/")] == []
    assert list(moved.rglob("*.bak")) == []


def test_every_variant_has_the_same_resources(run: Callable[..., None], tmp_path: Path) -> None:
    before = written(synthesized_once() / "sandbox")
    run("tests/sandbox/synth/regenerate.py", str(tmp_path))
    after = written(tmp_path)
    assert len(before) >= 9
    for found, wanted in ((before, OLD_PROVIDER), (after, NEW_PROVIDER)):
        whole = [each for name, each in found.items() if name.endswith(".tf.json")]
        assert [provider_of(each) for each in whole] == [wanted] * len(whole)
    accounts = before["everything.tf.json"]["resource"]["aws_api_gateway_account"]
    assert [account.pop("reset_on_delete") for account in accounts.values()] == [True]
    assert after == before


def test_the_provider_is_held_back_until_it_is_wanted(moved: Path, run: Callable[..., None]) -> None:
    assert shell(HOLD_BACK, moved).returncode == 0
    held_back = synthesized_by_main(run, moved)
    assert provider_of(held_back) == HELD_BACK
    assert shell(PROVIDER_6, moved).returncode == 0
    released = synthesized_by_main(run, moved)
    assert provider_of(released) == NEW_PROVIDER
    assert released == held_back
    assert 'AWS_PROVIDER_VERSION: Final = "6.69.1"' in (moved / "stacks" / "terraform_mirror.py").read_text()


def test_what_is_typed_after_it_exists(moved: Path) -> None:
    targets = re.findall(r"^make (\w+)$", DEPLOY, re.M)
    assert targets == ["lock", "check", "deploy"]
    for target in targets:
        assert re.search(rf"^{target}:", (moved / "Makefile").read_text(), re.M)
    assert "$(CDKTF) synth" in (moved / "Makefile").read_text()
    assert "CDKTF := node_modules/.bin/cdktn" in (moved / "Makefile").read_text()
    assert json.loads((moved / "package.json").read_text())["devDependencies"] == {"cdktn-cli": "0.24.0"}
