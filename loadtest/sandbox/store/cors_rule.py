"""One CORS rule of a bucket."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class CorsRule:
    """One rule; an origin may hold one ``*``."""

    allowed_origins: tuple[str, ...]
    allowed_methods: tuple[str, ...]
    expose_headers: tuple[str, ...] = ()
    max_age_seconds: int | None = None

    def allows(self, origin: str, method: str) -> bool:
        return method in self.allowed_methods and any(
            re.fullmatch(re.escape(allowed).replace(r"\*", ".*"), origin) for allowed in self.allowed_origins
        )

    def headers(self, origin: str) -> dict[str, str]:
        """The headers that the rule adds (lower-case names)."""
        anyone = "*" in self.allowed_origins
        headers = {
            "access-control-allow-origin": "*" if anyone else origin,
            "access-control-allow-methods": ", ".join(self.allowed_methods),
            "vary": "Origin, Access-Control-Request-Headers, Access-Control-Request-Method",
        }
        if not anyone:
            headers["access-control-allow-credentials"] = "true"
        if self.expose_headers:
            headers["access-control-expose-headers"] = ", ".join(self.expose_headers)
        if self.max_age_seconds is not None:
            headers["access-control-max-age"] = str(self.max_age_seconds)
        return headers
