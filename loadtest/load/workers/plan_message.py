"""The message with the plan of a run. It has all that a worker needs, which may share nothing else with the master."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from loadtest.load.workers.workers import Workers
from loadtest.project import code_digest
from loadtest.run.documents.kinds import files_of
from loadtest.run.plan import Plan

PLAN_MESSAGE: Final = "read-model-plan"
SHARES_KEY: Final = "shares"
CODE_KEY: Final = "code"
OFFSET_KEY: Final = "clock_offset_ns"
FILES_KEY: Final = "files"


def plan_message(plan: Plan, team: Workers, client: str | None) -> dict[str, Any]:
    """The plan for one worker, or for the only process of a run without workers.

    Beside the plan it has the shares of all workers, the digest of this program's code, how far the worker's clock is
    ahead, and the files of the run directory that readers need.
    """
    files = files_of(plan.documents, Path(plan.run_dir)) if client is not None else {}
    offset_ns = team.offset_ns(client) if client is not None else 0
    return {SHARES_KEY: team.shares, CODE_KEY: code_digest(), OFFSET_KEY: offset_ns, FILES_KEY: files, **plan.message()}
