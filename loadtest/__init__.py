"""The measurement: Locust readers and a background writer, their recorded history, and what it proves.

In a locustfile of your own, ``from loadtest import SamplesReader`` is all it takes: the import adds the options, the
writer and the report to Locust.
"""

from typing import Any


def __getattr__(name: str) -> Any:
    """``SamplesReader``, with all that belongs to it; whoever only reports should not wait for Locust."""
    if name == "SamplesReader":
        from loadtest.locustfile import SamplesReader  # noqa: PLC0415

        return SamplesReader
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
