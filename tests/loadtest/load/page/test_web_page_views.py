"""Locust's page with this project's views in it, asked as a browser asks, without a run behind it."""

import json
from argparse import Namespace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gevent
import pytest
from chosen_settings import options
from locust.argument_parser import get_parser
from locust.env import Environment
from locust.event import Events
from locust.runners import STATE_INIT, MasterRunner, WorkerNode, WorkerNodes

from loadtest.errors import UsageError
from loadtest.load.page.host import LOOPBACK, check_can_listen, listen_on_loopback
from loadtest.load.page.runs import PageRuns
from loadtest.load.page.tab import FILES, FinishedRun, add_tab

USERS = {"user_count": "2", "spawn_rate": "2"}


class StubRuns:
    """Prepares runs that do nothing; ``wait`` is how long, ``wrong`` why not."""

    def __init__(self) -> None:
        self.coordinator: Any = None
        self.prepared: list[Namespace] = []
        self.given_up = 0
        self.wrong = ""
        self.wait = 0.0

    def prepare_from_page(self, options: Namespace, host: str | None) -> None:
        del host
        gevent.sleep(self.wait)
        if self.wrong:
            raise UsageError(self.wrong)
        self.prepared.append(options)
        self.coordinator = SimpleNamespace(progress=None, plan=None, path=None)

    def give_up(self) -> None:
        self.given_up += 1
        self.coordinator = None


class Page:
    def __init__(self, *arguments: str) -> None:
        self.options = options("--outputs", "none", *arguments)
        self.environment = Environment(events=Events(), parsed_options=self.options)
        runner = self.environment.create_local_runner()
        self.started: list[tuple[int, float]] = []
        runner.start = lambda users, rate: self.started.append((users, rate))
        base = self.options.web_base_path
        self.web_ui = self.environment.create_web_ui(LOOPBACK, 0, web_base_path=base, delayed_start=True)
        self.runs = StubRuns()
        self.page = PageRuns(self.environment, self.runs)
        add_tab(self.web_ui, self.page)
        self.base = base
        self.client = self.web_ui.app.test_client()

    def swarm(self, **fields: str) -> dict[str, Any]:
        answer = self.client.post(f"{self.base}/swarm", data={**USERS, **fields})
        assert answer.status_code == 200
        gevent.sleep(0)
        content: dict[str, Any] = answer.get_json()
        return content

    def get(self, path: str) -> Any:
        return self.client.get(f"{self.base}{path}")

    def rows(self) -> dict[str, str]:
        content = self.get("/stats/requests").get_json()
        return {row["what"]: row["value"] for row in content["extended_stats"][0]["data"]}


@pytest.fixture(autouse=True)
def command_line_of_locust(monkeypatch: pytest.MonkeyPatch) -> None:
    """Locust reads it again for each page."""
    monkeypatch.setattr("sys.argv", ["locust"])


@pytest.fixture
def page() -> Page:
    return Page()


def test_a_run_starts_with_what_the_form_says(page: Page) -> None:
    assert page.swarm(arrival_rate="300", threshold="p99(response) < 250ms")["success"]
    assert page.started == [(2, 2.0)]
    assert page.runs.prepared[0].arrival_rate == "300"
    assert page.options.arrival_rate == "300"  # which workers are sent


def test_a_wrong_setting_is_said_in_the_page_and_starts_nothing(page: Page) -> None:
    before = vars(page.options).copy()
    for fields in ({"run_dir": "/tmp/x"}, {"outputs": "/tmp/x"}, {"html_file": "/tmp/x"}, {"user_count": "1e9"}):
        answer = page.swarm(**fields)
        assert not answer["success"]
        assert answer["message"].endswith(".")
    assert vars(page.options) == before
    assert page.started == []
    assert page.runs.prepared == []
    assert "not started" in page.rows()


def test_what_the_target_says_is_said_in_the_page_and_the_next_start_works(page: Page) -> None:
    page.runs.wrong = "http://127.0.0.1:1/v1/samples does not answer: Connection refused."
    answer = page.swarm(window="0.5")
    assert answer == {"success": False, "message": page.runs.wrong, "host": None}
    assert page.options.window == 2.0
    page.runs.wrong = ""
    assert page.swarm()["success"]
    assert page.started == [(2, 2.0)]


def test_only_one_run_is_on_at_a_time(page: Page) -> None:
    page.runs.wait = 0.05
    first = gevent.spawn(page.swarm)
    gevent.sleep(0.01)
    assert page.page.phase == "starting"
    assert "being started already" in page.swarm()["message"]
    assert first.get()["success"]
    assert "A run is on" in page.swarm()["message"]
    assert len(page.runs.prepared) == 1


def test_a_start_is_called_off_by_stop(page: Page) -> None:
    page.runs.wait = 0.05
    first = gevent.spawn(page.swarm)
    gevent.sleep(0.01)
    assert page.client.post("/stop").get_json()["success"]
    assert first.get() == {"success": False, "message": "The run was called off before it began.", "host": None}
    assert page.runs.given_up == 1
    assert page.started == []


def test_stop_at_once_after_start_leaves_nothing_prepared(page: Page) -> None:
    assert page.swarm()["success"]
    assert page.client.post("/stop").get_json()["success"]
    assert page.runs.given_up == 1
    assert page.swarm()["success"]


class Master(MasterRunner):
    """One that listens on no port, and has a worker."""

    def __init__(self) -> None:
        self.state = STATE_INIT
        self.clients = WorkerNodes()
        self.clients["a-worker"] = WorkerNode("a-worker")


def test_a_worker_that_goes_while_the_run_is_prepared_is_missed_before_the_page_says_that_it_has_started(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    page.environment.runner = master = Master()
    monkeypatch.setattr(page.runs, "prepare_from_page", lambda *_: master.clients.clear())
    assert "No worker is connected" in page.swarm()["message"]
    assert page.runs.given_up == 1
    assert "No worker is connected" in page.page.refused


@pytest.mark.parametrize(
    ("run_time_s", "pressed", "worker", "why"),
    [
        (2, False, True, "was over after its run time of 2 s"),
        (None, False, False, "lost its last worker"),
        (2, True, True, "was stopped"),
    ],
)
def test_why_nothing_was_measured(page: Page, run_time_s: int | None, pressed: bool, worker: bool, why: str) -> None:
    page.environment.runner = master = Master()
    page.page.run_time_s, page.page._stopping = run_time_s, pressed
    if not worker:
        master.clients.clear()
    page.environment.events.test_stopping.fire(environment=page.environment)
    master.clients.clear()  # as each says that it has stopped, and is ready again seconds later
    never_began: Any = SimpleNamespace(progress=None, plan=None, path=None)
    with page.page.reporting(never_began):
        pass
    said = f"The last run {why} before all users were there, so nothing was measured."
    assert page.page.refused == said


def test_a_run_that_ends_by_itself_begins_no_more_users(page: Page) -> None:
    spawning = page.environment.web_ui._swarm_greenlet = gevent.spawn(gevent.sleep, 60)
    gevent.sleep(0)
    page.environment.events.test_stopping.fire(environment=page.environment)
    assert spawning.dead


def finished(folder: Path) -> FinishedRun:
    for name in (*FILES, "secret"):
        (folder / name).write_text(name)
    return FinishedRun(folder, None, "PASS", [("Is every read whole?", "PASS", "None is torn.")])


@pytest.mark.parametrize("base", ["", "/lt"])
def test_the_tab_keeps_the_verdict_and_the_files_of_the_last_run(tmp_path: Path, base: str) -> None:
    page = Page("--web-base-path", base)
    assert page.get("/read-model/last/report.html").status_code == 404
    page.page.finished.append(finished(tmp_path))
    rows = page.rows()
    assert rows["verdict"] == "PASS"
    assert rows["Is every read whole?"] == "PASS"
    links = json.loads(page.get("/read-model/links").data)
    assert [link["name"] for link in links["files"]] == list(FILES)
    linked = [link["href"] for link in [*links["files"], *page.web_ui.template_args["extended_csv_files"]]]
    for href in [*linked, "./read-model/links.js"]:
        assert page.get(href.removeprefix(".")).status_code == 200, href
    assert "./read-model/links.js" in page.get("/").get_data(as_text=True)


@pytest.mark.parametrize(
    "path", ["last/secret", "1/../secret", "1/..%2fsecret", "2/report.html", "0/report.html", "-1/report.html", "1/etc"]
)
def test_no_other_file_is_served(page: Page, tmp_path: Path, path: str) -> None:
    page.page.finished.append(finished(tmp_path))
    assert page.get(f"/read-model/{path}").status_code == 404


def test_a_link_in_place_of_a_file_is_not_followed(page: Page, tmp_path: Path) -> None:
    page.page.finished.append(finished(tmp_path))
    (tmp_path / "report.md").unlink()
    (tmp_path / "report.md").symlink_to("/etc/passwd")
    assert page.get("/read-model/last/report.md").status_code == 404


def test_the_page_asks_on_until_the_report_is_there(page: Page, tmp_path: Path) -> None:
    coordinator: Any = SimpleNamespace(progress=None, plan=object(), path=tmp_path)
    with page.page.reporting(coordinator):
        assert page.get("/stats/requests").get_json()["state"] == "running"
        assert "its report made" in page.swarm()["message"]
        assert page.client.post("/stop").get_json()["success"]
    assert page.get("/stats/requests").get_json()["state"] == "ready"
    assert page.rows()["state"] == "no verdict"


def test_a_second_run_of_a_session_gets_a_directory_of_its_own(tmp_path: Path) -> None:
    page = Page("--run-dir", str(tmp_path / "run"))
    page.page.finished.append(FinishedRun(tmp_path / "run", None, None))
    page.swarm()
    assert page.runs.prepared[0].run_dir == str(tmp_path / "run-2")
    assert page.options.run_dir == str(tmp_path / "run")


@pytest.mark.parametrize(
    ("arguments", "host"),
    [([], LOOPBACK), (["--web-host", ""], ""), (["--web-host", "*"], "*"), (["--web-host", "::1"], "::1")],
)
def test_the_page_listens_on_loopback_unless_it_is_told_otherwise(arguments: list[str], host: str) -> None:
    parser = get_parser()
    listen_on_loopback(parser)
    assert parser.parse_args(arguments).web_host == host


def test_a_port_that_is_taken_is_said_in_one_sentence(page: Page) -> None:
    with gevent.socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        listener.listen()
        page.options.web_host, page.options.web_port = LOOPBACK, listener.getsockname()[1]
        with pytest.raises(UsageError, match="cannot listen on --web-host"):
            check_can_listen(page.options)
    page.options.web_host, page.options.web_port = "no such host", 99999
    with pytest.raises(UsageError, match="cannot listen on --web-host"):
        check_can_listen(page.options)
