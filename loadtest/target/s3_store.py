"""S3, and what speaks its protocol: one PUT at a time and never a retry, and a look at what is there.

Credentials are fetched before a request is made, so that a helper that fails, hangs or asks for input is not mistaken
for a store that does. Importing this is cheap; making a :class:`S3Store` imports boto3.
"""

from __future__ import annotations

import getpass
import json
import time
from copy import copy
from typing import Any, Final, Self

from loadtest.cleaned import secrets_of
from loadtest.run.documents.kind import MAXIMUM_BYTES
from loadtest.run.records import WriteOutcome
from loadtest.target.as_stored import arguments_of, grants_in
from loadtest.target.departure import Departure
from loadtest.target.head_object import Head, shown_by, status_of
from loadtest.target.put_errors import NOT_S3, Failure, failure_of, not_of_s3, shown
from loadtest.target.s3_client import TIME_LIMIT_S, ask_for_code, content_md5, is_aws, s3_client, s3_session
from loadtest.target.store_interface import Attempt, ObjectLook, Reply, Store, StoreError

_HTTP_NOT_FOUND: Final = 404
_ABSENT: Final = ("NoSuchKey", "404")
_DENIED: Final = ("AccessDenied", "AccessDeniedException", "Forbidden", "403", "MethodNotAllowed", "NotImplemented")
_NO_CONDITION: Final = ("NotImplemented", "InvalidArgument", "InvalidRequest")


class S3Store(Store):
    """One object of one bucket.

    Args:
        orders: from :func:`loadtest.target.store_kinds.orders_for`; with ``time_limit_s``, where that is not the usual.

    Raises:
        StoreError: boto3 refuses the orders, or a helper for credentials fails.
    """

    def __init__(self, orders: dict[str, Any]) -> None:
        getpass.getpass = ask_for_code  # before botocore imports it: the original would wait at the pipe of the orders
        self._place = {"Bucket": orders["bucket"], "Key": orders["object_key"]}
        self._order_secrets = secrets_in(orders)
        try:
            session = s3_session(orders.get("access_key_id"), orders.get("secret_access_key"))
            session.get_credentials()
        except Exception as error:
            raise StoreError(_credentials_failure(error, None, self._order_secrets).error) from None
        try:
            time_limit_s = orders.get("time_limit_s", TIME_LIMIT_S)
            self._client = s3_client(session, orders["region"], orders.get("s3_endpoint_url"), time_limit_s)
        except Exception as error:
            raise StoreError(failure_of(error, None, self._order_secrets).error) from None
        self._session = session
        self._departure = Departure(self._client)

    def beside(self, object_key: str) -> Self:
        other = copy(self)
        other._place = {**self._place, "Key": object_key}
        return other

    @property
    def endpoint(self) -> str:
        return str(self._client.meta.endpoint_url)

    def check_credentials(self) -> Failure | None:
        self._departure.reset()
        try:
            credentials = self._session.get_credentials()
            if credentials is not None:
                credentials.get_frozen_credentials()
        except Exception as error:
            return _credentials_failure(error, self._departure, self.secrets())
        return None

    def put(self, body: bytes, **arguments: Any) -> Attempt:
        self._departure.reset()
        try:
            answer = self._client.put_object(**self._place, Body=body, ContentMD5=content_md5(body), **arguments)
        except Exception as error:  # whatever it is, it is an outcome
            failure = failure_of(error, self._departure, self.secrets())
            return Attempt(
                failure.outcome, "", failure.error, failure.request_id, called_ns=self._departure.first_byte_ns
            )
        strange = not_of_s3(self._departure, self.secrets())
        outcome = WriteOutcome.UNKNOWN if strange else WriteOutcome.ACKED
        request_id = str(answer.get("ResponseMetadata", {}).get("RequestId", ""))
        return Attempt(outcome, str(answer.get("ETag") or ""), strange, request_id, self._departure.first_byte_ns)

    def look(self) -> ObjectLook:
        failure = self.check_credentials()
        if failure is not None:
            return ObjectLook("failed", failure.error)
        self._departure.reset()
        try:
            answer = self._client.get_object(**self._place)
            if int(answer.get("ContentLength") or 0) > MAXIMUM_BYTES:
                return ObjectLook("too-large", f"it has {int(answer['ContentLength']):,} bytes")
            body = answer["Body"].read(MAXIMUM_BYTES + 1)
        except Exception as error:
            return self._look_failed(error)
        if len(body) > MAXIMUM_BYTES:
            return ObjectLook("too-large", f"it has more than {MAXIMUM_BYTES:,} bytes")
        put, not_kept = arguments_of(answer)
        if int(answer.get("TagCount") or 0):
            tags = self._tags()
            put |= {"Tagging": tags} if tags is not None else {}
            not_kept += () if tags is not None else ("its tags, which this key may not read",)
        put |= self._grants()
        return ObjectLook("document", body=body, etag=str(answer.get("ETag") or ""), put=put, not_kept=not_kept)

    def head(self) -> Head:
        called_ns = time.monotonic_ns()
        failure = self.check_credentials()
        if failure is not None:
            return Head(called_ns, time.monotonic_ns(), error=failure.error)
        self._departure.reset()
        called_ns = time.monotonic_ns()
        try:
            answer = self._client.head_object(**self._place)
        except Exception as error:
            returned_ns = time.monotonic_ns()
            status = status_of(error)
            if status == _HTTP_NOT_FOUND:
                return Head(called_ns, returned_ns, gone=True)
            return Head(called_ns, returned_ns, error=self._why_no_head(error, status))
        returned_ns = time.monotonic_ns()
        if not answer.get("ETag"):
            return Head(called_ns, returned_ns, error=f"{NOT_S3} (HTTP 200): it names no ETag")
        return shown_by(answer, called_ns, returned_ns, aws=is_aws(self.endpoint))

    def _why_no_head(self, error: BaseException, status: int) -> str:
        """The reason of an error of a HEAD, which has no text: a GET of the first byte gives one."""
        if status:
            self._departure.reset()
            try:
                self._client.get_object(**self._place, Range="bytes=0-0")
            except Exception as second:
                error = second if status_of(second) == status else error
        failure = failure_of(error, self._departure, self.secrets()).error
        return failure if not status or not failure.startswith(NOT_S3) else f"HTTP{status} (HTTP {status}): no HEAD"

    def delete(self, etag: str = "") -> str:
        self._departure.reset()
        try:
            self._client.delete_object(**self._place, **({"IfMatch": etag} if etag else {}))
        except Exception as error:
            said = failure_of(error, self._departure, self.secrets()).error
            return self.delete() if etag and knows_no_condition(said) else said
        return ""

    def call(self, operation: str, **arguments: Any) -> Reply:
        """One call of boto3's client by name, such as ``put_object``, and the answer to it, whatever it is."""
        self._departure.reset()
        try:
            answer = getattr(self._client, operation)(**self._place, **arguments)
        except Exception as error:
            response = getattr(error, "response", None) or {}
            if "Error" in response:
                return Reply(status_of(error), error=shown(str(response["Error"].get("Code", "")), self.secrets()))
            return Reply(0, error=failure_of(error, self._departure, self.secrets()).error)
        metadata = answer.get("ResponseMetadata", {})
        headers = tuple((str(name), str(value)) for name, value in metadata.get("HTTPHeaders", {}).items())
        return Reply(int(metadata.get("HTTPStatusCode", 0)), headers)

    def _tags(self) -> str | None:
        from urllib.parse import urlencode  # noqa: PLC0415

        try:
            tags = self._client.get_object_tagging(**self._place)["TagSet"]
        except Exception:
            return None
        return urlencode([(tag["Key"], tag["Value"]) for tag in tags])

    def _grants(self) -> dict[str, str]:
        """What the access list gives to others than the owner; nothing where this key may not read it."""
        try:
            return grants_in(self._client.get_object_acl(**self._place))
        except Exception:
            return {}

    def _look_failed(self, error: BaseException) -> ObjectLook:
        failure = failure_of(error, self._departure, self.secrets()).error
        response: dict[str, Any] = getattr(error, "response", None) or {}
        code = str(response.get("Error", {}).get("Code") or "")
        if self._departure.first_byte_ns is None:
            return ObjectLook("failed", failure)  # a role cannot be assumed, or a session cannot be had
        if code in _ABSENT:
            return ObjectLook("nothing")
        return ObjectLook("denied" if code in _DENIED or "kms:" in failure else "failed", failure)

    def secrets(self) -> tuple[str, ...]:
        credentials = getattr(getattr(self._session, "_session", None), "_credentials", None)
        names = ("_access_key", "_secret_key", "_token", "access_key_", "secret_key_")
        held = [getattr(credentials, name, None) for name in names]
        if credentials is not None and not hasattr(credentials, "_access_key"):
            held += [credentials.access_key, credentials.secret_key, credentials.token]
        return (*self._order_secrets, *(str(secret) for secret in held if secret))


def secrets_in(orders: dict[str, Any]) -> tuple[str, ...]:
    """The parts of a client's orders that must not be shown."""
    keys = (orders.get("access_key_id"), orders.get("secret_access_key"), *(orders.get("secrets") or ()))
    return (*(str(key) for key in keys if key), *secrets_of(str(orders.get("s3_endpoint_url") or "")))


def _credentials_failure(error: BaseException, departure: Departure | None, secrets: tuple[str, ...]) -> Failure:
    """The failure behind an exception that came before there was a request to send."""
    failure = failure_of(error, departure, secrets)
    if isinstance(error, json.JSONDecodeError):
        text = "CredentialRetrievalError: what gives your credentials printed something that is not JSON"
        return Failure(WriteOutcome.REFUSED, text)
    known = type(error).__module__.startswith("botocore") or isinstance(error, (OSError, EOFError))
    return failure if known else Failure(WriteOutcome.REFUSED, f"CredentialRetrievalError: {failure.error}")


def knows_no_condition(error: str) -> bool:
    """Whether a store has refused a PUT because it does not know what If-Match or If-None-Match is."""
    return error.startswith(_NO_CONDITION)
