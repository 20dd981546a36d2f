"""Terraform for tests that are not about where the provider comes from: with less of its processor's time.

Each command of Terraform hashes the whole provider, hundreds of megabytes, to compare it with the lock file: 0.7 s of a
processor, and twice that for `init`. Here `init` installs an empty file in its place, and the commands that need the
provider take the real one, which the configuration names as an override and which Terraform then does not hash.
tests/docs/test_documented_deployment.py gets the provider as users do.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from stacks.terraform_mirror import (
    AWS_PROVIDER_VERSION,
    PROVIDER_FOLDER,
    configured_by_user,
    find_mirror,
    usual_roots,
    write_configuration,
)

LESS_COLLECTING: Final = {"GOGC": "400"}
"""A Terraform run is short and holds much: collecting garbage less often saves a quarter of its processor's time."""


def quick_terraform(folder: Path) -> dict[str, str]:
    """Variables for Terraform.

    Without an unpacked provider on this machine, or with a configuration of the user's own, it works as for users.
    """
    provider = None if configured_by_user() else _unpacked_provider()
    configuration = write_configuration(folder / "terraform.rc") if provider is None else _override(folder, provider)
    return LESS_COLLECTING | {"CHECKPOINT_DISABLE": "1", "TF_CLI_CONFIG_FILE": str(configuration)}


def _unpacked_provider() -> Path | None:
    mirror = find_mirror(usual_roots())
    versions = (
        [] if mirror is None else (mirror / PROVIDER_FOLDER / AWS_PROVIDER_VERSION).glob("*/terraform-provider-aws_*")
    )
    return next(iter(versions), None)


def _override(folder: Path, provider: Path) -> Path:
    mirror = folder / "empty-mirror"
    empty = mirror / PROVIDER_FOLDER / AWS_PROVIDER_VERSION / provider.parent.name / provider.name
    empty.parent.mkdir(parents=True, exist_ok=True)
    empty.touch(mode=0o755)
    named = json.dumps(PROVIDER_FOLDER.as_posix())
    configuration = folder / "quick.rc"
    configuration.write_text(
        "disable_checkpoint = true\n"
        "provider_installation {\n"
        f"  dev_overrides {{\n    {named} = {json.dumps(str(provider.parent))}\n  }}\n"
        f"  filesystem_mirror {{\n    path = {json.dumps(str(mirror))}\n  }}\n"
        "}\n"
    )
    return configuration
