"""The tab "Read model" in Locust's own web page: live counts, the current window, and the same as CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import Any, Final

from flask import Blueprint, Response, request

from loadtest import units
from loadtest.recording.progress import Progress

TAB_KEY: Final = "read-model"
CSV_PATH: Final = "/read-model/csv"


def add_tab(web_ui: Any, progress: Callable[[], Progress | None]) -> None:
    """Add the tab to Locust's page. ``progress`` gives the live counts of the run, or None when there is none."""
    web_ui.template_args |= {
        "extended_tabs": [{"title": "Read model", "key": TAB_KEY}],
        "extended_tables": [
            {
                "key": TAB_KEY,
                "structure": [
                    {"key": "what", "title": "What"},
                    {"key": "value", "title": "So far"},
                    {"key": "meaning", "title": "Meaning"},
                ],
            }
        ],
        "extended_csv_files": [{"href": CSV_PATH, "title": "Download read model CSV"}],
    }
    blueprint = Blueprint("read_model", __name__)

    @blueprint.route(CSV_PATH)
    @web_ui.auth_required_if_enabled
    def read_model_csv() -> Response:
        text = io.StringIO()
        writer = csv.DictWriter(text, ["what", "value", "meaning"], extrasaction="ignore")
        writer.writeheader()
        writer.writerows(_rows(progress()))
        disposition = {"Content-Disposition": "attachment; filename=read-model.csv"}
        return Response(text.getvalue(), mimetype="text/csv", headers=disposition)

    @web_ui.app.after_request
    def add_counts(response: Response) -> Response:
        if request.path.endswith("/stats/requests") and response.is_json:
            content = response.get_json()
            content["extended_stats"] = [{"key": TAB_KEY, "data": _rows(progress())}]
            response.set_data(json.dumps(content))
        return response

    web_ui.app.register_blueprint(blueprint)


def _rows(progress: Progress | None) -> list[dict[str, Any]]:
    if progress is None:
        return [_row("state", "no run", "start a run to see its counts; the last report lies in runs/latest")]
    counts = progress.totals()
    answered = counts.reads - counts.errors
    share = f"{100 * counts.not_modified / answered:.1f} %" if answered else "none yet"
    return [
        _row("window", progress.window(), "what the writer does right now"),
        _row("reads", f"{counts.reads:,}", "reads recorded"),
        _row("writes", f"{progress.writes:,}", "PUTs that have come back"),
        _row("writer", progress.trouble or "at work", "what is wrong with the process that writes"),
        _row(
            "stale reads",
            f"{counts.stale:,}",
            "reads of a version that was replaced, and that acknowledged, before them",
        ),
        _row("not whole or not ours", f"{counts.broken:,}", "torn, truncated, corrupt or foreign documents"),
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
