"""The sandbox's own requests to moto's S3, with an administrator's key. They block: call them in a thread."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import Any, Final

from loadtest.sandbox.aws.moto_server import MotoServer
from loadtest.sandbox.store.objects import ObjectVersion, object_version

_STORED_HEADERS: Final = frozenset(
    {"cache-control", "content-disposition", "content-encoding", "content-language", "content-type", "expires"}
)


class StorageOperator:
    """An administrator of moto's S3."""

    def __init__(self, moto: MotoServer) -> None:
        self._moto = moto

    def has_bucket(self, bucket: str, region: str) -> bool:
        client = self._moto.client("s3", region)
        try:
            client.head_bucket(Bucket=bucket)
        except client.exceptions.ClientError as error:
            return bool(error.response["Error"]["Code"] != "404")
        return True

    def put(self, bucket: str, key: str, body: bytes) -> str:
        """PUT a JSON document; returns its ETag."""
        client = self._moto.client("s3")
        answer = client.put_object(
            Bucket=bucket, Key=key, Body=body, ContentType="application/json", CacheControl="no-cache"
        )
        return str(answer["ETag"])

    def fetch(self, bucket: str, key: str, region: str) -> ObjectVersion | None:
        """An object as moto has it; None when it is missing."""
        client = self._moto.client("s3", region)
        try:
            answer: dict[str, Any] = client.get_object(Bucket=bucket, Key=key)
        except client.exceptions.ClientError:
            return None
        received = {name.lower(): value for name, value in answer["ResponseMetadata"]["HTTPHeaders"].items()}
        modified = parsedate_to_datetime(received["last-modified"]).timestamp()
        return object_version(answer["Body"].read(), answer["ETag"], modified, stored_headers(received))


def stored_headers(headers: dict[str, str]) -> dict[str, str]:
    stored = {
        name: value for name, value in headers.items() if name in _STORED_HEADERS or name.startswith("x-amz-meta-")
    }
    codings = [part.strip() for part in stored.pop("content-encoding", "").split(",")]
    encoding = ", ".join(coding for coding in codings if coding not in ("", "aws-chunked"))
    return {**stored, "content-encoding": encoding} if encoding else stored
