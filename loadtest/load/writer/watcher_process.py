"""The parent's side of the watcher: starts it, and takes its first HEAD."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from loadtest.cleaned import secrets_of
from loadtest.errors import UsageError
from loadtest.load.writer.writer_process import WriterProcess
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
    """The watcher of one run. It writes nothing, so there is nothing to put back."""

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
        """The first HEAD: the ETag and the length of the document.

        Raises:
            UsageError: there is no document, or it cannot be seen.
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
    """The target with the credentials of the environment, if it has some: a deployment's own key may only write."""
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
