"""``--samples-path``: where documents are read, once or at several addresses, each with its weight and its object."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from loadtest.cleaned import public_url
from loadtest.errors import UsageError
from loadtest.run.addresses import LARGEST_WEIGHT, MOST_ADDRESSES
from stacks.user_input import shown

DEFAULT_PATH: Final = "/v1/samples"
_WEIGHT: Final = re.compile(r"[0-9]{1,4}")
_SCHEMES: Final = ("http://", "https://")
_MISTYPED: Final = re.compile(r"https?\W|[a-z][a-z0-9+.-]*:/", re.IGNORECASE)
"""The beginning of an address. Taken for a path, it would be sent to the host and shown, with its password."""


class SamplesPath(NamedTuple):
    """A path (with a leading slash) or a whole address; ``key`` is that of its object, "" where it is not said."""

    address: str
    weight: int = 1
    key: str = ""


def paths_from(given: Sequence[str] | str | None) -> tuple[SamplesPath, ...]:
    """Paths and whole addresses, each with its weight; one at least.

    Raises:
        UsageError: one of them is neither, or there are too many, or two alike.
    """
    texts = [given] if isinstance(given, str) else list(given or ())
    found = tuple(_one(text.strip()) for text in texts or [DEFAULT_PATH])
    if len(found) > MOST_ADDRESSES:
        raise UsageError(f"--samples-path was given {len(found)} times: give at most {MOST_ADDRESSES}.")
    if len({path.address for path in found}) < len(found):
        raise UsageError("--samples-path names one address twice: give it once, with the weights added up.")
    return found


def _one(text: str) -> SamplesPath:
    address, *more = text.split() or [""]
    said = dict(part.partition("=")[::2] for part in more)
    weight = int(said.get("weight", "1")) if _WEIGHT.fullmatch(said.get("weight", "1")) else 0
    known = len(said) == len(more) and said.keys() <= {"weight", "key"} and said.get("key") != ""
    if not (address and known and 1 <= weight <= LARGEST_WEIGHT):
        raise UsageError(
            f"--samples-path is {shown(public_url(text))}: give a path or an address without spaces and, where there "
            f"are several, its weight from 1 to {LARGEST_WEIGHT:,} and the key of its object, as in "
            f"'{DEFAULT_PATH} weight=3' or '/v1/prices key=prices.json'."
        )
    if "#" in address:
        raise UsageError(
            "--samples-path holds a #, and what stands behind it is never sent: leave it out, or write %23 for it."
        )
    if _MISTYPED.match(address) and not address.lower().startswith(_SCHEMES):
        raise UsageError(
            f"--samples-path is {shown(public_url(text))}: an address begins with http:// or https://, and a path with "
            "a slash."
        )
    path = address if address.lower().startswith(_SCHEMES) else "/" + address.lstrip("/")
    return SamplesPath(path, weight, said.get("key", ""))


def placed(path: str, host: str | None, samples_url: str | None) -> str | None:
    """The address that a path means: behind ``host``, or else beside the one of the outputs; None without either."""
    if path.lower().startswith(_SCHEMES):
        return path
    if host:
        return f"{host}{path}"
    if not samples_url or path == DEFAULT_PATH:
        return samples_url
    if samples_url.endswith(DEFAULT_PATH):
        return samples_url.removesuffix(DEFAULT_PATH) + path
    parts = urlsplit(samples_url)
    return f"{parts.scheme}://{parts.netloc}{path}"
