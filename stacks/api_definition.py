"""What the gateway answers, as plain data: methods, integrations, mappings, and the three mappings to choose from.

Nothing here knows Terraform; `samples_api.py` turns an `ApiDefinition` into resources. The fingerprint of the
definition decides when the API is deployed again: it changes exactly when the definition does, while a hash of the
resources would also change when Terraform learns their ids.

Sources: "Set up API Gateway mappings for REST API responses" and "Tutorial: Create a REST API as an Amazon S3 proxy" in
the API Gateway developer guide; RFC 9110 sections 13.1.2 (If-None-Match) and 15.4.5 (304 Not Modified).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping as Map
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final, Literal

Mapping = Literal["conditional", "original", "half"]
EndpointType = Literal["regional", "edge"]

CONDITIONAL_HEADERS: Final = ("If-None-Match", "if-none-match", "If-Modified-Since", "if-modified-since")
"""Both spellings: an edge-optimized endpoint capitalizes names, a regional one passes on what the client sent."""

ORIGIN_HEADERS: Final = ("Origin", "origin")
PREFLIGHT_SECONDS: Final = 3600
SAMPLES_PATH: Final = "/samples"
"""Where a stack serves its document if no others are named."""
NOT_FOUND_BODY: Final = '{"message": "The read model has not been published yet."}'
BAD_GATEWAY_BODY: Final = '{"message": "The read model could not be fetched."}'


@dataclass(frozen=True)
class ResponseDefinition:
    """One answer: which back-end statuses it stands for, and what the client gets.

    `selection_pattern` is matched against the back end's three-digit status; None is the default answer. `headers` maps
    a response header to where its value comes from: `integration.response.header.NAME` or a `'quoted constant'`.
    `body` replaces the back end's body when it is not None.
    """

    status: int
    selection_pattern: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: str | None = None


@dataclass(frozen=True)
class MethodDefinition:
    """One HTTP method, and whether S3 answers it or (for a preflight) the gateway alone."""

    http_method: str
    responses: tuple[ResponseDefinition, ...]
    back_end: Literal["s3", "none"] = "s3"
    request_headers: tuple[str, ...] = ()
    cache_key_headers: tuple[str, ...] = ()
    api_key_required: bool = False


@dataclass(frozen=True)
class DocumentDefinition:
    """One document: its path below the stage, and how S3's path integration names the object."""

    path: str
    s3_uri: str
    methods: tuple[MethodDefinition, ...]


@dataclass(frozen=True)
class GatewayResponseDefinition:
    """Headers on the answers that API Gateway gives by itself (unknown path, throttled, back end out of reach)."""

    response_type: str
    headers: dict[str, str]


@dataclass(frozen=True)
class ApiDefinition:
    """Everything that a deployment of the API freezes."""

    documents: tuple[DocumentDefinition, ...]
    endpoint_type: EndpointType
    gateway_responses: tuple[GatewayResponseDefinition, ...] = ()

    def fingerprint(self) -> str:
        """SHA-256 of the definition, in hexadecimal: equal for equal definitions, on every machine and run.

        The order of documents does not matter. One document at `/samples` is hashed in the form of the first releases,
        so that existing stacks are not deployed again for nothing.
        """
        ordered = replace(self, documents=tuple(sorted(self.documents, key=lambda document: document.path)))
        content = asdict(ordered)
        documents = content["documents"]
        for method in (method for document in documents for method in document["methods"]):
            if not method["api_key_required"]:
                del method["api_key_required"]
        if [document["path"] for document in documents] == [SAMPLES_PATH]:
            content = _as_one_document(content)
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _as_one_document(content: dict[str, Any]) -> dict[str, Any]:
    (document,) = content.pop("documents")
    path = document.pop("path")
    return {**content, **document, "path_part": path.removeprefix("/")}


def documents_api_definition(
    s3_uris: Map[str, str],
    *,
    mapping: Mapping = "conditional",
    endpoint_type: EndpointType = "regional",
    cors_origins: Sequence[str] = (),
    cached: bool = False,
    api_key_required: bool = False,
) -> ApiDefinition:
    """Describe the API that serves S3 objects, each at a path of its own: `{"/samples": "arn:aws:apigateway:…"}`.

    `mapping` is `conditional` (ETag and 304 as HTTP means them), `original` (200 for everything, no headers) or `half`
    (the validator is passed on, but 304 has no response: S3's 304 becomes a 200 without a body). Only `conditional` has
    CORS; the other two stay exactly as they were. `cached` says that the stage has a cache.
    """
    if mapping == "original":
        methods: tuple[MethodDefinition, ...] = (MethodDefinition("GET", (ResponseDefinition(200),)),)
    elif mapping == "half":
        etag_only = ResponseDefinition(200, headers={"ETag": _from_s3("ETag")})
        validator = CONDITIONAL_HEADERS[:2]
        methods = (MethodDefinition("GET", (etag_only,), "s3", validator, validator if cached else ()),)
    else:
        methods = _conditional_methods(cors_origins, cached, api_key_required)
    # A preflight is the browser's own request, and browsers send no key with it.
    keyed = tuple(replace(method, api_key_required=api_key_required and method.back_end == "s3") for method in methods)
    documents = tuple(DocumentDefinition(path, s3_uri, keyed) for path, s3_uri in s3_uris.items())
    return ApiDefinition(documents, endpoint_type, _gateway_responses(cors_origins))


def _from_s3(header: str) -> str:
    return f"integration.response.header.{header}"


def _constant(value: str) -> str:
    return f"'{value}'"


def _conditional_methods(
    cors_origins: Sequence[str], cached: bool, api_key_required: bool
) -> tuple[MethodDefinition, ...]:
    # With several origins S3 picks the one that may read (see DataStore), so it needs the request's Origin.
    request_headers = CONDITIONAL_HEADERS + (ORIGIN_HEADERS if len(cors_origins) > 1 else ())
    data_headers = _cors_headers(cors_origins, data=True)
    error_headers = {"Cache-Control": _constant("no-store")} | _cors_headers(cors_origins, data=False)
    validators = {name: _from_s3(name) for name in ("ETag", "Last-Modified", "Cache-Control")}
    responses = (
        ResponseDefinition(200, "200", validators | {"Content-Type": _from_s3("Content-Type")} | data_headers),
        ResponseDefinition(304, "304", validators | data_headers),
        ResponseDefinition(404, "404", error_headers, NOT_FOUND_BODY),
        # Everything else: a broken role (403) or a failing S3 must never look like data.
        ResponseDefinition(502, None, error_headers, BAD_GATEWAY_BODY),
    )
    # A cached answer may only go to a request with the same validators: a 304 means nothing to other readers.
    get = MethodDefinition("GET", responses, "s3", request_headers, request_headers if cached else ())
    head = MethodDefinition("HEAD", responses, "s3", request_headers)
    return (get, head, _preflight(cors_origins, api_key_required)) if cors_origins else (get, head)


def _cors_headers(cors_origins: Sequence[str], *, data: bool) -> dict[str, str]:
    """CORS headers of an answer, with the data in it or (an error, a preflight) without.

    API Gateway can send one fixed origin; of several, S3 names the one that asked. Answers without data have nothing to
    protect, so every origin may read them.
    """
    if not cors_origins:
        return {}
    exposed = {"Access-Control-Expose-Headers": _constant("ETag")}
    if len(cors_origins) == 1:
        return {"Access-Control-Allow-Origin": _constant(cors_origins[0])} | exposed
    if data:
        allowed = {"Access-Control-Allow-Origin": _from_s3("Access-Control-Allow-Origin")}
        return allowed | exposed | {"Vary": _constant("Origin")}
    return {"Access-Control-Allow-Origin": _constant("*")} | exposed


def method_path(path: str, verb: str) -> str:
    """The name of a method among a stage's settings: `samples/GET`, and `~1shop~1prices/GET` below the first level."""
    part = path.removeprefix("/")
    return f"{path.replace('/', '~1') if '/' in part else part}/{verb}"


def _preflight(cors_origins: Sequence[str], api_key_required: bool) -> MethodDefinition:
    may_be_sent = "If-None-Match,If-Modified-Since" + (",X-Api-Key" if api_key_required else "")
    headers = _cors_headers(cors_origins, data=False) | {
        "Access-Control-Allow-Methods": _constant("GET,HEAD,OPTIONS"),
        "Access-Control-Allow-Headers": _constant(may_be_sent),
        "Access-Control-Max-Age": _constant(str(PREFLIGHT_SECONDS)),
    }
    return MethodDefinition("OPTIONS", (ResponseDefinition(204, headers=headers),), "none")


def _gateway_responses(cors_origins: Sequence[str]) -> tuple[GatewayResponseDefinition, ...]:
    headers = _cors_headers(cors_origins, data=False)
    if not headers:
        return ()
    return tuple(GatewayResponseDefinition(kind, headers) for kind in ("DEFAULT_4XX", "DEFAULT_5XX"))
