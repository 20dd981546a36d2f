"""Documents of a user's own, and the options that publish them: stamped in two fields, or as they are."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Final

MADE_UP: Final = "made-up"
KINDS: Final = (MADE_UP, "stamped", "folder")
_STAMPED_FILES: Final = 3
_FOLDER_FILES: Final = 200


def options_for(kind: str, folder: Path, seed: str) -> list[str]:
    """The options of a run with documents of this kind, which are made in ``folder``; others for each ``seed``."""
    if kind == MADE_UP:
        return []
    folder.mkdir()
    random = Random(seed)
    for number in range(_STAMPED_FILES if kind == "stamped" else _FOLDER_FILES):
        rows = [{"id": row, "name": "Zürich", "price": random.randrange(10**6)} for row in range(40 + number % 7)]
        document = {"meta": {"revision": f"r{number}"}, "rows": rows, "count": len(rows)}
        text = json.dumps(document, indent=1, ensure_ascii=False)
        (folder / f"{number:03}.json").write_text(text, encoding="utf-8")
    if kind == "folder":
        return ["--documents", str(folder)]
    files = [part for path in sorted(folder.iterdir()) for part in ("--document", str(path))]
    return [*files, "--stamp", "/meta/revision", "--stamp", "/count"]
