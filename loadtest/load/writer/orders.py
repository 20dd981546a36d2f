"""What a process that writes to the store needs to know: with the key for its standard input, without it for a file."""

from __future__ import annotations

from typing import Any

from loadtest.cleaned import public_url
from loadtest.run.settings import Settings
from loadtest.target.finding import Target


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
