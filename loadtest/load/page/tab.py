"""The tab "Read model" in Locust's web page: counts while a run goes on, then its verdict and links to its files."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from flask import Blueprint, Response, request, send_file

from loadtest import units
from loadtest.load.progress.progress import Progress
from loadtest.run.files import JUNIT_FILE, MARKDOWN_FILE, PAGE_FILE, RUN_FILE, SEALED_FILES, SUMMARY_FILE

TAB_KEY: Final = "read-model"
FOLDER: Final = "read-model"
FILES: Final = (*(PAGE_FILE, MARKDOWN_FILE, SUMMARY_FILE, JUNIT_FILE, RUN_FILE), *SEALED_FILES)
"""The files of a run that the page serves, by fixed names: no other file of this machine can be asked for."""
_SCRIPT: Final = Path(__file__).with_name("web_links.js")


@dataclass(frozen=True)
class FinishedRun:
    """A run of this session that is over. ``verdict`` is None where nothing could be judged."""

    path: Path
    progress: Progress | None
    verdict: str | None
    answers: Sequence[tuple[str, str, str]] = ()

    def files(self) -> list[str]:
        return [name for name in FILES if (self.path / name).is_file()]


class RunsToShow(Protocol):
    """The runs, as the tab needs them."""

    @property
    def phase(self) -> str:
        """``none``, ``starting``, ``running`` or ``reporting``."""

    @property
    def progress(self) -> Progress | None:
        """The counts of the run that goes on, or whose report is being made."""

    @property
    def finished(self) -> Sequence[FinishedRun]:
        """The runs of this session that are over, the last one last."""

    @property
    def refused(self) -> str:
        """Why the last run did not begin, or nothing."""


def add_tab(web_ui: Any, runs: RunsToShow) -> None:
    """Add the tab, the CSV, and the files of the runs to Locust's page."""
    options = web_ui.environment.parsed_options
    base = getattr(options, "web_base_path", "") or ""
    columns = [("what", "What"), ("value", "So far"), ("meaning", "Meaning")]
    web_ui.template_args |= {
        "extended_tabs": [{"title": "Read model", "key": TAB_KEY}],
        "extended_tables": [{"key": TAB_KEY, "structure": [{"key": key, "title": title} for key, title in columns]}],
        # Relative, like Locust's own links, so that they work behind --web-base-path.
        "extended_csv_files": [{"href": f"./{FOLDER}/csv", "title": "Download read model CSV"}]
        + [
            {"href": f"./{FOLDER}/last/{name}", "title": f"Read model, last run: {name}"}
            for name in (PAGE_FILE, MARKDOWN_FILE, SUMMARY_FILE, JUNIT_FILE)
        ],
    }
    blueprint = Blueprint("read_model", __name__, url_prefix=f"{base.rstrip('/')}/{FOLDER}")

    @blueprint.route("/csv")
    @web_ui.auth_required_if_enabled
    def read_model_csv() -> Response:
        text = io.StringIO()
        writer = csv.DictWriter(text, ["what", "value", "meaning"], extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows(runs))
        disposition = {"Content-Disposition": "attachment; filename=read-model.csv"}
        return Response(text.getvalue(), mimetype="text/csv", headers=disposition)

    @blueprint.route("/links.js")
    @web_ui.auth_required_if_enabled
    def links_script() -> Response:
        return Response(_SCRIPT.read_text(encoding="utf-8"), mimetype="text/javascript")

    @blueprint.route("/links")
    @web_ui.auth_required_if_enabled
    def links() -> Response:
        return Response(json.dumps(_links(runs)), mimetype="application/json", headers={"Cache-Control": "no-store"})

    @blueprint.route("/<number>/<name>")
    @web_ui.auth_required_if_enabled
    def file_of_run(number: str, name: str) -> Response:
        chosen = _chosen(runs.finished, number)
        path = chosen.path / name if chosen is not None and name in FILES else None
        if path is None or path.is_symlink() or not path.is_file():
            return Response("There is no such file of a run of this session.\n", 404, mimetype="text/plain")
        answer: Response = send_file(path.resolve(), as_attachment=name.endswith(".parquet"), max_age=0)
        return answer

    @web_ui.app.after_request
    def add_to_the_page(response: Response) -> Response:
        if request.path == f"{base}/stats/requests" and response.is_json:
            content = response.get_json()
            content["extended_stats"] = [{"key": TAB_KEY, "data": rows(runs)}]
            # The page goes on asking while the state is "running", so it is that until the report can be shown. Locust
            # keeps this answer for two seconds, so the state must be set back afterwards.
            is_reporting = runs.phase == "reporting"
            content["state"] = "running" if is_reporting else web_ui.environment.runner.state
            response.set_data(json.dumps(content))
        elif request.path == f"{base}/" and response.mimetype == "text/html" and not response.direct_passthrough:
            script = f'<script src="./{FOLDER}/links.js" defer></script></body>'
            response.set_data(response.get_data(as_text=True).replace("</body>", script, 1))
        return response

    web_ui.app.register_blueprint(blueprint)


def rows(runs: RunsToShow) -> list[dict[str, str]]:
    last = runs.finished[-1] if runs.finished else None
    if runs.phase == "starting":
        return [_row("state", "starting", "the target is tried, and the first document is written")]
    if runs.phase == "running" and runs.progress is not None:
        return [_row("window", runs.progress.window(), "what the writer does right now"), *_counts(runs.progress)]
    if runs.phase == "running":
        return [_row("state", "starting", "the run begins when all users are there")]
    if runs.phase == "reporting":
        state = [_row("state", "reporting", "the readers have stopped; the report is being made")]
        return state + (_counts(runs.progress) if runs.progress else [])
    refusal = [_row("not started", runs.refused, "fix that and start again")] if runs.refused else []
    if last is None:
        no_run = [_row("state", "no run", "start a run to see its counts; its report comes when it is stopped")]
        return refusal or no_run
    return refusal + _answers(last) + (_counts(last.progress) if last.progress else [])


def _answers(last: FinishedRun) -> list[dict[str, str]]:
    if last.verdict is None:
        return [_row("state", "no verdict", "the last run ended before anything could be judged; the log says why")]
    lines = [_row("verdict", last.verdict, "of all questions together; the report says why")]
    lines += [_row(title, verdict, sentence) for title, verdict, sentence in last.answers]
    return [*lines, _row("report", str(last.path / PAGE_FILE), "links to it and its files are below the table")]


def _links(runs: RunsToShow) -> dict[str, Any]:
    if not runs.finished:
        return {"title": "", "files": []}
    number, last = len(runs.finished), runs.finished[-1]
    files = [{"href": f"./{FOLDER}/{number}/{name}", "name": name} for name in last.files()]
    return {"title": f"Read model, last run: {last.verdict or 'no verdict'}", "files": files}


def _chosen(finished: Sequence[FinishedRun], number: str) -> FinishedRun | None:
    """The run with that number, counted from 1 in this session, or the ``last`` one."""
    known = {str(index): run for index, run in enumerate(finished, 1)}
    return (finished[-1] if finished else None) if number == "last" else known.get(number)


def _counts(progress: Progress) -> list[dict[str, str]]:
    counts = progress.totals()
    answered = counts.reads - counts.errors
    share = f"{100 * counts.not_modified / answered:.1f} %" if answered else "none yet"
    return [
        _row("reads", f"{counts.reads:,}", "reads recorded"),
        _row("writes", f"{progress.writes:,}", "PUTs that have come back"),
        _row("writer", progress.trouble or "at work", "what is wrong with the process that writes"),
        _row(
            "stale reads",
            f"{counts.stale:,}",
            "reads of a version that was replaced, and that acknowledged, before them",
        ),
        _row(
            "not whole or not ours",
            f"{counts.broken:,}",
            "torn, cut short, changed or foreign documents, error pages sent as 200, and 304s that are wrong",
        ),
        _row("304 share", share, "answers that said: what you hold is current"),
        _row("errors", f"{counts.errors:,}", "reads without a usable answer"),
        _row(
            "longest consistency window",
            units.duration(counts.longest_staleness_ns),
            "how long after an acknowledgement a read still returned an older version",
        ),
        _row(
            "generator delay",
            units.duration(counts.loop_delay_ns),
            "how late the slowest event loop of the load generator woke in the last seconds",
        ),
    ]


def _row(what: str, value: str, meaning: str) -> dict[str, str]:
    return {"what": what, "value": value, "meaning": meaning, "name": what, "safe_name": what}
