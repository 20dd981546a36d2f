"""The definition of a gateway: the REST API, its stage, its roles and its keys, as records.

The records hold the definition as it was written; ``sandbox/gateway/request_plan.py`` makes it ready to run.
Names follow the API Gateway API reference (CreateRestApi, PutMethod, PutIntegration, PutIntegrationResponse).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, TypeVar

from loadtest.sandbox.stack.policy import RolePolicy

Value = TypeVar("Value")


class DefinitionError(Exception):
    """The definition cannot be served. The text is one sentence: what is wrong, and what to do."""


def frozen_mapping(values: Mapping[str, Value] | None = None) -> Mapping[str, Value]:
    """A read-only copy of ``values``."""
    return MappingProxyType(dict(values or {}))


@dataclass(frozen=True)
class IntegrationResponse:
    """The client's answer for one kind of answer of the back end; without a ``selection_pattern`` it is the default."""

    status_code: int
    selection_pattern: str | None = None
    response_parameters: Mapping[str, str] = field(default_factory=frozen_mapping)
    response_templates: Mapping[str, str] = field(default_factory=frozen_mapping)


@dataclass(frozen=True)
class Integration:
    """The back end of a method. ``type`` is ``AWS`` (S3's path integration) or ``MOCK``."""

    type: str
    http_method: str | None = None
    uri: str | None = None
    role: str | None = None
    request_parameters: Mapping[str, str] = field(default_factory=frozen_mapping)
    request_templates: Mapping[str, str] = field(default_factory=frozen_mapping)
    passthrough_behavior: str = "WHEN_NO_MATCH"
    cache_key_parameters: tuple[str, ...] = ()
    responses: tuple[IntegrationResponse, ...] = ()


@dataclass(frozen=True)
class Method:
    """One method of one path. ``responses`` = status to the names of the response parameters that it declares."""

    path: str
    http_method: str
    integration: Integration
    authorization: str = "NONE"
    api_key_required: bool = False
    request_parameters: Mapping[str, bool] = field(default_factory=frozen_mapping)
    validates_parameters: bool = False
    responses: Mapping[int, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def label(self) -> str:
        """``GET /samples``, for messages."""
        return f"{self.http_method} {self.path}"


@dataclass(frozen=True)
class GatewayResponse:
    """An answer of the gateway's own, as the stack customises it; ``status_code`` None = the type's own."""

    response_type: str
    status_code: int | None = None
    response_parameters: Mapping[str, str] = field(default_factory=frozen_mapping)
    response_templates: Mapping[str, str] = field(default_factory=frozen_mapping)


@dataclass(frozen=True)
class MethodSettings:
    """Settings of a stage for one method. Throttling None = none; ``cache_ttl`` in seconds."""

    throttling_rate: float | None = None
    throttling_burst: int | None = None
    caching_enabled: bool = False
    cache_ttl: float = 300.0
    cache_control_needs_authorization: bool = True
    unauthorized_cache_control: str = "SUCCEED_WITH_RESPONSE_HEADER"


@dataclass(frozen=True)
class Stage:
    """A stage; ``settings`` by method path as in Terraform: ``samples/GET`` or ``*/*``."""

    name: str
    cache_cluster_enabled: bool = False
    settings: Mapping[str, MethodSettings] = field(default_factory=frozen_mapping)

    def settings_of(self, method: Method) -> MethodSettings:
        """The settings that hold for ``method``: its own, else those of all methods, else the defaults."""
        own = f"{method.path.lstrip('/')}/{method.http_method}"
        return self.settings.get(own) or self.settings.get("*/*") or MethodSettings()


@dataclass(frozen=True)
class Api:
    """A REST API as it stood when it was deployed."""

    id: str
    name: str
    methods: tuple[Method, ...]
    endpoint_type: str = "REGIONAL"
    binary_media_types: tuple[str, ...] = ()
    minimum_compression_size: int | None = None
    api_key_source: str = "HEADER"
    gateway_responses: tuple[GatewayResponse, ...] = ()


@dataclass(frozen=True)
class ReaderKey:
    """An API key and the limits that its plan has for it: requests a second, at once, and in all. None is no limit."""

    value: str = field(repr=False)
    rate: float | None = None
    burst: int | None = None
    quota: int | None = None


@dataclass(frozen=True)
class GatewayDefinition:
    """Everything that the gateway side serves: one API behind one stage. ``roles`` by ARN; ``keys`` open the stage."""

    api: Api
    stage: Stage
    roles: Mapping[str, RolePolicy] = field(default_factory=frozen_mapping)
    keys: tuple[ReaderKey, ...] = ()


_S3_PATH_URI: Final = re.compile(
    r"^arn:(?P<partition>[a-z-]+):apigateway:(?P<region>[a-z0-9-]+):s3:path/(?P<bucket>[^/{}]+)/(?P<key>[^{}]+)$"
)


@dataclass(frozen=True)
class S3Object:
    """The object that an integration reads."""

    partition: str
    bucket: str
    key: str

    @property
    def bucket_arn(self) -> str:
        return f"arn:{self.partition}:s3:::{self.bucket}"

    @property
    def arn(self) -> str:
        return f"{self.bucket_arn}/{self.key}"


def s3_object_of(method: Method) -> S3Object:
    """The object that the method's S3 integration reads."""
    match = _S3_PATH_URI.match(method.integration.uri or "")
    if match is None:
        raise DefinitionError(
            f"The integration of {method.label} has the uri {method.integration.uri!r}: the sandbox serves only "
            "arn:aws:apigateway:{region}:s3:path/{bucket}/{key} without path parameters."
        )
    return S3Object(match["partition"], match["bucket"], match["key"])


def method_name(path: str) -> str:
    """A method among a stage's settings: ``shop/prices/GET`` for ``~1shop~1prices/GET``, as slashes are written."""
    return path.replace("~1", "/").lstrip("/")


def as_text_mapping(values: Mapping[str, Any] | None) -> Mapping[str, str]:
    """A read-only copy with every value as text; nothing for None."""
    return frozen_mapping({name: str(value) for name, value in (values or {}).items() if value is not None})
