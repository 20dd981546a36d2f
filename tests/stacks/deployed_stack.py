"""What the tests of a deployed stack need: a moto server as a child process, and Terraform run in a folder."""

import contextlib
import functools
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import botocore.config
from quick_terraform import clean_environment
from stack_variants import EMULATOR

REPOSITORY = Path(__file__).resolve().parents[2]
SECONDS = 240
"""A Terraform run that takes longer hangs, since the provider retries what moto does not have."""


@dataclass(frozen=True)
class MotoServer:
    url: str

    @classmethod
    @contextlib.contextmanager
    def started(cls) -> Iterator["MotoServer"]:
        process = subprocess.Popen(
            [sys.executable, "-m", "loadtest.sandbox.aws.moto_child"],
            cwd=REPOSITORY,
            # API Gateway's log role uses a policy that AWS manages.
            env=os.environ | {"MOTO_IAM_LOAD_MANAGED_POLICIES": "true"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdin is not None and process.stdout is not None
        try:
            yield cls(f"http://127.0.0.1:{int(process.stdout.readline())}")
        finally:
            process.stdin.close()  # it ends when its input does
            process.wait(30)
            process.stdout.close()

    def client(self, service: str, region: str = "us-east-1", key: str = "test", secret: str = "test") -> Any:
        return _client(self.url, service, region, key, secret)

    @contextlib.contextmanager
    def enforcing_iam(self) -> Iterator[None]:
        """Have moto check who may do what from now on."""
        self._requests_without_check(0)
        try:
            yield
        finally:
            self._requests_without_check(1_000_000_000)

    def _requests_without_check(self, count: int) -> None:
        headers = {"Content-Type": "text/plain"}
        request = urllib.request.Request(f"{self.url}/moto-api/reset-auth", str(count).encode(), headers)
        urllib.request.urlopen(request, timeout=10).close()


@functools.cache  # making one takes longer than what it is asked
def _client(url: str, service: str, region: str, key: str, secret: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=url,
        region_name=region,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        config=botocore.config.Config(retries={"max_attempts": 1}, s3={"addressing_style": "path"}),
    )


class TerraformFolder:
    """A folder with a configuration and a state."""

    def __init__(self, folder: Path, variables: dict[str, str], endpoint_url: str) -> None:
        self.folder = folder
        self._variables = clean_environment() | variables
        self._endpoint_url = endpoint_url

    def configure(self, variant: dict[str, Any], known: Mapping[str, str] | None = None) -> None:
        """Write a variant; ``known`` says what some of its words are here, such as ids of what exists already."""
        text = self.for_this_emulator(variant)
        for word, here in (known or {}).items():
            text = text.replace(word, here)
        (self.folder / "cdk.tf.json").write_text(text)

    def for_this_emulator(self, variant: dict[str, Any]) -> str:
        text = json.dumps(variant)
        local = variant["terraform"]["backend"].get("local")
        if local:
            text = text.replace(json.dumps(local["path"]), json.dumps(str(self.folder / "terraform.tfstate")))
        return text.replace(EMULATOR, self._endpoint_url)

    def run(self, *arguments: str, expected: tuple[int, ...] = (0,)) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            ["terraform", *arguments],
            cwd=self.folder,
            env=self._variables,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode in expected, f"terraform {' '.join(arguments)}:\n{done.stdout}\n{done.stderr}"
        return done

    def apply(self) -> None:
        self.run("init", "-input=false", "-no-color", "-reconfigure")
        self.run("apply", "-auto-approve", "-input=false", "-no-color")

    def destroy(self) -> None:
        self.run("destroy", "-auto-approve", "-refresh=false", "-input=false", "-no-color")

    def planned_changes(self) -> str:
        """What a plan would change; empty when the configuration and what exists are the same."""
        done = self.run("plan", "-detailed-exitcode", "-input=false", "-no-color", expected=(0, 2))
        return done.stdout if done.returncode == 2 else ""

    def outputs(self) -> dict[str, Any]:
        found = json.loads(self.run("output", "-json", "-no-color").stdout)
        return {name: output["value"] for name, output in found.items()}
