"""The parent's side of the background writer: starts it, hears of every PUT, and stops it."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import gevent

from loadtest.options import Settings, UsageError, public_url
from loadtest.recording.plan import Plan
from loadtest.recording.writer import PUT_TIME_LIMIT_S
from loadtest.records import WriteOutcome
from loadtest.schedule import SECOND
from loadtest.target import Target

JOURNAL_NAME: Final = "writes.jsonl"
_GRACE_S: Final = PUT_TIME_LIMIT_S + 5
_PROJECT: Final = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Put:
    """One PUT that has come back."""

    version: int
    called_ns: int
    returned_ns: int
    outcome: WriteOutcome
    bytes: int
    etag: str
    error: str

    @property
    def milliseconds(self) -> float:
        """Service time, as Locust counts it."""
        return (self.returned_ns - self.called_ns) / 1e6


class WriterProcess:
    """The writer of one run. ``on_put`` is called, in a greenlet, for every PUT after version 0."""

    def __init__(self, run: str, journal: Path, settings: Settings, target: Target, on_put: Callable[[Put], None]):
        self._on_put = on_put
        self._called: dict[int, dict[str, Any]] = {}
        self._target = target
        self._process = subprocess.Popen(
            [sys.executable, "-m", "loadtest.recording.writer"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=_PROJECT,
        )
        credentials = target.credentials
        orders = {
            "run": run,
            "payload_bytes": settings.payload_bytes,
            "bucket": target.bucket,
            "object_key": target.object_key,
            "region": target.region,
            "s3_endpoint_url": target.s3_endpoint_url,
            "journal": str(journal.resolve()),
            "skip_when_late_ns": int((settings.window or 86_400) * SECOND / 10),
            "access_key_id": credentials.access_key_id if credentials else None,
            "secret_access_key": credentials.secret_access_key if credentials else None,
        }
        self._tell(orders)
        self._listener: gevent.Greenlet | None = None

    def first_put(self) -> Put:
        """Wait for version 0.

        Raises:
            UsageError: it was not acknowledged; says why and what to do.
        """
        put = None
        with gevent.Timeout(_GRACE_S * 2, False):
            while put is None:
                line = self._process.stdout.readline()  # type: ignore[union-attr]
                if not line:
                    break
                put = self._event(line)
        if put is None:
            self.stop()
            raise UsageError(f"The writer did not put version 0 into {self._place} within {_GRACE_S * 2} s.")
        if put.outcome is not WriteOutcome.ACKED:
            self.stop()
            raise UsageError(f"Version 0 could not be put into {self._place}: {put.error}; {what_to_do(put.error)}.")
        return put

    def start(self, plan: Plan, write_interval: float) -> None:
        """Begin to write on the plan's schedule."""
        schedule = {
            name: getattr(plan, name) for name in ("start_ns", "window_ns", "seed", "rest_windows", "rest_pairs")
        }
        self._tell({**schedule, "interval_ns": round(write_interval * SECOND)})
        self._listener = gevent.spawn(self._listen)

    def stop(self) -> None:
        """Let the PUT in flight end, then end the process. Stopping twice is fine."""
        if self._process.stdin is not None and not self._process.stdin.closed:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
        try:
            self._process.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._listener is not None:
            self._listener.join(timeout=1)

    @property
    def _place(self) -> str:
        where = self._target.s3_endpoint_url
        return f"s3://{self._target.bucket}/{self._target.object_key}" + (f" at {public_url(where)}" if where else "")

    def _tell(self, message: dict[str, Any]) -> None:
        try:
            self._process.stdin.write(json.dumps(message).encode() + b"\n")  # type: ignore[union-attr]
            self._process.stdin.flush()  # type: ignore[union-attr]
        except BrokenPipeError:
            pass  # it has ended; what it said last tells why

    def _listen(self) -> None:
        for line in self._process.stdout:  # type: ignore[union-attr]
            put = self._event(line)
            if put is not None:
                self._on_put(put)

    def _event(self, line: bytes) -> Put | None:
        event = json.loads(line)
        if "outcome" not in event:
            self._called[event["version"]] = event
            return None
        called = self._called.pop(event["version"])
        return Put(
            version=event["version"],
            called_ns=called["called_ns"],
            returned_ns=event["returned_ns"],
            outcome=WriteOutcome(event["outcome"]),
            bytes=called["bytes"],
            etag=event["etag"],
            error=event["error"],
        )


def what_to_do(error: str) -> str:
    """What helps against an error of a PUT, which begins with the name that S3 or boto3 gives it."""
    known = REMEDIES.get(error.split(" ", maxsplit=1)[0])
    return known or (
        "that name is all that is known of it: look it up in the documentation of S3 or boto3, and check the "
        "credentials, the bucket and --s3-endpoint-url"
    )


_OTHER_REGION: Final = "the bucket is in another region: set AWS_REGION to the bucket's"
_LOG_IN: Final = "the session of your credentials has ended: log in again"
_SSO: Final = "there is no valid SSO session: run `aws sso login`, with --profile if you use one"
_LATER: Final = "S3 cannot take it now: wait a minute, and start again"
REMEDIES: Final = {
    "AccessDenied": "this key may not put this object: use the key of the stack's writer, or mend its policy",
    "AllAccessDisabled": "AWS has closed this bucket, or it is one of somebody else: mend --bucket, or ask AWS Support",
    "AuthorizationHeaderMalformed": _OTHER_REGION,
    "ConfigParseError": "the AWS configuration cannot be read: mend ~/.aws/config and ~/.aws/credentials",
    "ConnectionClosedError": "the connection was closed before an answer came: check --s3-endpoint-url and the network",
    "ConnectTimeoutError": "nothing answers there within the time limit: check --s3-endpoint-url and the network",
    "CredentialRetrievalError": "what gives your credentials has failed: see what `aws sts get-caller-identity` says",
    "EndpointConnectionError": "nothing answers there: is the sandbox running, or --s3-endpoint-url wrong?",
    "ExpiredToken": _LOG_IN,
    "IllegalLocationConstraintException": _OTHER_REGION,
    "InternalError": _LATER,
    "InvalidAccessKeyId": "the access key does not exist (any more): write outputs.json again with `make deploy`",
    "InvalidBucketName": "S3 takes no such name: mend --bucket",
    "InvalidRegionError": "that is no name of a region: mend AWS_REGION",
    "InvalidToken": "the session token does not fit the key: log in again, or unset AWS_SESSION_TOKEN",
    "LoginRefreshRequired": _LOG_IN,
    "NoCredentialsError": "no key was found: outputs.json holds none and the standard AWS chain has none",
    "NoSuchBucket": "there is no such bucket: run `make deploy`, or mend --bucket",
    "ParamValidationError": "S3 does not take such a name: mend --bucket or --object-key",
    "PartialCredentialsError": "half a key was found in the standard AWS chain: set both its parts",
    "PermanentRedirect": _OTHER_REGION,
    "ProfileNotFound": "there is no profile of that name: mend AWS_PROFILE (`aws configure list-profiles` tells which)",
    "ProxyConnectionError": "the proxy does not answer: mend HTTPS_PROXY, or NO_PROXY",
    "ReadTimeoutError": "no answer came within the time limit: check --s3-endpoint-url and the network",
    "RequestTimeTooSkewed": "the clock of this machine is wrong: set it, for signatures hold for 15 minutes only",
    "ServiceUnavailable": _LATER,
    "SignatureDoesNotMatch": "the secret key does not fit the key id: write outputs.json again with `make deploy`",
    "SlowDown": _LATER,
    "SSLError": "its certificate is not trusted, or it speaks no TLS: check --s3-endpoint-url and AWS_CA_BUNDLE",
    "SSOError": _SSO,
    "SSOTokenLoadError": _SSO,
    "TemporaryRedirect": "the bucket is too new to be known everywhere: wait a while, or set AWS_REGION to its region",
    "TokenRefreshRequired": _LOG_IN,
    "TokenRetrievalError": _SSO,
    "UnauthorizedSSOTokenError": _SSO,
    "ValueError": "that is no address of an S3 endpoint: mend --s3-endpoint-url",
}
"""By the names that S3 (Amazon S3 API, "Error responses") and boto3 (``botocore.exceptions``) give their errors."""
