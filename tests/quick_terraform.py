"""Terraform for tests that are not about where the provider comes from: with less of its processor's time.

Each command of Terraform hashes the whole provider, hundreds of megabytes, to compare it with the lock file, and then
starts it three or four times, to ask for its schemas, to check, to plan and to apply. Here one provider runs for all
commands of a session, and Terraform attaches itself to it, as the provider's developers do; and two calls that take
seconds are answered for it (answered_calls.py). `make deploy` in tests/docs/test_documented_deployment.py gets the
provider, and every answer of it, as users do. The CDKTF command line reads less when it starts (quick_cdktf.js).

Source: "Debugging Providers" in Terraform's documentation (the provider's option -debug, TF_REATTACH_PROVIDERS).
"""

import contextlib
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from answered_calls import all_schemas, leading_to, only
from synthesized_once import made_once, synthesized_once

from stacks.terraform_mirror import (
    AWS_PROVIDER_VERSION,
    PROVIDER_FOLDER,
    configured_by_user,
    find_mirror,
    usual_roots,
    write_configuration,
)

QUIET: Final = {"CHECKPOINT_DISABLE": "1"}
LESS_COLLECTING: Final = {"GOGC": "400"}
"""A Terraform run is short and holds much: collecting garbage less often saves a quarter of its processor's time."""

LESS_TO_READ: Final = {
    "NODE_OPTIONS": f'--max-old-space-size=4096 --require "{Path(__file__).with_name("quick_cdktf.js")}"'
}
"""For the CDKTF command line, which would set the first of these by itself."""

PROVIDER_UNTIL_INPUT_ENDS: Final = '"$0" -debug & cat > /dev/null; kill $!; wait'
"""However the tests end, their end of the pipe then closes."""


def clean_environment() -> dict[str, str]:
    """The variables of this process less those that would set something of the stack, of AWS or of Terraform."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("READMODEL_", "AWS_", "TF_"))}


@contextlib.contextmanager
def quick_terraform(folder: Path) -> Iterator[dict[str, str]]:
    """Variables for Terraform, while they hold: those of a provider that runs.

    Without an unpacked provider on this machine, or with a configuration of the user's own, it works as for users.
    """
    configuration = write_configuration(folder / "terraform.rc")
    variables = QUIET | LESS_COLLECTING | LESS_TO_READ | {"TF_CLI_CONFIG_FILE": str(configuration)}
    provider = None if configured_by_user() else _unpacked_provider()
    if provider is None:
        yield variables
        return
    with _running(provider) as attached:
        yield variables | {"TF_REATTACH_PROVIDERS": attached}


def why_unusable(folder: Path, variables: Mapping[str, str]) -> str | None:
    """What keeps Terraform from deploying here; None when nothing does."""
    if shutil.which("terraform") is None:
        return "terraform is not in the PATH"
    if "TF_REATTACH_PROVIDERS" in variables:
        return None
    required = {"aws": {"source": "hashicorp/aws", "version": AWS_PROVIDER_VERSION}}
    (folder / "main.tf.json").write_text(json.dumps({"terraform": {"required_providers": required}}))
    init = ["terraform", "init", "-input=false", "-no-color"]
    done = subprocess.run(
        init, cwd=folder, env=clean_environment() | variables, capture_output=True, text=True, check=False, timeout=300
    )
    return f"Terraform cannot get the AWS provider: {done.stderr.strip()[-300:]}" if done.returncode else None


def _unpacked_provider() -> Path | None:
    mirror = find_mirror(usual_roots())
    versions = (
        [] if mirror is None else (mirror / PROVIDER_FOLDER / AWS_PROVIDER_VERSION).glob("*/terraform-provider-aws_*")
    )
    return next(iter(versions), None)


@contextlib.contextmanager
def _running(provider: Path) -> Iterator[str]:
    """Runs the provider; what Terraform is to be told of it."""
    # A folder with a short name: the provider's socket is in it, and names of sockets are.
    with tempfile.TemporaryDirectory(prefix="aws-") as folder, tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(
            ["sh", "-c", PROVIDER_UNTIL_INPUT_ENDS, str(provider)],
            env=clean_environment() | LESS_COLLECTING | {"TMPDIR": folder},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        assert process.stdin is not None and process.stdout is not None
        try:
            said = (re.search(r"TF_REATTACH_PROVIDERS='(.*)'", line) for line in process.stdout)
            attached = next(filter(None, said), None)
            if attached is None:
                log.seek(0)
                raise RuntimeError(f"the provider did not start: {log.read()}")
            (own,) = re.findall(r'"String":"([^"]+)"', attached[1])
            shortened = f"{folder}/terraform"
            with leading_to(own, shortened, _needed_schemas(provider, own)):
                yield attached[1].replace(own, shortened)
        finally:
            process.stdin.close()
            process.wait(30)
            process.stdout.close()


def _needed_schemas(provider: Path, address: str) -> bytes:
    """The provider's schemas of what the synthesized stacks consist of; it is asked for them once."""
    stacks = [json.loads(file.read_text()) for file in synthesized_once().glob("*/stacks/*/cdk.tf.json")]
    needed = {kind for stack in stacks for part in ("resource", "data") for kind in stack.get(part, {})}

    def ask(folder: Path) -> None:
        (folder / "answer").write_bytes(only(needed, all_schemas(address)))

    this = provider.stat()
    made_from = (str(provider), this.st_size, this.st_mtime_ns, sorted(needed))
    return (made_once("schemas", made_from, ask) / "answer").read_bytes()
