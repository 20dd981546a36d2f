"""A run's measurements as OpenTelemetry metrics. Imported only where Locust's ``--otel`` is on.

Locust sets up the exporters, from the usual OTEL_* variables, and has a histogram of its own. This adds each read and
each PUT to ``http.client.request.duration``, with the names and buckets of OpenTelemetry's semantic conventions. Once
the run has its report, the verdicts, the consistency windows and the impact of writes follow under ``read_model``.
Without OpenTelemetry's SDK Locust prints that it is missing, and nothing is recorded.
"""

from __future__ import annotations

import logging
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from opentelemetry import metrics

from loadtest.run.files import SUMMARY_FILE

if TYPE_CHECKING:
    from loadtest.summary.summary import Summary

logger = logging.getLogger(__name__)

BUCKETS_S: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
"""The buckets that the semantic conventions advise for durations of HTTP requests."""
NAME: Final = "read-model"
_NS: Final = 1e9


class Telemetry:
    """The instruments of one Locust process, filled from its ``request`` event."""

    def __init__(self, environment: Any) -> None:
        meter = metrics.get_meter(NAME)
        self._duration = meter.create_histogram(
            "http.client.request.duration",
            unit="s",
            description="Duration of HTTP client requests.",
            explicit_bucket_boundaries_advisory=BUCKETS_S,
        )
        self._size = meter.create_histogram(
            "http.client.response.body.size", unit="By", description="Size of HTTP client response bodies."
        )
        self._meter = meter
        environment.events.request.add_listener(self._on_request)

    def _on_request(
        self, request_type: str, response_time: float | None, response_length: int, exception: Any, **more: Any
    ) -> None:
        attributes: dict[str, str | int] = {"http.request.method": request_type, **_server(more.get("url") or "")}
        response = more.get("response")
        status = response.status_code if response is not None else 0
        if status:
            attributes["http.response.status_code"] = status
            attributes["network.protocol.version"] = "1.1"
        if exception is not None:
            attributes["error.type"] = _error(request_type, status)
        if response_time is not None:
            self._duration.record(response_time / 1000, attributes)
        if status and request_type == "GET":
            self._size.record(response_length, attributes)

    def tell_of(self, run_dir: Path | None) -> None:
        """Record the results of the run in this directory, if it has its report.

        An exporter that fails must not keep the answers of the run from being printed.
        """
        from loadtest.summary.summary import read_summary  # noqa: PLC0415 - only now is there time for the import

        if run_dir is None or not (run_dir / SUMMARY_FILE).exists():
            return
        try:
            self.tell(read_summary(run_dir / SUMMARY_FILE))
        except Exception as error:
            logger.warning(
                "The results of the run were not recorded with OpenTelemetry (%s); its report has them.",
                type(error).__name__,
            )

    def tell(self, summary: Summary) -> None:
        """Record the results of a run, and have them exported before the process ends."""
        verdict = self._meter.create_gauge(
            "read_model.verdict",
            description="1 for the verdict that a question, or the run, has got, 0 for the others.",
        )
        questions = [("run", summary.verdict), *((one.id, one.verdict) for one in summary.questions)]
        for question, answer in questions:
            for possible in type(answer):
                about = {"read_model.question": question, "read_model.verdict": possible.value}
                verdict.set(int(answer is possible), about)
        window = self._meter.create_histogram(
            "read_model.consistency_window",
            unit="s",
            description="How long after its acknowledgement a write was still not seen by a read; one value a write. "
            "One that the end of the run cut off lasted at least so long.",
            explicit_bucket_boundaries_advisory=BUCKETS_S,
        )
        for write in summary.consistency.windows:
            if not write.censored or write.last_stale_ns is not None:  # of the others nothing is known
                window.record((write.last_stale_ns or 0) / _NS, {"read_model.cut_off": write.censored})
        slowdown = self._meter.create_gauge(
            "read_model.write_impact", unit="1", description="Response time while writing / while quiet."
        )
        for estimate in summary.impact.estimates:
            for bound, value in (("estimate", estimate.ratio), ("low", estimate.low), ("high", estimate.high)):
                if value is not None:
                    slowdown.set(value, {"read_model.quantile": estimate.quantile, "read_model.bound": bound})
        flush = getattr(metrics.get_meter_provider(), "force_flush", None)
        if flush is not None:
            flush()


@cache
def _server(url: str) -> dict[str, str | int]:
    """Host and port of an address, without its path and query, which may hold a secret."""
    parts = urlsplit(url)
    if not parts.hostname:
        return {}
    return {
        "server.address": parts.hostname,
        "server.port": parts.port or (443 if parts.scheme == "https" else 80),
        "url.scheme": parts.scheme,
    }


def _error(request_type: str, status: int) -> str:
    """One of few values: the status, or what is wrong where the status is not."""
    if status >= 400:
        return str(status)
    if request_type != "GET":
        return "not_acknowledged"
    return "wrong_document" if status else "transport_error"
