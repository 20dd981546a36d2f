"""The one S3 client: it never retries, so that every attempt is seen, and addresses stores other than AWS by path.

Importing this is cheap; making a client imports boto3.
"""

from __future__ import annotations

import base64
import getpass
import hashlib
import os
from typing import Any, Final
from urllib.parse import urlsplit

TIME_LIMIT_S: Final = 10
_AWS_DOMAINS: Final = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws", ".amazonaws.eu")


def s3_session(access_key_id: str | None, secret_access_key: str | None) -> Any:
    """A session with these credentials, or without any with those of the standard AWS chain."""
    import boto3  # noqa: PLC0415 - takes a while, and only what writes needs it

    return boto3.Session(aws_access_key_id=access_key_id, aws_secret_access_key=secret_access_key)


def s3_client(session: Any, region: str | None, endpoint: str | None, time_limit_s: float = TIME_LIMIT_S) -> Any:
    """A client of the store at ``endpoint``. None is the endpoint of the profile or the environment, or else AWS."""
    client = _client(session, region, endpoint, time_limit_s, path_style=bool(endpoint))
    if endpoint or is_aws(str(client.meta.endpoint_url)):
        return client
    return _client(session, region, None, time_limit_s, path_style=True)  # of a profile or the environment


def content_md5(body: bytes) -> str:
    """The Content-MD5 of a PUT, which Object Lock demands and every store knows."""
    return base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()


def is_aws(endpoint: str) -> bool:
    return (urlsplit(endpoint).hostname or "").endswith(_AWS_DOMAINS)


def _client(session: Any, region: str | None, endpoint: str | None, time_limit_s: float, *, path_style: bool) -> Any:
    from botocore.config import Config  # noqa: PLC0415

    return session.client(
        "s3",
        region_name=region,
        endpoint_url=endpoint,
        config=Config(
            retries={"total_max_attempts": 1},
            connect_timeout=time_limit_s,
            read_timeout=time_limit_s,
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            s3={"addressing_style": "path"} if path_style else {},
        ),
    )


class MfaNeedsTerminalError(EOFError):
    """A profile asks for a code of an MFA device, and there is nobody to type it."""


def ask_for_code(prompt: str = "", stream: Any = None) -> str:
    """Ask for the code of an MFA device at the terminal, where somebody can type it, and never on standard input.

    Raises:
        MfaNeedsTerminalError: there is no terminal, or this process may not read from it.
    """
    try:
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
    except OSError:
        raise MfaNeedsTerminalError("the profile asks for a code of its MFA device, and there is no terminal") from None
    try:
        if os.tcgetpgrp(terminal) != os.getpgrp():
            raise MfaNeedsTerminalError("the profile asks for a code of its MFA device, and nobody can type it here")
    finally:
        os.close(terminal)
    return _getpass(prompt, stream)


_getpass: Final = getpass.getpass
