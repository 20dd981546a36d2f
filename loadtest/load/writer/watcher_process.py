"""The parent's side of the watcher: starts it, and hears what the store showed first."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from loadtest.cleaned import secrets_of
from loadtest.errors import UsageError
from loadtest.load.writer.process import WriterProcess
from loadtest.run.settings import Settings
from loadtest.target.access import secrets_of_headers
from loadtest.target.finding import Target
from loadtest.target.remedies import what_to_do

_OF_THE_ENVIRONMENT: Final = (
    "AWS_ACCESS_KEY_ID",
    "AWS_PROFILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)
_DENIED: Final = ("AccessDenied", "AccessDeniedException", "Forbidden", "HTTP403", "403")


class WatcherProcess(WriterProcess):
    """The watcher of one run. It writes nothing, so it leaves nothing to put back."""

    module = "loadtest.load.writer.watcher"
    name = "watcher"

    def _more_orders(self, settings: Settings) -> dict[str, Any]:
        return {
            "watch_interval": settings.watch_interval,
            "publish_command": settings.publish_command,
            "folder": str(Path.cwd()),
            "secrets": [
                *secrets_of_headers(self._target.access.headers),
                *(secret for one in self._target.each() for secret in secrets_of(one.url)),
            ],
        }

    def first(self) -> dict[str, Any]:
        """What the store showed first: its ETag and how long the document is.

        Raises:
            UsageError: it showed no document; says why and what to do.
        """
        looked = self._conversation.wait_for("looked", f"did not see {self.place}")
        if looked["looked"] == "nothing":
            self.stop()
            raise UsageError(
                f"There is no object {self.place} to watch: fix --bucket or --object-key, or publish a document first."
            )
        if looked["looked"] != "document":
            self.stop()
            error = looked["error"]
            raise UsageError(f"{self.place} cannot be watched: {error}; {what_helps_a_watcher(error)}.")
        self.refuse_other_clock()
        return looked


def with_key_of_a_reader(target: Target) -> Target:
    """The same with the credentials of the environment, where it names some: a deployment's own key may only write."""
    return replace(target, credentials=None) if any(map(os.environ.get, _OF_THE_ENVIRONMENT)) else target


def what_helps_a_watcher(error: str) -> str:
    """What helps against an error of a HEAD."""
    name, _, _ = error.partition(" ")
    if name.rstrip(":") in _DENIED:
        return (
            "this key may not read the object: allow it s3:GetObject there (and s3:ListBucket on the bucket, so that a "
            "missing object is told from a forbidden one), or give another with AWS_PROFILE"
        )
    if "publish command" in error:
        return "run it by hand to see what is wrong with it"
    if name == "the":
        return "readers get what is still served"
    return what_to_do(error.replace(" of GetObject", "").replace(" of HeadObject", ""))
