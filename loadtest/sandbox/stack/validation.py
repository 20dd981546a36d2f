"""Checks a definition for what AWS would refuse at its deployment, and for what the sandbox cannot interpret."""

from __future__ import annotations

import re
from typing import Final

from loadtest.sandbox.stack.definition import DefinitionError, GatewayDefinition, Method, s3_object_of

_HEADER_SOURCE: Final = re.compile(
    r"^method\.request\.(header|querystring|path|multivalueheader|multivaluequerystring)\."
)


def validate(definition: GatewayDefinition) -> None:
    """Check a definition.

    Raises:
        DefinitionError: the first thing that AWS would refuse, or that cannot be interpreted.
    """
    if not definition.api.methods:
        raise DefinitionError(f"The REST API {definition.api.name!r} has no methods; AWS would refuse its deployment.")
    if definition.api.binary_media_types or definition.api.minimum_compression_size is not None:
        raise DefinitionError(
            "The REST API sets binary media types or a minimum compression size, which the sandbox does not interpret; "
            "leave both off (compression would send other bytes under the same ETag)."
        )
    if definition.api.api_key_source != "HEADER":
        raise DefinitionError(
            f"The REST API takes API keys from {definition.api.api_key_source!r}: the sandbox takes them from the "
            "header x-api-key; set the key's source to HEADER."
        )
    for method in definition.api.methods:
        _validate_method(method)
        if method.integration.type == "AWS" and method.integration.role not in definition.roles:
            raise DefinitionError(
                f"The integration of {method.label} has the credentials {method.integration.role!r}, which is not a "
                "role of this stack; set them to the role's ARN."
            )


def _validate_method(method: Method) -> None:
    integration = method.integration
    if method.authorization != "NONE":
        raise DefinitionError(
            f"{method.label} asks for authorization {method.authorization!r}, which the sandbox does not interpret; "
            "use authorization NONE."
        )
    if integration.type == "AWS":
        s3_object_of(method)
        if integration.http_method not in ("GET", "HEAD"):
            raise DefinitionError(
                f"The integration of {method.label} calls S3 with {integration.http_method!r}: the sandbox reads only, "
                "with GET or HEAD."
            )
    elif integration.type != "MOCK":
        raise DefinitionError(
            f"The integration of {method.label} is of type {integration.type!r}: the sandbox knows AWS (S3) and MOCK."
        )
    for target, source in integration.request_parameters.items():
        if _HEADER_SOURCE.match(source) and source not in method.request_parameters:
            raise DefinitionError(
                f"{method.label} maps {target} from {source}, which the method does not declare in its request "
                "parameters; AWS would refuse this mapping."
            )
    for response in integration.responses:
        if response.status_code not in method.responses:
            raise DefinitionError(
                f"{method.label} has an integration response {response.status_code} and no method response "
                f"{response.status_code}; AWS would refuse it."
            )
        undeclared = set(response.response_parameters) - method.responses[response.status_code]
        if undeclared:
            raise DefinitionError(
                f"{method.label} maps {sorted(undeclared)[0]} on {response.status_code}, which the method response "
                "does not declare; AWS would refuse this mapping."
            )
