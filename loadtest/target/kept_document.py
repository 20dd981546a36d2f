"""The document that was there before the run: kept in the run directory, so that it can be put back.

The document is its owner's. Its bytes lie in ``kept/document``, what is known of it in ``kept/about.json``, both for
the owner of the run directory alone. No secret is among it: addresses are written as they may be shown. A run of
several objects keeps one of each: those after the first in ``kept-2``, ``kept-3``, … What somebody else publishes while
the run goes on lies beside it, in ``kept/published-1``, and so on; the newest is the one to put back.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from loadtest.cleaned import public_url
from loadtest.errors import UsageError
from loadtest.run.addresses import MOST_ADDRESSES
from loadtest.run.files import KEPT_ABOUT, KEPT_DOCUMENT, KEPT_FOLDER, KEPT_LATER
from loadtest.run.settings import Settings
from loadtest.target.finding import Target
from loadtest.target.store_interface import ObjectLook
from loadtest.whole_files import OWNER_ONLY, on_the_disk, write_whole

FORMAT: Final = 1
TAKEN_OVER_FROM: Final = "taken_over_from"
"""What names the earlier run whose kept document this run has taken over, and so will put back in its place."""


def kept_folder(run_dir: Path, number: int = 0) -> Path:
    """Where a run keeps what was at one of its objects; most runs have one."""
    return run_dir / (f"{KEPT_FOLDER}-{number + 1}" if number else KEPT_FOLDER)


def kept_numbers(run_dir: Path) -> list[int]:
    """The objects of which something is kept, by number."""
    return [number for number in range(MOST_ADDRESSES) if kept_folder(run_dir, number).exists()]


@dataclass(frozen=True)
class Kept:
    """What is known of the object as it is to be put back. ``body`` None: there was none."""

    about: dict[str, Any]
    body: bytes | None
    number: int = 0
    """Of the object, in a run that has several."""

    @property
    def place(self) -> str:
        """The object, for a sentence."""
        return f"s3://{self.about['bucket']}/{self.key}"

    @property
    def as_it_was(self) -> str:
        """When it was there like that, for a sentence."""
        during = self.about.get("published_during_run")
        return "as somebody else published it during the run" if during else "as it was before the run"

    @property
    def objects(self) -> int:
        """How many the run has, which take turns with their versions."""
        return int(self.about.get("objects") or 1)

    @property
    def key(self) -> str:
        """Of the object."""
        return str(self.about["object_key"])


def keep(folder: Path, about: dict[str, Any], look: ObjectLook | None) -> None:
    """Keep the document that was there; ``look`` None means that there was none."""
    folder.mkdir(mode=0o700, exist_ok=True)
    about = {**about, "format": FORMAT, "put_back": False}
    if look is not None:
        _write(folder / KEPT_DOCUMENT, look.body)
        about |= {"etag": look.etag, "put": look.put or {}, "not_kept": list(look.not_kept)}
        about |= {"bytes": len(look.body), "sha256": _sha256(look.body)}
    _write(folder / KEPT_ABOUT, json.dumps({**about, "found": look is not None}, indent=2).encode())
    on_the_disk(folder.parent)


def keep_later(folder: Path, about: dict[str, Any], look: ObjectLook) -> None:
    """Keep what somebody else has published while the run went on, beside what was there before it.

    Nothing that is kept already is touched, so it is whole whenever this is killed.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    on_the_disk(folder.parent)
    number = max(_later(folder), default=0) + 1
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):  # a run that is relieved by this one, too
        about = {**about, TAKEN_OVER_FROM: json.loads((folder / KEPT_ABOUT).read_bytes())[TAKEN_OVER_FROM]}
    keep(folder / f"{KEPT_LATER}{number}", {**about, "from": "store", "published_during_run": True}, look)


def newest_kept(run_dir: Path, number: int = 0) -> Path:
    """Where that of an object lies which is to be put back: what somebody else published last, or what was there."""
    folder = kept_folder(run_dir, number)
    later = _later(folder)
    return next((later[each] for each in sorted(later, reverse=True) if (later[each] / KEPT_ABOUT).exists()), folder)


def _later(folder: Path) -> dict[int, Path]:
    """What was published while the run went on, by its number; the last may not be whole."""
    paths = {path.name.removeprefix(KEPT_LATER): path for path in folder.glob(f"{KEPT_LATER}*")}
    return {int(number): path for number, path in paths.items() if number.isdecimal()}


def load(run_dir: Path, number: int = 0) -> Kept | None:
    """What a run has kept of an object; None when it found nothing that is somebody's, or wrote nothing."""
    folder = newest_kept(run_dir, number)
    try:
        about = json.loads((folder / KEPT_ABOUT).read_bytes())
        body = (folder / KEPT_DOCUMENT).read_bytes() if about["found"] else None
        if about["format"] > FORMAT or (body is not None and len(body) != about["bytes"]):
            raise ValueError
        if body is not None and about.get("sha256", _sha256(body)) != _sha256(body):  # older ones have none
            raise ValueError
        for name in ("bucket", "object_key", "run", "url"):
            if not isinstance(about[name], str):
                raise ValueError
    except FileNotFoundError:
        if folder.exists() and (folder / KEPT_DOCUMENT).exists():
            raise UsageError(f"{folder} lacks {KEPT_ABOUT}: put {folder / KEPT_DOCUMENT} back by hand.") from None
        return None
    except (OSError, ValueError, KeyError, TypeError):
        raise UsageError(
            f"What was kept in {folder} cannot be read or is not whole: put {folder / KEPT_DOCUMENT} back by hand, if "
            "it is what you miss."
        ) from None
    return Kept(about, body, number)


def forget(run_dir: Path, number: int) -> None:
    """Delete what a run has kept of an object that it never wrote to: nothing is owed there."""
    shutil.rmtree(kept_folder(run_dir, number), ignore_errors=True)


def note_put_back(run_dir: Path, number: int = 0) -> None:
    """Write down that it was put back, so that nobody is told to do it again; where that fails they may be."""
    path = newest_kept(run_dir, number) / KEPT_ABOUT
    with contextlib.suppress(OSError, ValueError, TypeError):
        _write(path, json.dumps({**json.loads(path.read_bytes()), "put_back": True}, indent=2).encode())


def is_owed(run_dir: Path, number: int | None = None) -> bool:
    """Whether a document is kept that was not put back yet: of one object, or of any. Never raises."""
    if number is None:
        return any(is_owed(run_dir, each) for each in kept_numbers(run_dir))
    try:
        about = json.loads((newest_kept(run_dir, number) / KEPT_ABOUT).read_bytes())
        return bool(about["found"]) and not about["put_back"]
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _write(path: Path, content: bytes) -> None:
    """Write a file that only its owner may read, and have it on the disk before anything is overwritten."""
    write_whole(path, content, mode=OWNER_ONLY, durable=True)


def _sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def about(run: str, settings: Settings, target: Target) -> dict[str, Any]:
    """What is kept beside the document: where it was, and where to find the key. There is no secret in it."""
    return {
        "run": run,
        "bucket": target.bucket,
        "object_key": target.object_key,
        "objects": max(1, len(set(settings.object_keys))),
        "region": target.region,
        "s3_endpoint_url": public_url(target.s3_endpoint_url) if target.s3_endpoint_url else None,
        "url": target.shown_url,
        "outputs": str(settings.outputs.resolve()) if target.credentials else None,
        "stack": settings.stack,
    }
