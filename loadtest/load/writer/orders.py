"""What a process that writes to the store is told: with the key on its standard input, and without it in a file."""

from __future__ import annotations

from typing import Any

from loadtest.cleaned import public_url
from loadtest.run.settings import Settings
from loadtest.target.finding import Target


def about(run: str, settings: Settings, target: Target) -> dict[str, Any]:
    """What is kept beside the document: where it was, and where the key is to be found; no secret."""
    return {
        "run": run,
        "bucket": target.bucket,
        "object_key": target.object_key,
        "region": target.region,
        "s3_endpoint_url": public_url(target.s3_endpoint_url) if target.s3_endpoint_url else None,
        "url": target.shown_url,
        "outputs": str(settings.outputs.resolve()) if target.credentials else None,
        "stack": settings.stack,
    }
