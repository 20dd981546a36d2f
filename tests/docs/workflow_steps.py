"""Runs single steps of a workflow on this machine: what is under ``run``, with outputs, summary and expressions."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import yaml
from documented import PROJECT

FOLDER = PROJECT / ".github" / "workflows"
_EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")


def workflow(name: str) -> dict[str, Any]:
    """A workflow, parsed. YAML takes the key ``on`` for true."""
    content: dict[str, Any] = yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))
    return content


class Job:
    """One job in one folder. ``context`` answers expressions such as ``inputs.users``."""

    def __init__(self, name: str, job: str, folder: Path, context: dict[str, str] | None = None) -> None:
        self._workflow = workflow(name)
        self._job = self._workflow["jobs"][job]
        self.folder = folder
        self.context = context or {}
        self.outputs_file, self.summary_file = folder / "outputs.txt", folder / "summary.md"

    def step(self, name: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Runs the step of this name as a runner would; its outputs are known to later steps."""
        (step,) = (step for step in self._job["steps"] if step.get("name", step.get("run")) == name)
        self.outputs_file.write_text("")
        written = {**self._workflow.get("env", {}), **self._job.get("env", {}), **step.get("env", {})}
        environment = {key: self._evaluated(str(value)) for key, value in written.items()}
        files = {"GITHUB_OUTPUT": str(self.outputs_file), "GITHUB_STEP_SUMMARY": str(self.summary_file)}
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=self.folder,
            env={**os.environ, **environment, **files, **variables},
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        for line in self.outputs_file.read_text().splitlines():
            key, _, value = line.partition("=")
            self.context[f"steps.{step['id']}.outputs.{key}"] = value
        return done

    @property
    def summary(self) -> str:
        """What the steps wrote into the summary of the job."""
        return self.summary_file.read_text(encoding="utf-8") if self.summary_file.exists() else ""

    def _evaluated(self, text: str) -> str:
        return _EXPRESSION.sub(lambda match: self._value(match[1]), text)

    def _value(self, expression: str) -> str:
        """The first of ``a.b || 'c'`` that is not empty; what is not known is empty, as with GitHub."""
        for part in expression.split(" || "):
            value = part[1:-1] if part.startswith("'") else self.context.get(part, "")
            if value:
                return value
        return ""
