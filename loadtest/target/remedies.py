"""What helps against an error of a PUT, by the name that S3, STS or boto3 gives it."""

from __future__ import annotations

import re
from typing import Final

from loadtest.target.put_errors import NOT_S3

_OTHER_REGION: Final = "the bucket is in another region: set AWS_REGION to the bucket's"
_LOG_IN: Final = "the session of your credentials has ended: log in again"
_SSO: Final = "there is no valid SSO session: run `aws sso login`, with --profile if you use one"
_HELPER: Final = "what gives your credentials has failed: see what `aws sts get-caller-identity` says"
_LATER: Final = "S3 cannot take it now: wait a minute, and start again"
_OTHERS: Final = "let that publisher rest while the run writes, or watch what it publishes with --writer watch"
REMEDIES: Final[dict[str, str]] = {
    "AccessDenied": "this key may not put this object: use the key of the stack's writer, or fix its policy",
    "AllAccessDisabled": "AWS has closed this bucket, or it belongs to somebody else: fix --bucket, or ask AWS Support",
    NOT_S3: (
        "this answer is not S3's, but of a proxy or another server that stands there: check --s3-endpoint-url and "
        "HTTPS_PROXY"
    ),
    "AuthorizationHeaderMalformed": _OTHER_REGION,
    "ConditionalRequestConflict": _OTHERS,
    "ConfigParseError": "the AWS configuration cannot be read: fix ~/.aws/config and ~/.aws/credentials",
    "ConnectionClosedError": "the connection was closed before an answer came: check --s3-endpoint-url and the network",
    "ConnectTimeoutError": "nothing answers there within the time limit: check --s3-endpoint-url and the network",
    "CredentialRetrievalError": _HELPER,
    "EndpointConnectionError": "nothing answers there: start the sandbox, or correct --s3-endpoint-url",
    "ExpiredToken": _LOG_IN,
    "ExpiredTokenException": _LOG_IN,
    "FileNotFoundError": "a file that your AWS configuration names is missing: correct ~/.aws/config, or make the file",
    "IllegalLocationConstraintException": _OTHER_REGION,
    "InternalError": _LATER,
    "InvalidAccessKeyId": "the access key does not exist (any more): write outputs.json again with `make deploy`",
    "InvalidBucketName": "S3 does not allow that name: fix --bucket",
    "InvalidRegionError": "there is no such region: fix AWS_REGION",
    "InvalidToken": "the session token does not fit the key: log in again, or unset AWS_SESSION_TOKEN",
    "InvalidConfigError": _HELPER,
    "LoginRefreshRequired": _LOG_IN,
    "MfaNeedsTerminalError": (
        "get a session first, for example with `aws sts get-session-token --serial-number … --token-code …`, and give "
        "its three values as AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN"
    ),
    "NoCredentialsError": "no key was found: outputs.json holds none and the standard AWS chain has none",
    "NoSuchBucket": "there is no such bucket: run `make deploy`, or fix --bucket",
    "ParamValidationError": "S3 does not allow such a name: fix --bucket or --object-key",
    "NotImplemented": "the store does not know what was asked of it: check that --s3-endpoint-url is one of S3's kind",
    "PartialCredentialsError": "half a key was found in the standard AWS chain: set both its parts",
    "PermanentRedirect": _OTHER_REGION,
    "PreconditionFailed": _OTHERS,
    "ProfileNotFound": "there is no profile of that name: fix AWS_PROFILE (`aws configure list-profiles` tells which)",
    "ProxyConnectionError": "the proxy does not answer: fix HTTPS_PROXY, or NO_PROXY",
    "ReadTimeoutError": "no answer came within the time limit: check --s3-endpoint-url and the network",
    "RequestTimeTooSkewed": "the clock of this machine is wrong: set it, as signatures are valid for 15 minutes only",
    "ServiceUnavailable": _LATER,
    "SignatureDoesNotMatch": "the secret key does not fit the key id: write outputs.json again with `make deploy`",
    "SlowDown": _LATER,
    "SomebodyElseWrote": _OTHERS,
    "SSLError": "its certificate is not trusted, or it does not speak TLS: check --s3-endpoint-url and AWS_CA_BUNDLE",
    "SSOError": _SSO,
    "SSOTokenLoadError": _SSO,
    "TemporaryRedirect": "the bucket is too new to be known everywhere: wait a while, or set AWS_REGION to its region",
    "TokenRefreshRequired": _LOG_IN,
    "TokenRetrievalError": _SSO,
    "UnauthorizedSSOTokenError": _SSO,
    "ValueError": "that is not the address of an S3 endpoint: fix --s3-endpoint-url",
}
"""By the names that S3 (Amazon S3 API, "Error responses") and boto3 (``botocore.exceptions``) give their errors."""


def what_to_do(error: str) -> str:
    """What helps against an error of a PUT. Its text begins with the name that S3, STS or boto3 gives it."""
    match = _OPERATION.match(error)
    if match and match["name"] in _DENIALS:
        return f"it was {match['operation']} that was denied, before anything was put: correct the role or its policies"
    name = error.split(" ", maxsplit=1)[0].rstrip(":")
    if name in _DENIALS and "kms:" in error:
        return "the key may not use the bucket's KMS key: allow that in the key's policy, or use another writer"
    return REMEDIES.get(name) or (
        "that name is all that is known of it: look it up in the documentation of S3 or boto3, and check the "
        "credentials, the bucket and --s3-endpoint-url"
    )


_OPERATION: Final = re.compile(r"(?P<name>\w+) \(HTTP \d+\) of (?P<operation>\w+)")
_DENIALS: Final = ("AccessDenied", "AccessDeniedException", "Forbidden")
