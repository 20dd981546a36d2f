"""Starts moto's server as a child process, and administers the account in it."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import tempfile
import urllib.request
from dataclasses import dataclass, field
from typing import Any, Final

START_TIME_LIMIT_S: Final = 60
OPERATOR: Final = "sandbox-operator"
_EVERYTHING: Final = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'


class MotoError(Exception):
    """moto's server failed. The text is one sentence."""


@dataclass(frozen=True)
class AccessKey:
    """An access key of moto's IAM. Its representation shows no part of the secret."""

    id: str
    secret: str = field(repr=False)


NOBODY: Final = AccessKey("testing", "testing")
"""Any key will do while IAM is not enforced."""


class MotoServer:
    """A moto server in a child process."""

    def __init__(self) -> None:
        """Start it, and wait until it serves."""
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the child
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MOTO_"))}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "loadtest.sandbox.aws.moto_child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env=environment,
            start_new_session=True,  # Ctrl-C is for the sandbox, which then stops this child
        )
        self.url = f"http://127.0.0.1:{self._port()}"
        self._operator = NOBODY
        self._clients: dict[tuple[str, str, str], Any] = {}
        self.enforces_iam = False

    def _port(self) -> int:
        output = self._process.stdout
        if output is not None and select.select([output], [], [], START_TIME_LIMIT_S)[0]:
            line = output.readline()
            if line.strip().isdigit():
                return int(line)
        self.stop()
        self._log.seek(0)
        last = self._log.read().decode(errors="replace").strip().splitlines()[-1:]
        raise MotoError(f"moto's server did not start ({last[0] if last else 'no message'}); run `make` to install it.")

    @property
    def pid(self) -> int:
        return self._process.pid

    def stop(self) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def client(self, service: str, region: str = "us-east-1") -> Any:
        """A boto3 client of an AWS service, with the rights of an administrator. Any thread may use it."""
        client = self._clients.get((service, region, self._operator.id))
        if client is not None:
            return client
        import boto3  # noqa: PLC0415 - takes a while, and is not needed to serve
        from botocore.config import Config  # noqa: PLC0415

        client = boto3.client(
            service,
            endpoint_url=self.url,
            region_name=region,
            aws_access_key_id=self._operator.id,
            aws_secret_access_key=self._operator.secret,
            config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
        )
        return self._clients.setdefault((service, region, self._operator.id), client)

    def enforce_iam(self, enforce: bool) -> None:
        """Check every request against IAM, as AWS does, or let everything pass.

        Before IAM is enforced, an administrator is made for the sandbox's own requests.
        """
        if enforce and self._operator is NOBODY:
            iam = self.client("iam")
            iam.create_user(UserName=OPERATOR)
            iam.put_user_policy(UserName=OPERATOR, PolicyName="everything", PolicyDocument=_EVERYTHING)
            self._operator = create_access_key(iam, OPERATOR)
        request = urllib.request.Request(  # noqa: S310 - our own child on loopback
            f"{self.url}/moto-api/reset-auth",
            data=b"0" if enforce else b"inf",
            headers={"Content-Type": "text/plain"},
            method="POST",
        )
        with urllib.request.urlopen(request, timeout=10):  # noqa: S310
            self.enforces_iam = enforce


def create_access_key(iam: Any, user: str) -> AccessKey:
    created = iam.create_access_key(UserName=user)["AccessKey"]
    return AccessKey(created["AccessKeyId"], created["SecretAccessKey"])
