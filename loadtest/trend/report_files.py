"""A trend as files: ``trend.json``, ``trend.html``, ``trend.md``, ``junit.xml``; each is written whole or not at all.

``trend.schema.json`` in this folder is the JSON Schema of ``trend.json``, made from the records by
``python -m loadtest.trend.report_files``.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter

from loadtest import units
from loadtest.report.junit import Case, suite_of
from loadtest.summary.summary import json_schema
from loadtest.trend.markdown import markdown
from loadtest.trend.records import Trend
from loadtest.whole_files import write_whole

TREND_FILES: Final = ("trend.json", "trend.html", "trend.md", "junit.xml")
SCHEMA_PATH: Final = Path(__file__).with_name("trend.schema.json")


def write_trend(trend: Trend, folder: Path) -> None:
    """Write all files into ``folder``, which is created if necessary."""
    from loadtest.trend.page import page  # noqa: PLC0415 - charts take a second to load

    folder.mkdir(parents=True, exist_ok=True)
    texts = (trend_json(trend), page(trend), markdown(trend), trend_junit(trend))
    for name, text in zip(TREND_FILES, texts, strict=True):
        write_whole(folder / name, text.encode())


@cache
def _adapter() -> TypeAdapter[Trend]:
    return TypeAdapter(Trend)


def schema() -> dict[str, Any]:
    return json_schema(_adapter(), "trend.json of a series of load test runs")


def trend_json(trend: Trend) -> str:
    plain = _adapter().dump_python(trend, mode="json")
    return json.dumps(plain, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def trend_junit(trend: Trend) -> str:
    """One case a number and one a promise: worse is a failure, undecided is an error and never skipped."""
    cases = [
        *(
            Case("numbers", one.title, one.verdict, one.sentence, tuple(change.text for change in one.changes))
            for one in trend.numbers
        ),
        *(Case("promises", one.title, one.verdict, one.sentence, ()) for one in trend.promises),
    ]
    about = {"runs": units.count(len(trend.runs)), "verdict": trend.verdict.value}
    return suite_of(cases, about, [trend.sentence, *trend.notes])


if __name__ == "__main__":
    SCHEMA_PATH.write_text(json.dumps(schema(), indent=2, sort_keys=True) + "\n")
