"""A reader and a writer for tests: HTTP as it goes over the wire, and boto3 as the writer uses it."""

import functools
import http.client
import json
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from gateway_bench import KEY, Seen

from loadtest.sandbox.process import RunningSandbox


def aws_client(service: str, url: str, key: str = "testing", secret: str = "testing", region: str = "us-east-1") -> Any:
    """A boto3 client that does not retry."""
    return boto3.client(
        service,
        region_name=region,
        endpoint_url=url,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}, read_timeout=20),
    )


def ask_once(
    url: str, path: str, method: str = "GET", headers: dict[str, str] | None = None, content: Any = None
) -> Seen:
    """One request over a connection of its own; ``content`` is sent as JSON."""
    place = urlsplit(url)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=20)
    connection.request(method, path, None if content is None else json.dumps(content), headers or {})
    answer = connection.getresponse()
    seen = Seen(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
    connection.close()
    return seen


class SandboxClient:
    """Reads and writes of one sandbox; reads use one connection as long as it lives."""

    def __init__(self, sandbox: RunningSandbox) -> None:
        self.sandbox = sandbox
        self.url = urlsplit(sandbox.samples_url)
        self._connection: http.client.HTTPConnection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: object, trace: TracebackType | None) -> None:
        self.hang_up()

    def hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def ask(self, method: str = "GET", path: str | None = None, headers: dict[str, str] | None = None) -> Seen:
        """One request; header names go out as they are spelled, and are lower-cased in the answer."""
        if self._connection is None:
            self._connection = http.client.HTTPConnection(self.url.hostname or "", self.url.port, timeout=20)
        try:
            self._connection.request(method, path or self.url.path, headers=headers or {})
            answer = self._connection.getresponse()
            body = answer.read()
        except BaseException:
            self.hang_up()
            raise
        return Seen(answer.status, {name.lower(): value for name, value in answer.getheaders()}, body)

    def get(self, **headers: str) -> Seen:
        """GET of the samples; ``headers`` with underscores for hyphens."""
        return self.ask(headers={name.replace("_", "-"): value for name, value in headers.items()})

    @functools.cached_property
    def s3(self) -> Any:
        """S3, with the writer's own key."""
        outputs = self.sandbox.outputs()
        return aws_client("s3", self.sandbox.url, outputs["DataStoreAccessKeyId"], outputs["DataStoreSecretAccessKey"])

    @property
    def bucket(self) -> str:
        return self.sandbox.outputs()["S3BucketName"]

    def put(self, body: bytes, **more: Any) -> str:
        """Replace the document; gives its ETag."""
        named = {"ContentType": "application/json", "CacheControl": "no-cache", **more}
        etag: str = self.s3.put_object(Bucket=self.bucket, Key=KEY, Body=body, **named)["ETag"]
        return etag

    def admin(self, method: str, path: str, content: Any = None) -> Seen:
        """A request to the administration."""
        return ask_once(self.sandbox.url, path, method, content=content)
