"""A method of the definition, ready to run: what the back end gets, and what the client gets for its answer.

Everything that does not depend on the request is worked out once, here. The answer that a plan makes from one of S3 is
kept with it, since most reads get the same one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from loadtest.sandbox.gateway.responses import GatewayAnswer
from loadtest.sandbox.gateway.templates import CONTEXT_VARIABLES, Template, compile_template
from loadtest.sandbox.stack.definition import DefinitionError, IntegrationResponse, Method, frozen_mapping
from loadtest.sandbox.store.objects import S3Answer

Headers = list[tuple[bytes, bytes]]

REFUSED_REQUEST_HEADERS: Final = frozenset(
    {"authorization", "connection", "content-length", "expect", "te", "transfer-encoding"}
)
"""Mapping one of these to the back end makes the request fail with 500 (recorded against AWS)."""

REMAPPED_RESPONSE_HEADERS: Final = frozenset(
    {"authorization", "connection", "content-length", "date", "host", "server", "user-agent", "www-authenticate"}
)
"""Response headers that API Gateway sends as ``x-amzn-Remapped-*`` (recorded against AWS)."""

_BODILESS: Final = frozenset({204, 304})
_REQUEST_TARGET = re.compile(r"integration\.request\.header\.(?P<name>.+)")
_REQUEST_SOURCE = re.compile(r"method\.request\.header\.(?P<name>.+)")
_RESPONSE_TARGET = re.compile(r"method\.response\.header\.(?P<name>.+)")
_RESPONSE_SOURCE = re.compile(r"integration\.response\.header\.(?P<name>.+)")


class RequestPlan:
    """Which headers of a request the back end gets. Names are compared with their case, as they were sent."""

    def __init__(self, method: Method) -> None:
        self._constants: dict[str, str] = {}
        self._sources: dict[bytes, str] = {}
        self.fails = False
        for target, source in method.integration.request_parameters.items():
            name = _REQUEST_TARGET.fullmatch(target)
            header = _REQUEST_SOURCE.fullmatch(source)
            constant = len(source) >= 2 and source[0] == source[-1] == "'"
            if name is None or not (header or constant):
                raise DefinitionError(
                    f"{method.label} maps {target} from {source}: the sandbox interprets request headers from request "
                    "headers or 'quoted constants' only."
                )
            lower = name["name"].lower()
            if constant:
                self.fails |= lower in REFUSED_REQUEST_HEADERS
                self._constants[lower] = source[1:-1]
            elif header:
                self._sources[header["name"].encode()] = lower
        self.required = tuple(
            name.removeprefix("method.request.header.").encode()
            for name, needed in method.request_parameters.items()
            if needed and method.validates_parameters
        )

    def headers(self, sent: Headers) -> dict[str, str]:
        """The back end's request headers (lower-case) for a request whose headers were ``sent`` so."""
        sources = self._sources
        passed = dict(self._constants)
        for name, value in sent:
            target = sources.get(name)
            if target is not None:
                passed[target] = value.decode("latin-1")
        return passed

    def is_refused(self, passed: Mapping[str, str]) -> bool:
        """Whether API Gateway answers 500 because of what would be passed on."""
        return self.fails or not REFUSED_REQUEST_HEADERS.isdisjoint(passed)


class ResponsePlan:
    """One integration response: the status, the headers and the body that the client gets."""

    def __init__(self, method: Method, response: IntegrationResponse) -> None:
        self.status = response.status_code
        where = f"{method.label}, answer {response.status_code}"
        self._sources: list[tuple[bytes, str, bytes | Template | None]] = []
        for target, source in response.response_parameters.items():
            match = _RESPONSE_TARGET.fullmatch(target)
            if match is None:
                raise DefinitionError(f"{where}: {target} is not a response header, and nothing else can be mapped.")
            name = match["name"].lower()
            name = f"x-amzn-remapped-{name}" if name in REMAPPED_RESPONSE_HEADERS else name
            self._sources.append((name.encode(), *_response_source(source, where)))
        templates = response.response_templates
        chosen = "application/json" if "application/json" in templates else next(iter(templates), "application/json")
        self._template = compile_template(templates[chosen], where) if chosen in templates else None
        self._content_type = chosen.encode()
        self._depends_on_request = any(isinstance(value, Template) for _, _, value in self._sources) or not (
            self._template is None or self._template.is_static
        )
        self._head = method.http_method == "HEAD"

    def answer(self, from_back_end: S3Answer, context: Mapping[str, str]) -> GatewayAnswer:
        if self._depends_on_request:
            return self._make(from_back_end, context)
        answer: GatewayAnswer | None = from_back_end.memo.get(self)
        if answer is None:
            answer = from_back_end.memo[self] = self._make(from_back_end, context)
        return answer

    def needs_context(self) -> bool:
        """Whether the answer depends on anything but the back end's."""
        return self._depends_on_request

    def _make(self, from_back_end: S3Answer, context: Mapping[str, str]) -> GatewayAnswer:
        headers = {b"content-type": self._content_type}
        for name, source, value in self._sources:
            if isinstance(value, bytes):
                headers[name] = value
            elif isinstance(value, Template):
                headers[name] = value.render(context).encode()
            elif source in from_back_end.headers:
                headers[name] = from_back_end.headers[source].encode("latin-1", "replace")
        body = as_text(from_back_end.body) if self._template is None else self._template.render(context).encode()
        if self.status in _BODILESS or self._head:
            # Whether API Gateway announces the length of a body that it does not send is not known, so no length here.
            return GatewayAnswer(self.status, tuple(headers.items()), b"")
        return GatewayAnswer(self.status, (*headers.items(), (b"content-length", str(len(body)).encode())), body)


def as_text(body: bytes) -> bytes:
    """The body as a gateway without binary media types passes it on, with bytes that are not UTF-8 replaced."""
    try:
        body.decode()
    except UnicodeDecodeError:
        return body.decode(errors="replace").encode()
    return body


def _response_source(source: str, where: str) -> tuple[str, bytes | Template | None]:
    """A lower-case header name of the back end's answer, or a constant, or a template of one context variable."""
    if len(source) >= 2 and source[0] == source[-1] == "'":
        return "", source[1:-1].encode()
    match = _RESPONSE_SOURCE.fullmatch(source)
    if match is not None:
        return match["name"].lower(), None
    if source.startswith("context.") and source.removeprefix("context.") in CONTEXT_VARIABLES:
        return "", Template(("", source.removeprefix("context."), ""))
    raise DefinitionError(
        f"{where}: a header is mapped from {source}; the sandbox interprets integration.response.header.NAME, "
        "context.NAME and 'quoted constants'."
    )


@dataclass(frozen=True)
class _Selector:
    pattern: re.Pattern[str]
    plan: ResponsePlan


class ResponseSelection:
    """Which integration response an answer of the back end gets: the pattern must match its whole status."""

    def __init__(self, method: Method) -> None:
        self._selectors: list[_Selector] = []
        self._default: ResponsePlan | None = None
        self._by_status: dict[int, ResponsePlan | None] = {}
        for response in method.integration.responses:
            plan = ResponsePlan(method, response)
            if not response.selection_pattern:
                self._default = plan
                continue
            try:
                self._selectors.append(_Selector(re.compile(response.selection_pattern), plan))
            except re.error as error:
                raise DefinitionError(
                    f"{method.label} has the selection pattern {response.selection_pattern!r}, which is no regular "
                    f"expression ({error}); fix it."
                ) from None

    def of(self, status: int) -> ResponsePlan | None:
        """The plan for a status of the back end; None when nothing matches and there is no default."""
        if status not in self._by_status:
            text = str(status)
            matching = (selector.plan for selector in self._selectors if selector.pattern.fullmatch(text))
            self._by_status[status] = next(matching, self._default)
        return self._by_status[status]


class MockPlan:
    """The back end of a MOCK integration: a status from the request template, and nothing else."""

    def __init__(self, method: Method) -> None:
        text = method.integration.request_templates.get("application/json", "{}")
        compile_template(text, f"the request of {method.label}")
        try:
            status = int(json.loads(text).get("statusCode", 500))
        except (ValueError, AttributeError, TypeError):
            raise DefinitionError(
                f"The request template of {method.label} is {text!r}: a MOCK integration needs "
                '{"statusCode": NUMBER}.'
            ) from None
        self.answer = S3Answer(status, dict(frozen_mapping()), b"")
