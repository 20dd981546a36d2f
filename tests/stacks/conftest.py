"""Fixtures of the stack's tests: the synthesized variants, a moto server, and Terraform with its provider."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

import pytest
from deployed_stack import REPOSITORY, MotoServer, TerraformFolder, terraform_environment
from stack_variants import VARIANTS
from synthesized_once import synthesized_once


def unavailable(reason: str) -> NoReturn:
    """Skip; or fail where REQUIRE_TERRAFORM says that everything for these tests is there."""
    if os.environ.get("REQUIRE_TERRAFORM"):
        pytest.fail(f"{reason}, and REQUIRE_TERRAFORM is set")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def variants() -> dict[str, dict[str, Any]]:
    """The synthesized Terraform configuration of each variant."""
    folder = synthesized_once(Path(__file__).with_name("synthesize_variants.py"))
    return {name: json.loads(next(folder.glob(f"{name}/stacks/*/cdk.tf.json")).read_text()) for name in VARIANTS}


@pytest.fixture(scope="session")
def example() -> dict[str, Any]:
    """The synthesized Terraform configuration of the app in examples/own_app."""
    folder = synthesized_once(Path(__file__).with_name("synthesize_variants.py"))
    content: dict[str, Any] = json.loads((folder / "example" / "stacks" / "shop" / "cdk.tf.json").read_text())
    return content


@pytest.fixture(scope="session")
def terraform_variables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment that Terraform runs in; skips where Terraform or the AWS provider cannot be had."""
    if shutil.which("terraform") is None:
        unavailable("terraform is not in the PATH")
    folder = tmp_path_factory.mktemp("terraform")
    variables = terraform_environment(folder)
    required = {"terraform": {"required_providers": {"aws": {"source": "aws", "version": "5.100.0"}}}}
    (folder / "main.tf.json").write_text(json.dumps(required))
    init = ["terraform", "init", "-input=false", "-no-color"]
    done = subprocess.run(init, cwd=folder, env=variables, capture_output=True, text=True, check=False, timeout=300)
    if done.returncode != 0:
        unavailable(f"Terraform cannot get the AWS provider: {done.stderr.strip()[-300:]}")
    return variables


@pytest.fixture(scope="session")
def cdktf() -> Path:
    """The CDKTF command line, as the Makefile installs it."""
    program = REPOSITORY / "node_modules" / ".bin" / "cdktf"
    if not program.exists():
        unavailable("the CDKTF command line is not installed (make test installs it)")
    return program


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
) -> Callable[..., TerraformFolder]:
    """Make a folder with a state of its own, in which a variant can be applied to the moto server."""

    def make(variant: str, known: Mapping[str, str] | None = None) -> TerraformFolder:
        folder = TerraformFolder(tmp_path_factory.mktemp("stack"), terraform_variables, moto.url)
        folder.configure(variants[variant], known)
        return folder

    return make
