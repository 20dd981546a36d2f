"""OpenTelemetry: conventional names for reads and PUTs, the verdicts at the end, and nothing at all when it is off."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from locust.event import Events
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from loadtest.load import telemetry
from loadtest.load.plugin import _telemetry
from loadtest.load.telemetry import BUCKETS_S, Telemetry
from loadtest.run.files import SUMMARY_FILE
from loadtest.summary.summary import Summary, write_summary
from loadtest.units import SECOND

PROJECT = Path(__file__).parents[3]
WINDOW = "read_model.consistency_window"
URL = "https://api.example:8443/v1/samples?key=…"


class Recorded:
    """What would have been exported."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._reader = InMemoryMetricReader()
        provider = MeterProvider([self._reader])
        monkeypatch.setattr(telemetry.metrics, "get_meter", provider.get_meter)
        monkeypatch.setattr(telemetry.metrics, "get_meter_provider", lambda: provider)
        self.environment = SimpleNamespace(events=Events(), parsed_options=SimpleNamespace(otel=True))

    def points(self) -> dict[str, list[Any]]:
        data = self._reader.get_metrics_data()
        scopes = [scope for resource in data.resource_metrics for scope in resource.scope_metrics] if data else []
        return {metric.name: list(metric.data.data_points) for scope in scopes for metric in scope.metrics}

    def request(self, method: str, status: int = 0, exception: Exception | None = None, **more: Any) -> None:
        response = SimpleNamespace(status_code=status) if status else None
        given = {"response_time": 20.0, "response_length": 512, "url": URL, "context": {}, **more}
        self.environment.events.request.fire(
            request_type=method, name="samples", exception=exception, response=response, **given
        )


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> Recorded:
    return Recorded(monkeypatch)


def test_a_read_has_the_names_of_the_semantic_conventions(recorded: Recorded) -> None:
    assert isinstance(_telemetry(recorded.environment), Telemetry)
    recorded.request("GET", 200)
    recorded.request("GET", 200)
    (point,) = recorded.points()["http.client.request.duration"]
    assert dict(point.attributes) == {
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "network.protocol.version": "1.1",
        "server.address": "api.example",
        "server.port": 8443,
        "url.scheme": "https",
    }
    assert (point.count, point.sum, point.explicit_bounds) == (2, pytest.approx(0.04), BUCKETS_S)
    assert recorded.points()["http.client.response.body.size"][0].sum == 1024


@pytest.mark.parametrize(
    ("method", "status", "error"),
    [
        ("GET", 503, "503"),
        ("GET", 200, "wrong_document"),
        ("GET", 304, "wrong_document"),
        ("GET", 0, "transport_error"),
        ("PUT", 0, "not_acknowledged"),
    ],
)
def test_errors_are_of_few_kinds_and_hold_no_text(recorded: Recorded, method: str, status: int, error: str) -> None:
    Telemetry(recorded.environment)
    recorded.request(method, status, ValueError("https://user:secret@host"))
    (point,) = recorded.points()["http.client.request.duration"]
    assert point.attributes["error.type"] == error
    assert "secret" not in str(point.attributes) and "key" not in str(point.attributes)


def test_a_put_has_no_address_and_is_counted(recorded: Recorded) -> None:
    Telemetry(recorded.environment)
    recorded.environment.events.request.fire(
        request_type="PUT", name="payload.json", response_time=5.0, response_length=9, exception=None, context={}
    )
    (point,) = recorded.points()["http.client.request.duration"]
    assert dict(point.attributes) == {"http.request.method": "PUT"}
    assert "http.client.response.body.size" not in recorded.points()


def test_verdicts_windows_and_impact_come_at_the_end(recorded: Recorded, lagging: Summary) -> None:
    Telemetry(recorded.environment).tell(lagging)
    points = recorded.points()
    told = {
        point.attributes["read_model.question"]: point.attributes["read_model.verdict"]
        for point in points["read_model.verdict"]
        if point.value == 1
    }
    assert told == {"run": str(lagging.verdict), **{one.id: str(one.verdict) for one in lagging.questions}}
    (windows,) = points[WINDOW]
    assert windows.count == lagging.consistency.writes - lagging.consistency.censored
    assert windows.max == pytest.approx(lagging.consistency.longest_window_ns / 1e9)
    ratios = {
        (point.attributes["read_model.quantile"], point.attributes["read_model.bound"]): point.value
        for point in points["read_model.write_impact"]
    }
    assert ratios["p99", "estimate"] == lagging.impact.estimates[2].ratio


def test_a_window_that_the_end_of_the_run_cut_off_is_told_as_one(recorded: Recorded, lagging: Summary) -> None:
    last = lagging.consistency.windows[-1]
    cut_off = replace(last, censored=True, resolution_ns=None, last_stale_ns=9 * SECOND)
    unread = replace(cut_off, last_stale_ns=None)  # whether anybody would have got the old version is not known
    consistency = replace(lagging.consistency, windows=(replace(last, censored=False), cut_off, unread))
    Telemetry(recorded.environment).tell(replace(lagging, consistency=consistency))
    told = {point.attributes["read_model.cut_off"]: point for point in recorded.points()[WINDOW]}
    assert (told[False].count, told[True].count, told[True].max) == (1, 1, 9)


def test_a_run_without_a_report_tells_nothing(recorded: Recorded, tmp_path: Path) -> None:
    made = Telemetry(recorded.environment)
    made.tell_of(None)
    made.tell_of(tmp_path)
    assert recorded.points() == {}


def test_what_an_exporter_trips_over_does_not_keep_the_answers_from_being_printed(
    recorded: Recorded,
    lagging: Summary,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    made = Telemetry(recorded.environment)
    (tmp_path / SUMMARY_FILE).write_text("{}")
    made.tell_of(tmp_path)
    write_summary(lagging, tmp_path / SUMMARY_FILE)

    def lost() -> None:
        raise OSError("https://me:s3cret@collector.example cannot be reached")

    monkeypatch.setattr(telemetry.metrics, "get_meter_provider", lambda: SimpleNamespace(force_flush=lost))
    made.tell_of(tmp_path)
    assert caplog.text.count("were not recorded with OpenTelemetry") == 2
    assert "s3cret" not in caplog.text


def test_off_it_costs_nothing_and_without_the_sdk_it_does_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    events = Events()
    assert _telemetry(SimpleNamespace(events=events, parsed_options=SimpleNamespace(otel=False))) is None
    monkeypatch.setitem(sys.modules, "loadtest.load.telemetry", None)
    assert _telemetry(SimpleNamespace(events=events, parsed_options=SimpleNamespace(otel=True))) is None
    assert not events.request._handlers


def test_nothing_of_it_is_imported_by_the_load_test() -> None:
    look = "import sys, loadtest.load.plugin; print([m for m in sys.modules if m.startswith('opentelemetry')])"
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True, cwd=PROJECT)
    assert done.stdout.strip() == "[]"
