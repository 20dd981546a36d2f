"""What a run keeps of a store's object before it writes there; for tests of putting it back."""

from pathlib import Path
from typing import Any

from loadtest.__main__ import main
from loadtest.run.documents.made_up import render
from loadtest.target.kept_document import keep, kept_folder
from loadtest.target.s3_store import S3Store
from tests.targets.odd_store import OddStore

RUN, OTHER = "0123456789ab", "ba9876543210"
MINE = b'{"hello":"world"}'


def about(odd: OddStore, **changed: Any) -> dict[str, Any]:
    return {
        "run": RUN,
        "bucket": "bkt",
        "object_key": "payload.json",
        "region": "us-east-1",
        "s3_endpoint_url": odd.url,
        "url": f"{odd.url}/v1/samples",
        "outputs": None,
        "stack": None,
    } | changed


def kept_from(odd: OddStore, run_dir: Path, number: int = 0, **changed: Any) -> dict[str, Any]:
    """Keep what is there, as a run does that is ``about`` it."""
    described = about(odd, **changed)
    look = S3Store(described).look()
    assert look.found == "document"
    keep(kept_folder(run_dir, number), described, look)
    return described


def kept_by(odd: OddStore, run_dir: Path, body: bytes = MINE, **headers: str) -> None:
    """A run has kept what was there, and written."""
    odd.hold(body, [(name.replace("_", "-"), value) for name, value in headers.items()])
    kept_from(odd, run_dir)
    odd.hold(render(RUN, 7, 512))


def restore(run_dir: Path, *options: str) -> int:
    return main(["restore", str(run_dir), *options])


def mine_comes_back(odd: OddStore, run_dir: Path, *options: str) -> None:
    assert restore(run_dir, *options) == 0
    assert odd.body == MINE
