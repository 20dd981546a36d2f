"""Decides where Terraform gets the AWS provider: from a mirror on this machine if there is one, else the registry.

`python -m stacks.terraform_mirror FILE` writes a Terraform CLI configuration and prints its path, for
`TF_CLI_CONFIG_FILE`. A mirror is a folder that holds the provider unpacked, as
`registry.terraform.io/hashicorp/aws/<version>/<platform>`, or its zip file in `registry.terraform.io/hashicorp/aws`.

Source: "CLI Configuration File" and "Provider Installation" in Terraform's documentation.
"""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

AWS_PROVIDER_VERSION: Final = "5.100.0"
"""The provider that the pinned bindings are made from; a test checks that the two agree."""

PROVIDER_FOLDER: Final = Path("registry.terraform.io") / "hashicorp" / "aws"
DEEPEST_MIRROR: Final = 3
"""Folders between a root and a mirror that are looked through."""


def usual_roots() -> tuple[Path, ...]:
    """Return where mirrors are kept: Terraform's own places first, then where packages and people put things."""
    home = Path.home()
    return (
        home / ".terraform.d" / "plugins",
        Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share") / "terraform" / "plugins",
        Path("/usr/local/share/terraform/plugins"),
        Path("/usr/share/terraform/plugins"),
        Path("/opt"),
        Path("/usr/local/share"),
        Path("/usr/share"),
        home,
    )


def find_mirror(roots: Iterable[Path], version: str = AWS_PROVIDER_VERSION) -> Path | None:
    """Return the first mirror below the roots that has this version of the AWS provider for this machine, or None.

    Terraform's own cache of providers is not a mirror: Terraform refuses to install from its cache into its cache.
    """
    for root in roots:
        for depth in range(DEEPEST_MIRROR + 1):
            pattern = "/".join(["*"] * depth + [PROVIDER_FOLDER.as_posix()])
            for folder in sorted(_matches(root, pattern)):
                mirror = folder.parents[len(PROVIDER_FOLDER.parts) - 1]
                if mirror not in _caches() and _has_provider(folder, version):
                    return mirror
    return None


def cli_configuration(mirror: Path | None) -> str:
    """Return the text of a Terraform CLI configuration that takes the AWS provider from the mirror, if there is one.

    Without a mirror everything comes from the registry, as it would without a configuration.
    """
    lines = ["disable_checkpoint = true"]
    if mirror is not None:
        provider = json.dumps([PROVIDER_FOLDER.as_posix()])
        lines += [
            "provider_installation {",
            f"  filesystem_mirror {{\n    path    = {json.dumps(str(mirror))}\n    include = {provider}\n  }}",
            f"  direct {{\n    exclude = {provider}\n  }}",
            "}",
        ]
    return "\n".join(lines) + "\n"


def configured_by_user() -> Path | None:
    """Return the user's own CLI configuration, which stays as it is; a variable that names no file counts as unset."""
    named = os.environ.get("TF_CLI_CONFIG_FILE")
    file = Path(named) if named else Path.home() / ".terraformrc"
    return file if file.is_file() else None


def write_configuration(file: Path) -> Path:
    """Write the configuration unless the user has one; return the file that Terraform is to use."""
    theirs = configured_by_user()
    if theirs is not None:
        return theirs
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(cli_configuration(find_mirror(usual_roots())), encoding="utf-8")
    return file.resolve()


def _caches() -> set[Path]:
    named = os.environ.get("TF_PLUGIN_CACHE_DIR")
    return {Path.home() / ".terraform.d" / "plugin-cache"} | ({Path(named)} if named else set())


def _matches(root: Path, pattern: str) -> list[Path]:
    try:
        return [path for path in root.glob(pattern) if path.is_dir()]
    except OSError:  # a folder that may not be read
        return []


def _has_provider(folder: Path, version: str) -> bool:
    machines = {"x86_64": "amd64", "aarch64": "arm64"}
    machine = platform.machine().lower()
    target = f"{sys.platform}_{machines.get(machine, machine)}"
    packed = folder / f"terraform-provider-aws_{version}_{target}.zip"
    return (folder / version / target).is_dir() or packed.is_file()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m stacks.terraform_mirror FILE")
    print(write_configuration(Path(sys.argv[1])))
