"""What each test costs: which are left out of `make test-fast`, which run first, and which stay together.

The one place for that. A figure is seconds of a processor, measured for the whole file; files that are not named take
less than five. Where several processes run tests, a group of tests goes to whichever process is free, the dearest
first, so that none of them is left alone with a long one at the end.
"""

from functools import cache
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
    *("reports/test_report_browser.py", "sandbox/test_sandbox_command.py", "sandbox/test_sandbox_deployments.py"),
    *("sandbox/test_sandbox_faults_on_the_wire.py", "sandbox/test_sandbox_over_http.py"),
    *("loadtest/judge/checks/test_no_false_alarm.py", "loadtest/judge/checks/test_versions_against_reference.py"),
    *("loadtest/run/observed/test_watched_runs.py", "loadtest/run/observed/test_combinations.py"),
    "loadtest/judge/test_fuzzed_runs.py",
    *("loadtest/compare/test_compare_shift.py", "loadtest/compare/test_duel_judging.py"),
    *("loadtest/run/documents/test_stamps.py", "loadtest/run/documents/test_real_documents.py"),
    *("loadtest/run/documents/test_faults_recovered.py", "loadtest/trend/test_recorded_trend.py"),
    *("loadtest/target/test_kept_document.py", "loadtest/target/test_s3_store.py", "probe/test_probe_writing.py"),
    *("stacks/test_deploy.py", "stacks/test_user_input.py", "test_installable.py", "reports/test_chart_script.py"),
    *("reports/test_report_page.py", "reports/test_imports.py"),
    *("loadtest/trend/test_trend_judging.py", "loadtest/trend/test_trend_command.py"),
    *("loadtest/judge/test_blocks.py", "loadtest/run/documents/test_made_up_documents.py"),
    "loadtest/judge/measure/test_after_put.py",
)
"""Terraform, Locust, a browser, a server to wait for, other tools, or more than two seconds of a processor for
histories or documents, even with a quarter of the examples."""

SLOW_TESTS = (
    # a Python that is started, imports and all
    *(f"loadtest/load/duelling/test_duelling.py::test_{name}" for name in ("both_", "one_that_", "a_signal_")),
    "loadtest/judge/thresholds/test_threshold_grammar.py::test_locust_ends_with_2_before_any_load",
    "loadtest/judge/test_summary.py::test_the_same_runs_give_the_same_bytes_in_another_process",
    "loadtest/load/test_telemetry.py::test_nothing_of_it_is_imported_by_the_load_test",
    "loadtest/load/reading/test_reader_limits.py::test_eight_readers_of_endless_answers_stay_below_the_bound",
    "loadtest/load/writer/test_publish_command.py::test_a_watcher_that_is_told_to_end_while_a_head_hangs",
    "loadtest/run/history/test_history.py::test_loading_imports_no_load_generator",
    "stacks/test_settings.py::test_synthesis_stops_at_a_wrong_setting_with_that_sentence_only",
    *(f"loadtest/http1/test_real_servers.py::test_two_clients_read_the_same[{name}-" for name in ("moto", "sandbox")),
    # many simulated runs or series, many values, or much to unpack
    "loadtest/judge/measure/test_near_publications.py::test_correct_publishers_seldom_look_slow",
    "loadtest/judge/measure/test_paused_windows.py::test_pauses_never_make_a_pass_of_a_fail",
    "loadtest/judge/statistics/test_signed_rank.py::test_the_interval_covers_as_wilcoxons_test_says",
    "loadtest/judge/statistics/test_signed_rank.py::test_what_begins_late_in_a_long_run_counts_like_what_began_early",
    "loadtest/run/observed/test_same_bytes.py::test_correct_runs_with_an_etag_for_each_publication_raise_no_alarm",
    "loadtest/run/observed/test_without_a_store.py::test_correct_runs_without_a_store_raise_no_alarm",
    "loadtest/trend/test_change_points.py::test_flat_series_show_nothing",
    "probe/test_probe_limits.py::test_few_bytes_that_unpack_to_many_fail_and_are_not_unpacked_in_full",
    "reports/test_report_truth.py::test_how_reads_follow_a_put_is_drawn_where_it_was_measured",
    # a second of waiting
    "loadtest/http1/test_connection.py::test_bytes_that_come_late_are_waited_for_when_asked",
    "loadtest/load/reading/test_reader_connection.py::test_an_answer_that_came_in_time_is_no_failure_though_its_turn",
)
"""How the names of single tests begin that take more than 0.4 seconds, in files that are quick without them."""

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
    ("sandbox/test_sandbox_faults_on_the_wire.py", "sandbox/test_sandbox_over_http.py"),
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
        if name.startswith(SLOW) or f"{name}::{item.nodeid.partition('::')[2]}".startswith(SLOW_TESTS):
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
    items[:] = [item for item in items if not item.get_closest_marker("slow")]
    config.hook.pytest_deselected(items=slow)


@cache
def _name(file: Path) -> str:
    return file.relative_to(TESTS).as_posix() if file.is_relative_to(TESTS) else file.name


def _seconds(name: str) -> int:
    return next((seconds for start, seconds in SECONDS.items() if name.startswith(start)), 0)
