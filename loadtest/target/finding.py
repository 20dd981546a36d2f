"""Where a run reads and where it writes: from ``--host``, or from the outputs of ``cdktf deploy``."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from loadtest.cleaned import public_url
from loadtest.errors import UsageError
from loadtest.http1.access import NO_ACCESS, Access, HeaderLines
from loadtest.run.settings import NO_WRITER, Settings
from loadtest.target.outputs_file import read_outputs
from loadtest.target.paths import placed
from stacks.user_input import cut, shown

EMULATOR_PATH: Final = "/_aws/execute-api/"
"""What the address of a REST API holds on an emulator, which serves all of AWS on one port."""
_AWS_HOST = re.compile(
    r"^[a-z0-9]+\.execute-api\.(?P<region>[a-z0-9-]+)"
    r"\.(amazonaws\.com(\.cn)?|amazonaws\.eu|c2s\.ic\.gov|sc2s\.sgov\.gov|cloud\.adc-e\.uk|csp\.hci\.ic\.gov)$"
)
_DEFAULT_REGION: Final = "us-east-1"


@dataclass(frozen=True)
class Credentials:
    """The writer's key. Never printed: its representation shows no part of it."""

    access_key_id: str = field(repr=False)
    secret_access_key: str = field(repr=False)


@dataclass(frozen=True)
class Target:
    """Where the samples are read and where the document is written.

    ``credentials`` is None when the outputs hold none: boto3's standard chain is asked then. The addresses may hold a
    secret themselves (``https://user:password@host``, ``?key=…``), so messages use ``shown_url``.
    """

    url: str = field(repr=False)
    bucket: str
    object_key: str
    region: str
    s3_endpoint_url: str | None = field(repr=False)
    credentials: Credentials | None
    is_sandbox: bool = False
    """Whether this project's own stand-in for AWS has identified itself."""
    access: Access = NO_ACCESS
    """The headers and the client certificate of every read."""
    addresses: tuple[tuple[str, int], ...] = field(default=(), repr=False)
    """All addresses with their weights, where there are several; ``url`` is the first."""
    object_keys: tuple[str, ...] = ()
    """The object of each address, where they are of several; ``object_key`` is the first."""

    def each(self) -> tuple[Target, ...]:
        """The target as the readers of each of its addresses see it."""
        keys = self.object_keys or (self.object_key,) * len(self.addresses)
        return tuple(
            replace(self, url=url, object_key=key, addresses=(), object_keys=())
            for (url, _), key in zip(self.addresses, keys, strict=True)
        ) or (self,)

    def objects(self) -> tuple[Target, ...]:
        """The target once for each of its objects, at the first address of each."""
        if not self.object_keys:
            return (self,)
        first: dict[str, Target] = {}
        for one in self.each():
            first.setdefault(one.object_key, one)
        return tuple(first.values())

    @property
    def object_numbers(self) -> tuple[int, ...]:
        """For each address the number of its object, as :meth:`objects` has them; empty where there is one."""
        keys = list(dict.fromkeys(self.object_keys))
        return tuple(keys.index(key) for key in self.object_keys)

    @property
    def kind(self) -> str:
        """``aws``, ``sandbox`` (this project's own) or ``other``, also for other emulators and stores."""
        if self.is_sandbox:
            return "sandbox"
        return "aws" if _AWS_HOST.match(urlsplit(self.url).hostname or "") else "other"

    @property
    def shown_url(self) -> str:
        return public_url(self.url)

    @property
    def object_name(self) -> str:
        """The object, for a sentence."""
        return f"s3://{self.bucket}/{self.object_key}"

    def public(self) -> dict[str, Any]:
        """The target for a run directory: everything but the secrets."""
        return {
            "url": self.shown_url,
            "kind": self.kind,
            "bucket": self.bucket,
            "object_key": self.object_key,
            "region": self.region,
            "s3_endpoint_url": public_url(self.s3_endpoint_url) if self.s3_endpoint_url else None,
            **({"headers": list(self.access.names)} if self.access.headers else {}),
            **({"addresses": self._public_addresses()} if self.addresses else {}),
            **({"client_certificate": True} if self.access.cert else {}),
        }

    def _public_addresses(self) -> list[dict[str, Any]]:
        said: list[dict[str, Any]] = [{"url": public_url(url), "weight": weight} for url, weight in self.addresses]
        for address, key in zip(said, self.object_keys, strict=False):
            address["object_key"] = key
        return said


def find_target(
    settings: Settings,
    *,
    address: str = "give --host and --bucket",
    bucket_remedy: str = "give --bucket, or --writer none, which writes nothing",
) -> Target:
    """The target that the settings name.

    Args:
        settings: what was chosen.
        address: how a user of this command names one.
        bucket_remedy: the same for a bucket.

    Raises:
        UsageError: there is neither a host nor a usable outputs file, or no bucket to write to.
    """
    paths = settings.addresses or ((settings.samples_path, 1),)
    lacking = settings.host is None and any(placed(path, None, None) is None for path, _ in paths)
    found = read_outputs(settings.outputs, settings.stack, url_needed=lacking)
    outputs = found or {}
    file = cut(str(settings.outputs))
    addresses = [(placed(path, settings.host, outputs.get("SamplesUrl")), weight) for path, weight in paths]
    urls = [(url, weight) for url, weight in addresses if url]
    if len(urls) < len(addresses):
        raise UsageError(
            f"There is nothing to read: no address was given and there is no {file}; run `make deploy`, or start the "
            f"sandbox with `python -m loadtest sandbox`, or {address}."
        )
    wrong = next((url for url, _ in urls if not _is_http(url)), None)
    if wrong is not None:
        where, remedy = ("The address", "fix it") if settings.host else ("SamplesUrl", "run `make deploy` again")
        raise UsageError(f"{where} is {shown(public_url(wrong))}: it must be an http or https address; {remedy}.")
    url = urls[0][0]
    for each, _ in urls:
        refuse_two_identities(each, settings.headers)
    bucket = settings.bucket or outputs.get("S3BucketName")
    if not bucket and settings.writer != NO_WRITER:
        known = "there is no outputs file" if found is None else f"{file} names none"
        raise UsageError(f"There is no bucket to write to: {known}; {bucket_remedy}.")
    if found is None and settings.outputs_needed:  # it was named, so its name is probably mistyped
        raise UsageError(
            f"There is no outputs file {file}: give --outputs (or LOCUST_OUTPUTS) the name of an existing file, or "
            "the word none to read no file."
        )
    return Target(
        url=url,
        bucket=bucket or "",
        object_key=settings.object_key,
        region=aws_region_from_environment()
        or _region_of(url)
        or _region_of(outputs.get("SamplesUrl", ""))  # a domain of one's own names none
        or _DEFAULT_REGION,
        s3_endpoint_url=settings.s3_endpoint_url or _emulator_of(url),
        credentials=_credentials_from(outputs),
        access=Access.of(settings),
        addresses=tuple(urls) if len(urls) > 1 else (),
        object_keys=settings.object_keys,
    )


def refuse_other_endpoint(target: Target, at_start: Settings) -> None:
    """Refuse a host, given in Locust's page, that would have the document written somewhere else.

    The address of an emulator names the store, too. Whoever reaches the page may choose what is read, but not what is
    written, nor who gets the keys that are sent with reads.

    Raises:
        UsageError: the store would be another than with the settings that Locust was started with, or headers and a
            certificate would go to another host.
    """
    try:
        before = find_target(at_start)
        endpoint, origins = before.s3_endpoint_url, [_origin(one.url) for one in before.each()]
    except UsageError:  # there was no host at the start; a host that leaves the store unchanged is fine
        endpoint, origins = at_start.s3_endpoint_url, []
    if target.access and [_origin(one.url) for one in target.each()] != origins:
        raise UsageError(
            f"The host {shown(target.shown_url)} is not the one that --header and --cert were given for, and what they "
            "hold is sent to no other: give it with --host where Locust is started."
        )
    if target.s3_endpoint_url != endpoint:
        raise UsageError(
            f"The host {shown(target.shown_url)} would have the document written to another store: give it with --host "
            "where Locust is started."
        )


def refuse_two_identities(url: str, headers: HeaderLines) -> None:
    """Check that there is only one Authorization: an address with a user is sent as one."""
    if "@" in urlsplit(url).netloc and any(name.lower() == "authorization" for name, _ in headers):
        raise UsageError(
            f"The address {shown(public_url(url))} holds a user and --header Authorization was given: give one of them."
        )


def _origin(url: str) -> tuple[str, str, int | None]:
    """Where a request for an address goes (RFC 6454, section 4)."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port


def _is_http(url: str) -> bool:
    if not url.isprintable() or " " in url:  # urlsplit drops line breaks, a request would not
        return False
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number, or half an IPv6 address
        return False


def _credentials_from(outputs: dict[str, str]) -> Credentials | None:
    key, secret = outputs.get("DataStoreAccessKeyId"), outputs.get("DataStoreSecretAccessKey")
    return Credentials(key, secret) if key and secret else None


def credentials_of(outputs: Path, stack: str | None) -> Credentials | None:
    """The writer's key in an outputs file."""
    return _credentials_from(read_outputs(outputs, stack, url_needed=False) or {})


def _region_of(url: str) -> str | None:
    match = _AWS_HOST.match(urlsplit(url).hostname or "")
    return match["region"] if match else None


def _emulator_of(url: str) -> str | None:
    return url.split(EMULATOR_PATH, maxsplit=1)[0] if EMULATOR_PATH in url else None


DEFAULT_OUTPUTS: Final = "outputs.json"


def aws_region_from_environment() -> str | None:
    """The region that the standard AWS variables name, if any."""
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
