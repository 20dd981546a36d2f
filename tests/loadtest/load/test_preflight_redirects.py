"""A redirect is named and never followed: not to itself, not to another scheme, and its Location shows no secret."""

from __future__ import annotations

import pytest

from loadtest.errors import UsageError
from loadtest.target.finding import Target
from loadtest.target.preflight import check_answers
from tests.loadtest.http1.targets import answering


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    ("location", "named"),
    [
        ("/v1/samples?key=SECRET", "/v1/samples?key=…"),  # a loop
        ("https://other.example/v1/samples", "https://other.example/v1/samples"),
        ("https://user:SECRET@[::1]:8443/", "https://[::1]:8443/"),
    ],
)
def test_a_redirect_is_said_at_once_and_asked_once(status: int, location: str, named: str) -> None:
    head = f"HTTP/1.1 {status} Moved\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"
    with answering(head.encode()) as target:
        with pytest.raises(UsageError) as caught:
            check_answers(Target(f"{target.url}?key=SECRET", "b", "payload.json", "", None, None))
        assert len(target.requests) == 1
    assert f"{named} (status {status})" in str(caught.value)
    assert "SECRET" not in str(caught.value)
