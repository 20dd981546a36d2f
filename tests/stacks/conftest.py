"""Fixtures of the stack's tests: the synthesized variants, a moto server, and Terraform with its provider."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from deployed_stack import MotoServer, TerraformFolder, terraform_environment
from stack_variants import VARIANTS

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def variants(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The synthesized Terraform configuration of each variant, made once a session."""
    folder = tmp_path_factory.mktemp("variants")
    script = Path(__file__).with_name("synthesize_variants.py")
    subprocess.run([sys.executable, str(script), str(folder)], check=True, cwd=folder)
    return {name: json.loads(next(folder.glob(f"{name}/stacks/*/cdk.tf.json")).read_text()) for name in VARIANTS}


@pytest.fixture(scope="session")
def terraform_variables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment that Terraform runs in; skips where Terraform or the AWS provider cannot be had."""
    if shutil.which("terraform") is None:
        pytest.skip("terraform is not in the PATH")
    folder = tmp_path_factory.mktemp("terraform")
    variables = terraform_environment(folder)
    required = {"terraform": {"required_providers": {"aws": {"source": "aws", "version": "5.100.0"}}}}
    (folder / "main.tf.json").write_text(json.dumps(required))
    init = ["terraform", "init", "-input=false", "-no-color"]
    done = subprocess.run(init, cwd=folder, env=variables, capture_output=True, text=True, check=False, timeout=300)
    if done.returncode != 0:
        pytest.skip(f"Terraform cannot get the AWS provider: {done.stderr.strip()[-300:]}")
    return variables


@pytest.fixture(scope="session")
def moto() -> Iterator[MotoServer]:
    with MotoServer.started() as server:
        yield server


@pytest.fixture(scope="session")
def terraform_folder(
    tmp_path_factory: pytest.TempPathFactory,
    terraform_variables: dict[str, str],
    moto: MotoServer,
    variants: dict[str, dict[str, Any]],
) -> Callable[[str], TerraformFolder]:
    """Make a folder with a state of its own, in which a variant can be applied to the moto server."""

    def make(variant: str) -> TerraformFolder:
        folder = TerraformFolder(tmp_path_factory.mktemp("stack"), terraform_variables, moto.url)
        folder.configure(variants[variant])
        return folder

    return make
