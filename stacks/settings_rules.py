"""The kinds of value of settings: names, keys, origins, tags, addresses, each with words for what is allowed.

A rule raises ValueError, or is a pattern that does not match. `config.py` then makes the sentence that the user sees
from the setting's name, its value and the `allowed` words here.

Sources: "Bucket naming rules" and "Naming Amazon S3 objects" (S3 user guide), "IAM and AWS STS quotas" (names of users
and roles have at most 64 characters), "Tag naming limits and requirements" (AWS tagging guide), the Fetch standard
(origins).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_settings import NoDecode

from stacks.user_input import parse_json, real_number, whole_number

LONGEST_BUCKET_NAME: Final = 63
LONGEST_STACK_NAME: Final = 46  # the user is <stack_name>-data-store-writer, and IAM takes 64 characters
REFUSED_BUCKET_PREFIXES: Final = ("xn--", "sthree-", "amzn-s3-demo-")
REFUSED_BUCKET_SUFFIXES: Final = ("-s3alias", "--ol-s3", "--x-s3", "--table-s3")
LONGEST_OBJECT_KEY: Final = 512
LONGEST_PATH: Final = 256
RESERVED_PARTS: Final = ("ping", "sping")
"""Paths at the root that API Gateway answers itself, for health checks."""
LOG_RETENTIONS: Final = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365),
    *(400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653),
)

STACK_NAME_ALLOWED: Final = (
    f"2 to {LONGEST_STACK_NAME} lower-case letters, digits and single hyphens, starting with a letter and not ending "
    "with a hyphen (a bucket, a user and a role are named after it)"
)
BUCKET_NAME_ALLOWED: Final = (
    f"3 to {LONGEST_BUCKET_NAME} lower-case letters, digits and hyphens, starting and ending with a letter or digit, "
    "and none of the beginnings and endings that S3 keeps for itself (dots break HTTPS)"
)
OBJECT_KEY_ALLOWED: Final = (
    f"at most {LONGEST_OBJECT_KEY} letters, digits and . _ - in parts separated by single slashes, with no slash at "
    "the beginning or end"
)
REGION_ALLOWED: Final = "the code of an AWS region, such as eu-central-1"
CORS_ORIGINS_ALLOWED: Final = (
    "a list of origins, each a scheme and host without a path such as https://www.example.org, or * alone"
)
TAGS_ALLOWED: Final = (
    "at most 50 names with values, of letters, digits, spaces and _ . : / = + - @, names up to 128 and values up to "
    "256 characters, no name beginning with aws:, and none twice, however its letters are capitalized"
)
ENDPOINT_URL_ALLOWED: Final = (
    "http:// or https:// with a host, optionally a port, and nothing after it or before the host"
)
DOCUMENTS_ALLOWED: Final = (
    'paths with the key of the object that each serves, such as {"/samples": "payload.json"}: a path is at most '
    f"{LONGEST_PATH} characters of letters, digits and . _ - in parts with a slash before each, and neither /ping nor "
    "/sping, which API Gateway keeps for itself; a key is as in object_key"
)
DOMAIN_NAME_ALLOWED: Final = "a domain with at least one dot, in lower case, such as api.example.org"
CERTIFICATE_ARN_ALLOWED: Final = (
    "the ARN of a certificate in ACM, arn:aws:acm:REGION:ACCOUNT:certificate/ID, in the region of the stack, or "
    "in us-east-1 for endpoint_type edge"
)
ZONE_ID_ALLOWED: Final = "the id of a hosted zone, capital letters and digits such as Z0123456789ABCDEFGHIJ"
BASE_PATH_ALLOWED: Final = (
    "one part of a path, at most 128 letters, digits and . _ -, without a slash, and neither ping nor sping"
)
WEB_ACL_ARN_ALLOWED: Final = (
    "the ARN of a regional web ACL, arn:aws:wafv2:REGION:ACCOUNT:regional/webacl/NAME/ID, in the region of the stack"
)
LOG_RETENTION_ALLOWED: Final = "one of " + ", ".join(str(days) for days in LOG_RETENTIONS)


def _stack_name(value: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", value) or not 2 <= len(value) <= LONGEST_STACK_NAME:
        raise ValueError(STACK_NAME_ALLOWED)
    _bucket_name(f"{value}-data-store")
    return value


def _bucket_name(value: str) -> str:
    well_formed = re.fullmatch(rf"[a-z0-9][a-z0-9-]{{1,{LONGEST_BUCKET_NAME - 2}}}[a-z0-9]", value)
    if not well_formed or value.startswith(REFUSED_BUCKET_PREFIXES) or value.endswith(REFUSED_BUCKET_SUFFIXES):
        raise ValueError(BUCKET_NAME_ALLOWED)
    return value


def _object_key(value: str) -> str:
    # A stricter set than S3's: the key is part of an integration URI (no braces, nothing to escape) and of policies
    # (where * and ? are wildcards).
    parts_are_names = all(part not in {"", ".", ".."} for part in value.split("/"))
    if not re.fullmatch(r"[A-Za-z0-9._/-]+", value) or len(value) > LONGEST_OBJECT_KEY or not parts_are_names:
        raise ValueError(OBJECT_KEY_ALLOWED)
    return value


def _is_host(host: str | None) -> bool:
    if not host:
        return False
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return re.fullmatch(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*", host) is not None
    return True


def _is_bare_address(value: str) -> bool:
    """Tell whether the value is scheme, host and optional port, with no user, path, query or fragment."""
    parts = urlsplit(value)
    _ = parts.port  # ValueError for an invalid port
    has_more = parts.path or parts.query or parts.fragment or "@" in parts.netloc or value.endswith(("?", "#", ":"))
    return parts.scheme in {"http", "https"} and _is_host(parts.hostname) and not has_more


def _endpoint_url(value: str) -> str:
    address = value.removesuffix("/")
    if not _is_bare_address(address):
        raise ValueError(ENDPOINT_URL_ALLOWED)
    return address


def _listed(value: Any) -> Any:
    """Turn an environment variable into a list: JSON if it begins with a bracket, else separated by commas."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        return parse_json(value)
    return [part.strip() for part in value.split(",") if part.strip()]


def _cors_origins(value: tuple[str, ...]) -> tuple[str, ...]:
    if value == ("*",):
        return value
    if len(set(value)) != len(value) or not all(
        _is_bare_address(origin) and origin == origin.lower() for origin in value
    ):
        raise ValueError(CORS_ORIGINS_ALLOWED)
    return value


def _named(value: Any) -> Any:
    """Turn an environment variable into a mapping: a JSON object, or name=value separated by commas."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("{"):
        return parse_json(value, once=True)
    pairs = [pair.split("=", 1) for pair in value.split(",")]
    if len({name for name, *_ in pairs}) != len(pairs):
        raise ValueError(TAGS_ALLOWED)
    return dict(pairs)


def _tags(value: Mapping[str, str]) -> Mapping[str, str]:
    characters = r"[\w .:/=+@-]"
    if len({name.strip().casefold() for name in value}) != len(value):  # IAM takes Env and env for one
        raise ValueError(TAGS_ALLOWED)
    for name, text in value.items():
        fits = re.fullmatch(rf"{characters}{{1,128}}", name) and re.fullmatch(rf"{characters}{{0,256}}", text)
        if not fits or name.lower().startswith("aws:") or len(value) > 50:
            raise ValueError(TAGS_ALLOWED)
    return value


def _documents_given(value: Any) -> Any:
    """Turn an environment variable into a mapping as for tags, with spaces around commas."""
    if isinstance(value, str) and not value.lstrip().startswith("{"):
        value = ",".join(pair.strip() for pair in value.split(",") if pair.strip())
    return _named(value) if value else value


def _documents(value: dict[str, str]) -> dict[str, str]:
    for path, key in value.items():
        parts = path.split("/")[1:]
        well_formed = re.fullmatch(r"(/[A-Za-z0-9._-]+)+", path) and len(path) <= LONGEST_PATH
        if not well_formed or not {".", ".."}.isdisjoint(parts) or tuple(parts) in {(p,) for p in RESERVED_PARTS}:
            raise ValueError(DOCUMENTS_ALLOWED)
        _object_key(key)
    return value


def _domain_name(value: str) -> str:
    part = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
    if not re.fullmatch(rf"{part}(\.{part})+", value) or len(value) > 253 or value.rpartition(".")[2].isdigit():
        raise ValueError(DOMAIN_NAME_ALLOWED)
    return value


def _base_path(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,128}", value) or value in {".", "..", *RESERVED_PARTS}:
        raise ValueError(BASE_PATH_ALLOWED)
    return value


def _arn(of: str) -> Any:
    """A pattern for ARNs; ``of`` is the part behind the partition, with REGION and ACCOUNT in it."""
    rest = of.replace("REGION", "[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}").replace("ACCOUNT", "[0-9]{12}")
    return Field(pattern=rf"^arn:aws(-[a-z]+)*:{rest}$", max_length=512)


def _log_retention(value: int) -> int:
    if value not in LOG_RETENTIONS:
        raise ValueError(LOG_RETENTION_ALLOWED)
    return value


StackName = Annotated[str, AfterValidator(_stack_name)]
BucketName = Annotated[str, AfterValidator(_bucket_name)]
ObjectKey = Annotated[str, AfterValidator(_object_key)]
# By its form, for AWS adds regions each year: eu-central-1, us-gov-west-1, us-isob-east-1, eusc-de-east-1.
Region = Annotated[
    str,
    Field(
        pattern=r"^[a-z]{2,4}(-[a-z]{2,5})?-(north|south|east|west|central|north(east|west)|south(east|west))-[1-9][0-9]?$"
    ),
]
WholeNumber = Annotated[int, BeforeValidator(whole_number)]
RealNumber = Annotated[float, BeforeValidator(real_number)]
CorsOrigins = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed), AfterValidator(_cors_origins)]
Tags = Annotated[dict[str, str], NoDecode, BeforeValidator(_named), AfterValidator(_tags)]
Documents = Annotated[dict[str, str], NoDecode, BeforeValidator(_documents_given), AfterValidator(_documents)]
DomainName = Annotated[str, AfterValidator(_domain_name)]
CertificateArn = Annotated[str, _arn("acm:REGION:ACCOUNT:certificate/[A-Za-z0-9-]{1,64}")]
ZoneId = Annotated[str, Field(pattern=r"^[A-Z0-9]{1,32}$")]
BasePath = Annotated[str, AfterValidator(_base_path)]
WebAclArn = Annotated[str, _arn("wafv2:REGION:ACCOUNT:regional/webacl/[A-Za-z0-9_-]{1,128}/[a-f0-9-]{1,64}")]
EndpointUrl = Annotated[str, AfterValidator(_endpoint_url)]
LogRetention = Annotated[int, BeforeValidator(whole_number), AfterValidator(_log_retention)]
