"""Vega-Lite specifications as plain dictionaries: rows, marks, and which field each channel shows.

The charts of this project are a few shapes that never change, and tests check each of them against the schema of
Vega-Lite and draw it. A library that writes such dictionaries takes longer to import than a short run takes to judge.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

SCHEMA: Final = "https://vega.github.io/schema/vega-lite/v6.4.1.json"
_TYPES: Final = {"Q": "quantitative", "N": "nominal", "O": "ordinal"}
Spec = dict[str, Any]


@dataclass(frozen=True)
class Data:
    """The named rows of a chart; only those for which the expression ``where`` holds are drawn."""

    rows: Sequence[Mapping[str, Any]]
    name: str
    where: str = ""

    def only(self, expression: str) -> Data:
        return replace(self, where=expression)

    def mark(self, kind: str, **settings: Any) -> Layer:
        """A mark for each row ("line", "rect" …), with its settings."""
        return Layer(self, {"type": kind, **settings})


@dataclass(frozen=True)
class Layer:
    """Marks, and what each of their channels shows."""

    data: Data
    mark: Spec
    encoding: Spec = field(default_factory=dict)

    def encode(self, **channels: Any) -> Layer:
        """What the channels show; a text is the shorthand of a field, without settings."""
        encoding = {name: channel(field) if isinstance(field, str) else field for name, field in channels.items()}
        return replace(self, encoding=encoding)

    @property
    def spec(self) -> Spec:
        drawn: Spec = {"data": {"name": self.data.name}, "mark": self.mark, "encoding": self.encoding}
        return {**drawn, "transform": [{"filter": self.data.where}]} if self.data.where else drawn


def data(rows: Iterable[Mapping[str, Any]]) -> Data:
    """Rows as data of a chart; equal rows have the same name, and are held once."""
    listed = list(rows)
    return Data(listed, "data-" + hashlib.sha256(json.dumps(listed, sort_keys=True).encode()).hexdigest()[:32])


def channel(shorthand: str, **settings: Any) -> Spec:
    """A field with the letter of its type ("at:Q"), or without a type ("until"), and the settings of its channel."""
    name, _, letter = shorthand.partition(":")
    return {"field": name, **({"type": _TYPES[letter]} if letter else {}), **settings}


def chart(layers: Sequence[Layer], **settings: Any) -> Spec:
    """The specification of layers, the first at the back."""
    return {
        "$schema": SCHEMA,
        **settings,
        "layer": [layer.spec for layer in layers],
        "datasets": {layer.data.name: layer.data.rows for layer in layers},
    }
