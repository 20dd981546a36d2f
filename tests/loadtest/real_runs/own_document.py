"""A document of somebody's own at the object, as its owner sees it, and documents like theirs to publish."""

import json
from pathlib import Path
from typing import Any

import boto3

from loadtest.sandbox.process import RunningSandbox

MINE = b'{"my":"own \xc3\xa4 document"}\n'
MINE_PUT = {
    "ContentType": "application/vnd.mine+json; charset=utf-8",
    "CacheControl": "max-age=17",
    "ContentLanguage": "de",
    "ContentDisposition": "inline",
    "Metadata": {"owner": "me"},
}
TAGS = [{"Key": "team", "Value": "shop"}]
KEY = "payload.json"


class Mine:
    """The object, as its owner sees it; no run has this client."""

    def __init__(self, sandbox: RunningSandbox, key: str = KEY) -> None:
        self._key = key
        self._s3 = boto3.client(
            "s3", "us-east-1", endpoint_url=sandbox.url, aws_access_key_id="owner", aws_secret_access_key="owner"
        )
        self._bucket = sandbox.outputs()["S3BucketName"]

    def put(self, body: bytes = MINE, **arguments: Any) -> None:
        self._s3.put_object(
            Bucket=self._bucket,
            Key=self._key,
            Body=body,
            Tagging="team=shop",
            ACL="public-read",
            **MINE_PUT,
            **arguments,
        )
        self._access_list = self._granted()

    def body(self) -> bytes:
        found: bytes = self._s3.get_object(Bucket=self._bucket, Key=self._key)["Body"].read()
        return found

    def is_served_as_it_was(self) -> bool:
        """Whether it has the headers that its owner gave it, whatever its bytes are."""
        return MINE_PUT.items() <= self._s3.head_object(Bucket=self._bucket, Key=self._key).items()

    def is_as_it_was(self) -> bool:
        found = self._s3.get_object(Bucket=self._bucket, Key=self._key)
        tags = self._s3.get_object_tagging(Bucket=self._bucket, Key=self._key)["TagSet"]
        assert (found["Body"].read(), tags, self._granted()) == (MINE, TAGS, self._access_list)
        return MINE_PUT.items() <= found.items()

    def _granted(self) -> list[str]:
        listed = self._s3.get_object_acl(Bucket=self._bucket, Key=self._key)["Grants"]
        return sorted(map(str, listed))


def documents_like_mine(folder: Path, count: int) -> list[str]:
    """Documents of the owner's own, as a publisher of theirs makes one after the other: no two of one size."""
    folder.mkdir()
    for number in range(count):
        rows = [{"id": row, "price": (row + 7) * (number + 13) % 9973} for row in range(100 + number)]
        document = {"meta": {"revision": 17, "by": "\u00e4"}, "rows": rows}
        (folder / f"{number:03}.json").write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    return sorted(map(str, folder.iterdir()))
