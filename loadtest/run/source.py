"""What was measured: a label, the commit and the branch. Never a secret.

CI systems have the commit in variables of their own; elsewhere git is asked. Only values in the form of a commit or a
name are taken, so that nothing else gets into a report through a variable.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

CI_VARIABLES: Final = (
    ("GITHUB_SHA", "GITHUB_REF_NAME"),
    ("CI_COMMIT_SHA", "CI_COMMIT_REF_NAME"),  # GitLab
    ("BUILDKITE_COMMIT", "BUILDKITE_BRANCH"),
    ("CIRCLE_SHA1", "CIRCLE_BRANCH"),
    ("BITBUCKET_COMMIT", "BITBUCKET_BRANCH"),
    ("TRAVIS_COMMIT", "TRAVIS_BRANCH"),
    ("BUILD_SOURCEVERSION", "BUILD_SOURCEBRANCHNAME"),  # Azure Pipelines
    ("DRONE_COMMIT_SHA", "DRONE_BRANCH"),
    ("GIT_COMMIT", "GIT_BRANCH"),  # Jenkins
)
_COMMIT: Final = re.compile(r"[0-9a-f]{7,64}(-dirty)?")
_NAME: Final = re.compile(r"[\w./+#-]{1,200}")
_GIT: Final = ("git", "-c", "core.fsmonitor=false", "describe", "--always", "--abbrev=64", "--exclude=*", "--dirty")
_PATIENCE_S: Final = 5


@dataclass(frozen=True)
class Source:
    """Where a run comes from; "" for what is not known."""

    label: str = ""
    commit: str = ""
    branch: str = ""


NO_SOURCE: Final = Source()


def asked_git() -> str:
    """The commit that is checked out in the current folder, followed by "-dirty" if files were changed."""
    try:
        done = subprocess.run(
            _GIT, capture_output=True, text=True, check=False, timeout=_PATIENCE_S, stdin=subprocess.DEVNULL
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def find_source(
    label: str, environment: Mapping[str, str] | None = None, ask_git: Callable[[], str] = asked_git
) -> Source:
    """What is known of the source of a run that begins now."""
    variables = os.environ if environment is None else environment
    for commit_name, branch_name in CI_VARIABLES:
        commit = variables.get(commit_name, "").strip().lower()
        if _COMMIT.fullmatch(commit):
            branch = variables.get(branch_name, "").strip()
            return Source(label, commit, branch if _NAME.fullmatch(branch) else "")
    commit = ask_git()
    return Source(label, commit if _COMMIT.fullmatch(commit) else "")
