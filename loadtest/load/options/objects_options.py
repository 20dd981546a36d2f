"""Several objects in one run: what their addresses and documents must be, and what does not go together with them."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Final

from loadtest.errors import UsageError
from loadtest.run.settings import PUBLISH, Settings
from stacks.user_input import shown

_DOCUMENT: Final = re.compile(r"(?P<file>.*\S)[ \t]+key=(?P<key>\S+)", re.DOTALL)


def with_objects(settings: Settings, object_key: str) -> Settings:
    """``settings`` where the addresses are of several objects; ``object_key`` is that of documents that name none."""
    keys = tuple(dict.fromkeys(settings.object_keys))
    if not keys:
        return settings
    if why := _unfit(settings):
        raise UsageError(f"--samples-path names {len(keys)} objects: {why}, so give each object a run of its own.")
    if settings.window and settings.write_interval * len(keys) > settings.window:
        raise UsageError(
            f"--write-interval is {settings.write_interval:g} s and --window {settings.window:g} s: no writing window "
            f"would hold a write of each of {len(keys)} objects, which take turns; make the window longer or the "
            "interval shorter."
        )
    return _with_documents(settings, keys, object_key) if settings.document else settings


def _unfit(settings: Settings) -> str:
    """Why these settings are for one object; "" when they are not."""
    if settings.publish_command:
        return "--publish-command is watched at one object"
    if settings.writer != PUBLISH:
        return f"--writer {settings.writer} looks at one"
    if not settings.write_interval:
        return "--write-interval 0 keeps to the one document that is there"
    if settings.documents is not None:
        return "--documents is the history of one"
    if settings.until_decided:
        return "--until-decided waits for the answers of one"
    return ""


def _with_documents(settings: Settings, keys: tuple[str, ...], object_key: str) -> Settings:
    """Each ``--document`` with its object: the one that ``key=`` behind it names, or else ``--object-key``."""
    files, numbers = [], []
    for given in settings.document:
        match = _DOCUMENT.fullmatch(given)
        file, key = (match["file"], match["key"]) if match else (given, object_key)
        if key not in keys:
            raise UsageError(
                f"--document {shown(file)} is of {shown(key)}, which no --samples-path reads: name one of "
                f"{shown(', '.join(keys))} behind it, as in '{Path(file).name} key={keys[-1]}'."
            )
        files.append(file)
        numbers.append(keys.index(key))
    lacking = [key for number, key in enumerate(keys) if number not in numbers]
    if lacking:
        raise UsageError(
            f"--document gives nothing to publish at {shown(lacking[0])}: give one for each object, as in "
            f"'FILE key={lacking[0]}', or leave --document out."
        )
    return replace(settings, document=tuple(files), document_objects=tuple(numbers))
