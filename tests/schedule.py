"""What each test costs: which are left out of `make test-fast`, which run first, and which stay together.

The one place for that. A figure is seconds of a processor, measured for the whole file; files that are not named take
less than five. Where several processes run tests, a group of tests goes to whichever process is free, the dearest
first, so that none of them is left alone with a long one at the end.
"""

from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent

TERRAFORM = ("docs/test_documented_deployment.py", "docs/test_workflow_aws.py", "stacks/test_deployed_")
"""Each command of Terraform loads a provider of hundreds of megabytes."""

SLOW = (
    *TERRAFORM,
    *("docs/test_cdk_terrain.py", "docs/test_documented_load_test.py", "docs/test_extending.py"),
    *("docs/test_ci_page.py", "docs/test_documented_commands.py", "docs/test_workflow_steps.py"),
    "docs/test_workflows.py",
    *("loadtest/real_runs/", "probe/test_mappings_page.py", "probe/test_probe_peers.py", "probe/test_probe_sandbox.py"),
    *("reports/test_report_browser.py", "sandbox/test_sandbox_command.py"),
    *("loadtest/judge/checks/test_no_false_alarm.py", "loadtest/judge/checks/test_versions_against_reference.py"),
    *("loadtest/run/observed/test_watched_runs.py", "loadtest/run/observed/test_combinations.py"),
    "loadtest/judge/test_fuzzed_runs.py",
    *("loadtest/compare/test_compare_shift.py", "loadtest/compare/test_duel_judging.py"),
    *("loadtest/run/documents/test_stamps.py", "loadtest/run/documents/test_real_documents.py"),
    *("loadtest/run/documents/test_faults_recovered.py", "loadtest/trend/test_recorded_trend.py"),
    *("loadtest/target/test_kept_document.py", "loadtest/target/test_s3_store.py", "probe/test_probe_writing.py"),
    *("stacks/test_deploy.py", "stacks/test_user_input.py", "test_installable.py", "reports/test_chart_script.py"),
    "reports/test_report_page.py",
)
"""Terraform, Locust, a browser, a server to wait for, other tools, or more than two seconds of a processor for
histories or documents, even with a quarter of the examples."""

INDEPENDENT = (
    *(f"loadtest/real_runs/test_{name}.py" for name in ("ended_by_signals", "fault_recovery", "findings", "kills")),
    *(
        f"loadtest/real_runs/test_{name}.py"
        for name in ("lost_processes", "many_machines", "runs", "watching", "your_document")
    ),
    *("loadtest/judge/test_fuzzed_runs.py", "loadtest/judge/checks/test_versions_against_reference.py"),
    *("loadtest/judge/checks/test_no_false_alarm.py", "loadtest/run/observed/test_watched_runs.py"),
)
"""Files whose tests share nothing but what a session makes once, so that each of them may run anywhere."""

TOGETHER = (
    ("stacks/test_deployed_changes.py", "stacks/test_deployed_everything.py"),
    ("probe/test_mappings_page.py", "probe/test_probe_and_load_test.py", "probe/test_probe_sandbox.py"),
    (
        *("reports/test_report_page.py", "reports/test_report_browser.py", "loadtest/trend/test_trend_page.py"),
        "loadtest/real_runs/test_web_page.py",
    ),
)
"""Files whose tests share what takes long to start or to make: a provider and moto; sandboxes; pages, and the browser
that shows them."""

SECONDS = {
    "docs/test_documented_deployment.py": 65,
    "docs/test_workflow_aws.py": 33,
    "stacks/test_deployed_changes.py": 29,
    "stacks/test_deployed_everything.py": 14,
    "docs/test_documented_load_test.py": 21,
    "docs/test_extending.py": 19,
    "loadtest/judge/checks/test_no_false_alarm.py": 5,
    "loadtest/judge/checks/test_versions_against_reference.py": 8,
    "loadtest/run/observed/test_watched_runs.py": 6,
    "loadtest/judge/test_fuzzed_runs.py": 5,
    "loadtest/run/documents/test_stamps.py": 6,
    "reports/test_report_page.py": 5,
    "docs/test_workflow_steps.py": 12,
    "docs/test_workflows.py": 6,
    "docs/test_cdk_terrain.py": 7,
    "probe/test_mappings_page.py": 32,
    "loadtest/real_runs/": 12,
    "sandbox/test_sandbox_command.py": 9,
    "probe/test_probe_peers.py": 7,
    "probe/test_probe_and_load_test.py": 15,
    "probe/test_probe_sandbox.py": 10,
    "docs/test_documented_commands.py": 8,
}


def arrange(items: list[pytest.Item], *, several_processes: bool) -> None:
    """Mark what is slow; for several processes also put tests into groups, and the dearest group first."""
    for item in items:
        name = _name(item.path)
        if name.startswith(SLOW):
            item.add_marker("slow")
        if name.startswith(TERRAFORM):
            item.add_marker("terraform")
        if several_processes and not name.startswith(INDEPENDENT):
            item.add_marker(pytest.mark.xdist_group(next((files[0] for files in TOGETHER if name in files), name)))
    if several_processes:
        items.sort(key=lambda item: -_seconds(_name(item.path)))


def is_slow(file: Path) -> bool:
    """Whether `make test-fast` leaves out all tests of a file."""
    return file.suffix == ".py" and _name(file).startswith(SLOW)


def leave_out_slow(items: list[pytest.Item], config: pytest.Config) -> None:
    """Leave out what is marked slow, be it named in the command."""
    slow = [item for item in items if item.get_closest_marker("slow")]
    items[:] = [item for item in items if item not in slow]
    config.hook.pytest_deselected(items=slow)


def _name(file: Path) -> str:
    return file.relative_to(TESTS).as_posix() if file.is_relative_to(TESTS) else file.name


def _seconds(name: str) -> int:
    return next((seconds for start, seconds in SECONDS.items() if name.startswith(start)), 0)
