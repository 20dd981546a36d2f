"""The files for many machines: their commands are commands of the load test, and no worker has a key."""

import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from locust.argument_parser import get_parser

from loadtest.load.options.options import add_arguments

PROJECT = Path(__file__).resolve().parents[2]
FOLDER = PROJECT / "examples" / "many-machines"


def parsed(arguments: list[str]) -> Any:
    """The options that Locust with this locustfile makes of a command."""
    parser = get_parser()
    add_arguments(parser)
    known, unknown = parser.parse_known_args(arguments)
    assert unknown == []
    return known


def containers() -> list[tuple[str, list[str], str]]:
    """The name, arguments and environment of each container of both files."""
    compose = yaml.safe_load((FOLDER / "compose.yaml").read_text())
    found = [
        (name, service["command"], str(service.get("environment", ""))) for name, service in compose["services"].items()
    ]
    for document in yaml.safe_load_all((FOLDER / "kubernetes.yaml").read_text()):
        for one in document["spec"].get("template", {}).get("spec", {}).get("containers", ()):
            found.append((one["name"], one["args"], str(one.get("env", "")) + str(one.get("envFrom", ""))))
    return found


@pytest.mark.parametrize(("name", "arguments", "environment"), containers())
def test_each_container_runs_a_command_of_the_load_test(name: str, arguments: list[str], environment: str) -> None:
    options = parsed(arguments)
    assert options.master is (name == "master")
    assert options.worker is name.startswith("worker")
    if options.worker:
        assert "AWS" not in environment and "secret" not in environment.lower()
        assert options.master_host
    else:
        assert options.headless and options.expect_workers == 2


def test_the_commands_of_the_page_are_commands_of_the_load_test() -> None:
    text = (PROJECT / "docs" / "many-machines.md").read_text()
    commands = [line.partition("#")[0] for line in text.splitlines() if line.startswith("locust ")]
    assert len(commands) == 3
    for command in commands:
        options = parsed(shlex.split(command)[1:])
        assert options.master != options.worker


def test_workers_find_the_master_by_the_name_that_it_has() -> None:
    documents = {d["kind"]: d for d in yaml.safe_load_all((FOLDER / "kubernetes.yaml").read_text())}
    service, job, workers = documents["Service"], documents["Job"], documents["Deployment"]
    labels = job["spec"]["template"]["metadata"]["labels"]
    assert service["spec"]["selector"] == labels
    (worker,) = workers["spec"]["template"]["spec"]["containers"]
    assert f"--master-host={service['metadata']['name']}" in worker["args"]
    assert workers["spec"]["selector"]["matchLabels"] == workers["spec"]["template"]["metadata"]["labels"]


def test_the_image_holds_what_it_installs_and_no_more_rights_than_a_user_has() -> None:
    lines = (FOLDER / "Dockerfile").read_text().splitlines()
    copied = [line.split()[1:-1] for line in lines if line.startswith("COPY")]
    for path in [path for paths in copied for path in paths]:
        assert (PROJECT / path).exists(), path
    assert "USER reader" in lines
