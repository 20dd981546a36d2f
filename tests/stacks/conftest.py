"""Fixtures of the stack's tests: the synthesized variants, a moto server, and folders to run Terraform in."""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from deployed_stack import MotoServer, TerraformFolder
from stack_variants import VARIANTS
from synthesized_once import synthesized_once


@pytest.fixture(scope="session")
def synthesized_stacks() -> Path:
    """What synthesize_variants.py writes."""
    return synthesized_once()


@pytest.fixture(scope="session")
def variants(synthesized_stacks: Path) -> dict[str, dict[str, Any]]:
    """The synthesized Terraform configuration of each variant."""
    files = {name: next(synthesized_stacks.glob(f"{name}/stacks/*/cdk.tf.json")) for name in VARIANTS}
    return {name: json.loads(file.read_text()) for name, file in files.items()}


@pytest.fixture(scope="session")
def example(synthesized_stacks: Path) -> dict[str, Any]:
    """The synthesized Terraform configuration of the app in examples/own_app."""
    file = synthesized_stacks / "example" / "stacks" / "shop" / "cdk.tf.json"
    content: dict[str, Any] = json.loads(file.read_text())
    return content


@pytest.fixture
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.upper().startswith("READMODEL_")]:
        monkeypatch.delenv(name)


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
