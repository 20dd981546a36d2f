"""Entity tags: the one thing the probe has to parse. RFC 9110, section 8.8.3."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from loadtest.run.records import opaque as opaque_part

_ENTITY_TAG = re.compile(r'(?P<weak>W/)?"(?P<opaque>[\x21\x23-\x7e\x80-\xff]*)"')


@dataclass(frozen=True)
class EntityTag:
    """One entity tag; ``opaque`` is without its quotes."""

    opaque: str
    weak: bool = False
    spelled: str = field(default="", compare=False)
    """How the target spells what is no entity tag; empty for one that is well-formed."""

    def __str__(self) -> str:
        """The tag as it is sent: as a reader who keeps it sends it back."""
        return self.spelled or f'{"W/" if self.weak else ""}"{self.opaque}"'

    def matches(self, other: EntityTag | None) -> bool:
        """The weak comparison of RFC 9110, section 8.8.3.2, which If-None-Match uses."""
        return other is not None and self.opaque == other.opaque


def parse(value: str | None) -> EntityTag | None:
    """The entity tag that a field value holds; None if it is absent, or is not exactly one well-formed tag."""
    match = _ENTITY_TAG.fullmatch(value.strip()) if value is not None else None
    return EntityTag(match["opaque"], match["weak"] is not None) if match else None


def as_kept(value: str | None) -> EntityTag | None:
    """What a reader keeps of a field value and sends back, well-formed or not; None if there is nothing to keep."""
    if value is None or not value.strip():
        return None
    return parse(value) or EntityTag(opaque_part(value), value.strip()[:2] in ("W/", "w/"), value.strip())
