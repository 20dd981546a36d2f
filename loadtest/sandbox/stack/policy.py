"""What a role may do: IAM policy documents, as far as an integration needs them to read its object.

Follows the IAM User Guide, "Policy evaluation logic", for identity policies of one account: an explicit Deny wins, an
Allow permits, and nothing else does. Conditions are not interpreted and are refused when the document is read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


class PolicyError(Exception):
    """A policy document that cannot be interpreted. The text is one sentence."""


@dataclass(frozen=True)
class Statement:
    """One statement; ``actions`` and ``resources`` are patterns with ``*`` and ``?``."""

    allows: bool
    actions: tuple[str, ...]
    resources: tuple[str, ...]

    def concerns(self, action: str, resource: str) -> bool:
        """Whether the statement speaks about this action on this resource."""
        return any(_matches(pattern.lower(), action.lower()) for pattern in self.actions) and any(
            _matches(pattern, resource) for pattern in self.resources
        )


@dataclass(frozen=True)
class RolePolicy:
    """All identity policies of one role, together."""

    statements: tuple[Statement, ...] = ()

    def permits(self, action: str, resource: str) -> bool:
        """Whether a role with these policies may perform ``action`` (``s3:GetObject``) on ``resource`` (an ARN)."""
        concerning = [statement for statement in self.statements if statement.concerns(action, resource)]
        return bool(concerning) and all(statement.allows for statement in concerning)


def role_policy(documents: Iterable[str | Mapping[str, Any]]) -> RolePolicy:
    """The policies of a role from their documents, as JSON or parsed.

    Raises:
        PolicyError: a document is no policy, or has elements that are not interpreted.
    """
    statements: list[Statement] = []
    for document in documents:
        try:
            entries = (json.loads(document) if isinstance(document, str) else document)["Statement"]
        except (ValueError, KeyError, TypeError):
            raise PolicyError("A policy of the gateway's role is not a JSON policy document; fix it.") from None
        statements.extend(_statement(entry) for entry in (entries if isinstance(entries, list) else [entries]))
    return RolePolicy(tuple(statements))


def _statement(entry: dict[str, Any]) -> Statement:
    unknown = set(entry) - {"Sid", "Effect", "Action", "Resource"}
    if unknown:
        raise PolicyError(
            f"A policy of the gateway's role uses {sorted(unknown)[0]}, which the sandbox does not interpret; "
            "use Effect, Action and Resource only."
        )
    return Statement(entry.get("Effect") == "Allow", _texts(entry.get("Action")), _texts(entry.get("Resource")))


def _texts(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(value)


def _matches(pattern: str, text: str) -> bool:
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), text, re.DOTALL) is not None
