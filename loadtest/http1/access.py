"""How a reader shows who asks: headers with keys and tokens, and a certificate of its own.

The values of headers are secrets: no representation holds them, and they go to the target and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, Self

HeaderLines = tuple[tuple[str, str], ...]
"""Names and values, as they are sent."""


@dataclass(frozen=True)
class Access:
    """The headers and the certificate of every request for the document."""

    headers: HeaderLines = field(default=(), repr=False)
    cert: str = ""
    """A file with a client certificate (PEM), its chain and, unless ``key`` names one, its key; "" for none."""
    key: str = ""

    @classmethod
    def of(cls, source: Any) -> Self:
        """From settings or a plan, which have the same three fields."""
        return cls(tuple((str(name), str(value)) for name, value in source.headers), source.cert, source.key)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the headers, which are no secret."""
        return tuple(name for name, _ in self.headers)

    def __bool__(self) -> bool:
        return bool(self.headers or self.cert)


NO_ACCESS: Final = Access()
