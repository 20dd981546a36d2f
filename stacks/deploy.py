"""What `make deploy` and `make destroy` run: `cdktf`, and a second deployment of the API when parts of it are gone.

A deployment freezes the API as it is at that moment. Terraform makes the new one first, and only then deletes methods
and responses that the configuration no longer has, because the old deployment needs them until the new one exists
(create before destroy). So a change that takes something away (mapping `original`, CORS off) would leave a stage that
still serves it. Therefore, if parts of the API are in Terraform's state and no longer in the configuration, the
deployment is replaced once more.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from stacks.terraform_mirror import write_configuration

PROJECT: Final = Path(__file__).resolve().parent.parent
DEPLOYMENT_TYPE: Final = "aws_api_gateway_deployment"
FROZEN_TYPES: Final = frozenset(
    f"aws_api_gateway_{part}"
    for part in ("gateway_response", "integration", "integration_response", "method", "method_response", "resource")
)
OWNER_ONLY: Final = 0o077
"""Umask of everything that is run: the state and the outputs hold the writer's secret key."""


def addresses(configuration: Mapping[str, Any]) -> set[str]:
    """Return the addresses of all resources in a synthesized cdk.tf.json."""
    return {f"{kind}.{name}" for kind, named in configuration.get("resource", {}).items() for name in named}


def deployment_address(configuration: Mapping[str, Any]) -> str:
    """Return the address of the API's deployment in a synthesized cdk.tf.json."""
    (name,) = configuration["resource"][DEPLOYMENT_TYPE]
    return f"{DEPLOYMENT_TYPE}.{name}"


def removed_api_parts(in_state: Iterable[str], configuration: Mapping[str, Any]) -> list[str]:
    """Return the API's parts that exist according to Terraform's state and that the configuration no longer has."""
    gone = set(in_state) - addresses(configuration)
    return sorted(address for address in gone if address.partition(".")[0] in FROZEN_TYPES)


def environment() -> dict[str, str]:
    """Return the environment for cdktf and Terraform: where the provider comes from, no calls home, no banners."""
    quiet = {"CHECKPOINT_DISABLE": "1", "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "20"}
    configuration = write_configuration(PROJECT / ".build" / "terraform.rc")
    return dict(os.environ) | quiet | {"TF_CLI_CONFIG_FILE": str(configuration)}


class Project:
    """A project folder with a cdktf.json, and the programs that are run in it."""

    def __init__(self, folder: Path, cdktf: Path, variables: Mapping[str, str]) -> None:
        self.folder = folder
        self.output = folder / "cdktf.out"
        self._cdktf = cdktf
        self._variables = dict(variables)

    def synthesize(self) -> None:
        """Run main.py as `cdktf synth` does, which loads for seconds before it; CalledProcessError when it fails."""
        self._cdktf.stat()  # without it there is nothing to synthesize for
        variables = self._variables | {"CDKTF_OUTDIR": str(self.output)}
        subprocess.run([sys.executable, "main.py"], cwd=self.folder, env=variables, check=True, umask=OWNER_ONLY)

    def cdktf(self, *arguments: str) -> None:
        """Run the CDKTF command line; CalledProcessError when it fails."""
        command = [str(self._cdktf), *arguments]
        subprocess.run(command, cwd=self.folder, env=self._variables, check=True, umask=OWNER_ONLY)

    def terraform(self, *arguments: str, check: bool = True) -> str:
        """Run Terraform on the synthesized stack and return what it printed; CalledProcessError when it fails."""
        command = ["terraform", *arguments]
        done = subprocess.run(
            command,
            cwd=self.stack_folder(),
            env=self._variables,
            check=False,
            capture_output=True,
            text=True,
            umask=OWNER_ONLY,
        )
        if check and done.returncode != 0:
            print(done.stderr.strip(), file=sys.stderr)
            raise subprocess.CalledProcessError(done.returncode, command)
        return done.stdout

    def stack_folder(self) -> Path:
        """Return the folder of the one stack that was synthesized last."""
        stacks = json.loads((self.output / "manifest.json").read_text(encoding="utf-8"))["stacks"]
        (stack,) = stacks.values()
        return self.output / str(stack["workingDirectory"])

    def configuration(self) -> dict[str, Any]:
        """Return the synthesized Terraform configuration."""
        content: dict[str, Any] = json.loads((self.stack_folder() / "cdk.tf.json").read_text(encoding="utf-8"))
        return content

    def deploy(self, outputs: Path, approval: Sequence[str]) -> list[str]:
        """Synthesize and deploy the stack; return the API parts that were taken away by it."""
        self.synthesize()
        return self.deploy_synthesized(outputs, approval)

    def deploy_synthesized(self, outputs: Path, approval: Sequence[str]) -> list[str]:
        """Deploy what is in cdktf.out, write its outputs, and return the API parts that were taken away by it."""
        self.terraform("init", "-input=false", "-no-color")
        # Without a state there is nothing to list, which Terraform calls an error.
        in_state = self.terraform("state", "list", check=False).split()
        removed = removed_api_parts(in_state, self.configuration())
        outputs_options = ["--outputs-file", str(outputs), "--outputs-file-include-sensitive-outputs"]
        # Locking the provider for other platforms would ask the public registry even where there is a mirror.
        self.cdktf("deploy", "--skip-synth", "--skip-provider-lock", *outputs_options, *approval)
        if removed:
            print(f"{len(removed)} parts of the API are gone: deploying it again, without them.", flush=True)
            self.redeploy("-refresh=false")  # what there is has just been read
        return removed

    def destroy(self, approval: Sequence[str]) -> None:
        """Synthesize the stack, to know where its state is, and remove everything that it created."""
        self.synthesize()
        self.destroy_synthesized(approval)

    def destroy_synthesized(self, approval: Sequence[str]) -> None:
        """Remove everything that the stack in cdktf.out created."""
        self.cdktf("destroy", "--skip-synth", "--skip-provider-lock", *approval)

    def redeploy(self, *options: str) -> None:
        """Replace the API's deployment by one of what the API is now."""
        target = deployment_address(self.configuration())
        self.terraform("apply", "-auto-approve", "-input=false", "-no-color", f"-replace={target}", *options)


def main(arguments: list[str] | None = None) -> int:
    """Deploy, redeploy or destroy; return 0, or the exit code of the program that failed."""
    parser = argparse.ArgumentParser(prog="python -m stacks.deploy", description=__doc__)
    parser.add_argument("action", choices=("deploy", "redeploy", "destroy"))
    parser.add_argument("--outputs", type=Path, default=PROJECT / "outputs.json", help="where deploy writes outputs")
    parser.add_argument("--ask", action="store_true", help="ask before anything is changed")
    parsed = parser.parse_args(arguments)
    project = Project(PROJECT, PROJECT / "node_modules" / ".bin" / "cdktf", environment())
    approval = [] if parsed.ask else ["--auto-approve"]
    try:
        if parsed.action == "deploy":
            project.deploy(parsed.outputs.resolve(), approval)
        elif parsed.action == "redeploy":
            project.redeploy()
        else:
            project.destroy(approval)
    except FileNotFoundError as error:
        print(
            f"{error.filename} is missing: run make deploy first, with terraform in the PATH.",
            file=sys.stderr,
        )
        return 2
    except subprocess.CalledProcessError as error:
        return error.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
