"""Mapping templates: the part of VTL that API Gateway's static answers use, and a clear refusal of the rest.

Text with ``$context.…`` variables ("API Gateway mapping template and access logging variable reference"). Directives
(``#set``, ``#if``, …), ``$input``, ``$util`` and ``$stageVariables`` are refused when the definition is loaded, since
a wrong interpretation would be worse than none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from loadtest.sandbox.stack.definition import DefinitionError

CONTEXT_VARIABLES: Final = frozenset(
    {
        "apiId",
        "error.message",
        "error.messageString",
        "error.responseType",
        "extendedRequestId",
        "httpMethod",
        "identity.sourceIp",
        "path",
        "protocol",
        "requestId",
        "resourcePath",
        "stage",
        "status",
    }
)
"""What stands after ``$context.`` in templates and mapping expressions that the sandbox knows."""

_NAME = r"context\.([A-Za-z]+(?:\.[A-Za-z]+)*)"
_VARIABLE = re.compile(rf"\$\{{{_NAME}\}}|\${_NAME}")
_DIRECTIVE = re.compile(
    r"#(?:set|if|else|elseif|end|foreach|macro|define|parse|include|stop|break|\*|#|\[\[)|\$!?\{?[A-Za-z]"
)


@dataclass(frozen=True)
class Template:
    """A compiled template: text and names of context variables by turns, beginning and ending with text."""

    parts: tuple[str, ...]

    @property
    def is_static(self) -> bool:
        """Whether it renders the same for every request."""
        return len(self.parts) == 1

    def render(self, context: Mapping[str, str]) -> str:
        """The text for one request; an unknown variable is empty, as in API Gateway."""
        return "".join(part if index % 2 == 0 else context.get(part, "") for index, part in enumerate(self.parts))


def compile_template(text: str, where: str) -> Template:
    """The template ``text``; ``where`` names it in messages.

    Raises:
        DefinitionError: it uses more of VTL than the sandbox interprets.
    """
    parts = tuple(part for part in _split(text))
    for literal in parts[::2]:
        directive = _DIRECTIVE.search(literal)
        if directive:
            raise DefinitionError(
                f"The template of {where} uses {literal[directive.start() : directive.start() + 20].split()[0]!r}: the "
                "sandbox interprets text with $context variables only."
            )
    for name in parts[1::2]:
        if name not in CONTEXT_VARIABLES:
            raise DefinitionError(f"The template of {where} uses $context.{name}, which the sandbox does not know.")
    return Template(parts)


def _split(text: str) -> list[str]:
    parts: list[str] = []
    position = 0
    for match in _VARIABLE.finditer(text):
        parts += [text[position : match.start()], match[1] or match[2]]
        position = match.end()
    return [*parts, text[position:]]
