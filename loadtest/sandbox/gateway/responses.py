"""Answers that API Gateway gives on its own: unknown path, throttled, broken configuration, back end out of reach.

Types, statuses and the two defaults are those of "Gateway response types for API Gateway" in the developer guide. A
customised DEFAULT_4XX or DEFAULT_5XX lends its headers and its template to every type that is not customised itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from loadtest.sandbox.gateway.templates import Template, compile_template
from loadtest.sandbox.stack.definition import DefinitionError, GatewayResponse


@dataclass(frozen=True, slots=True)
class GatewayAnswer:
    """What goes to the client, less the request id."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


# type: (status, message, x-amzn-ErrorType)
_TYPES: Final[Mapping[str, tuple[int, str, str]]] = {
    "ACCESS_DENIED": (403, "Forbidden", "ForbiddenException"),
    "API_CONFIGURATION_ERROR": (500, "Internal server error", "InternalServerErrorException"),
    "BAD_REQUEST_PARAMETERS": (400, "Missing required request parameters", "BadRequestException"),
    "INTEGRATION_FAILURE": (504, "Network error communicating with endpoint", "InternalServerErrorException"),
    "INTEGRATION_TIMEOUT": (504, "Endpoint request timed out", "InternalServerErrorException"),
    "INVALID_API_KEY": (403, "Forbidden", "ForbiddenException"),
    "MISSING_AUTHENTICATION_TOKEN": (403, "Missing Authentication Token", "MissingAuthenticationTokenException"),
    "QUOTA_EXCEEDED": (429, "Limit Exceeded", "LimitExceededException"),
    "THROTTLED": (429, "Too Many Requests", "TooManyRequestsException"),
    "UNSUPPORTED_MEDIA_TYPE": (415, "Unsupported Media Type", "BadRequestException"),
}
_DEFAULT_TEMPLATE: Final = '{"message":$context.error.messageString}'
_HEADER_PREFIX: Final = "gatewayresponse.header."


@dataclass(frozen=True)
class _Plan:
    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    template: Template
    message: str
    response_type: str


class GatewayResponses:
    """The gateway's own answers, as one API customises them."""

    def __init__(self, customised: tuple[GatewayResponse, ...] = ()) -> None:
        by_type = {response.response_type: response for response in customised}
        self._plans = {name: _plan(name, by_type) for name in _TYPES}

    def answer(self, response_type: str, context: Mapping[str, str], message: str | None = None) -> GatewayAnswer:
        """The answer of a type; ``message`` replaces the type's own."""
        plan = self._plans[response_type]
        text = message or plan.message
        named = {
            **context,
            "error.message": text,
            "error.messageString": f'"{text}"',
            "error.responseType": plan.response_type,
        }
        body = plan.template.render(named).encode()
        return GatewayAnswer(plan.status, (*plan.headers, (b"content-length", str(len(body)).encode())), body)


def _plan(name: str, customised: Mapping[str, GatewayResponse]) -> _Plan:
    status, message, error_type = _TYPES[name]
    own = customised.get(name) or customised.get("DEFAULT_4XX" if status < 500 else "DEFAULT_5XX")
    parameters = own.response_parameters if own else {}
    templates = own.response_templates if own else {}
    headers = {b"content-type": b"application/json", b"x-amzn-errortype": error_type.encode()}
    for parameter, source in parameters.items():
        if not parameter.startswith(_HEADER_PREFIX) or not (source.startswith("'") and source.endswith("'")):
            raise DefinitionError(
                f"The gateway response {name} maps {parameter} from {source}: the sandbox interprets "
                "gatewayresponse.header.NAME with a 'quoted constant' only."
            )
        headers[parameter.removeprefix(_HEADER_PREFIX).lower().encode()] = source[1:-1].encode()
    template = templates.get("application/json", _DEFAULT_TEMPLATE)
    return _Plan(
        status=(own.status_code if own else None) or status,
        headers=tuple(headers.items()),
        template=compile_template(template, f"the gateway response {name}"),
        message=message,
        response_type=name,
    )
