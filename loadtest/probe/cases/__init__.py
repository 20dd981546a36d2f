"""The cases of the probe, one family a file; here they are put in the order of the table."""

from __future__ import annotations

from typing import Final

from loadtest.probe.cases import conditions, cors, errors, not_modified, replacing, requests, validators
from loadtest.probe.model import Case

ALL: Final[tuple[Case, ...]] = (
    *validators.CASES,
    *conditions.CASES,
    *not_modified.CASES,
    *requests.CASES,
    *errors.CASES,
    *cors.CASES,
    *replacing.CASES,
)
