"""What listeners of Locust's ``request`` event are given as the response, in the terms that they know."""

from __future__ import annotations

import json
from typing import Any

from loadtest.http1.answer import Answer


class LocustResponse:
    """An answer as Locust's own clients show theirs, as far as listeners ask for it while they are called.

    Its body lies where it was received, and is another's when the reader goes on.
    """

    __slots__ = ("_answer", "url")

    def __init__(self, answer: Answer, url: str) -> None:
        self._answer = answer
        self.url = url

    @property
    def status_code(self) -> int:
        return self._answer.status

    @property
    def ok(self) -> bool:
        return self._answer.status < 400

    @property
    def headers(self) -> dict[str, str]:
        """The header fields; several of one name are joined with commas. Names are as they were sent."""
        found: dict[str, str] = {}
        for name, value in self._answer.headers:
            key, text = name.decode("latin-1"), value.strip().decode("latin-1")
            found[key] = f"{found[key]}, {text}" if key in found else text
        return found

    @property
    def content(self) -> bytes:
        return bytes(self._answer.body)

    @property
    def text(self) -> str:
        """The body as UTF-8; invalid bytes are replaced."""
        return self.content.decode("utf-8", "replace")

    def json(self) -> Any:
        return json.loads(self.content)
