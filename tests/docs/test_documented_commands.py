"""Every command in the documentation works: a test runs it, which is named here unless it is the load test's.

A command that is new in the documentation fails the first test until it is run by a test.
"""

import re
import shutil
from pathlib import Path

import pytest
from commands import Shown, commands_in_text, commands_of, shell_blocks, unmarked_blocks
from documented import PROJECT, copy_of_project, shell
from test_documented_deployment import EMPTY, MIGRATE, OWN_KEY, REPLACE_KEY
from test_documented_load_test import TYPED

from benchmarks.__main__ import BENCHMARKS
from loadtest.__main__ import build_parser

COLLECTED = ('.venv/bin/python -m pytest tests/stacks -m "not terraform"', ".venv/bin/python -m pytest tests/docs")
RUN_HERE = {"make help", "make clean", *COLLECTED}


def run_by(table: str) -> dict[str, str]:
    """The test of each command, from a table with a test and, indented below it, the commands that it runs."""
    tests, test = {}, ""
    for line in table.splitlines():
        if line.startswith(" "):
            tests[line.strip()] = test
        else:
            test = line
    return tests


DEPLOYED = "tests/docs/test_documented_deployment.py::test_deployed_as_the_page_says"
LOCUST = "locust -f loadtest/locustfile.py"
TABLE = f"""\
tests/stacks/test_synthesized.py::test_main_writes_one_stack_into_cdktf_out
  python main.py
tests/probe/test_mappings_page.py::test_each_mapping_is_as_it_is_known_to_be
  python -m loadtest mappings
tests/probe/test_probe_peers.py::test_the_table_in_the_docs_is_what_is_found_now
  python tests/probe/peers.py --update
tests/loadtest/load/options/test_run_options.py::test_every_option_is_listed_with_its_variable
  python -m loadtest options
tests/loadtest/target/test_finding_targets.py::test_outputs_of_terraform_are_read_like_those_of_cdktf
  terraform output -json
tests/loadtest/target/test_kept_document.py::test_bytes_and_headers_are_put_back_and_twice_is_once
  python -m loadtest restore RUN_DIR
tests/loadtest/load/test_several_objects.py::test_the_commands_of_the_page_are_understood_as_it_says
  {LOCUST} --headless -u 20 -r 20 -t 120s --samples-path '/v1/samples weight=3' \
--samples-path 'https://cdn.example.com/v1/samples weight=1'
  {LOCUST} --headless -u 20 -r 20 -t 60s --samples-path '/v1/samples weight=3' --samples-path /_cdn/v1/samples
  {LOCUST} --headless -u 20 -r 20 -t 120s --samples-path '/v1/samples weight=3' \
--samples-path '/v1/shop/prices key=prices/today.json'
  {LOCUST} --headless -u 20 -r 20 -t 120s --stamp /revision --samples-path /v1/samples \
--samples-path '/v1/shop/prices key=prices/today.json' --document samples.json \
--document 'prices.json key=prices/today.json'
  {LOCUST} --headless -u 20 -r 20 -t 60s --samples-path /v1/samples \
--samples-path '/_cdn/v1/shop/prices key=prices/today.json'
tests/loadtest/real_runs/test_wrong_usage.py::test_a_report_of_something_that_is_no_run
  python -m loadtest
tests/loadtest/real_runs/test_duel.py::test_both_runs_are_whole_and_never_read_at_a_time
  python -m loadtest duel BASE NEW
  python -m loadtest duel base/outputs.json new/outputs.json --output duel
tests/loadtest/real_runs/test_watching.py::test_lag_of_known_size_is_recovered_by_what_is_typed_to_try_it
  curl -X PUT -H 'Content-Type: application/json' -d false http://127.0.0.1:8080/_sandbox/enforce-iam
  python -m loadtest publish --every 1
  {LOCUST} --headless -u 20 -r 20 -t 60s --writer watch
tests/loadtest/real_runs/test_watching.py::test_a_run_that_watches_sends_no_put_and_answers_with_a_key_that_may_only_read
  AWS_PROFILE=reader {LOCUST} --headless -u 20 -r 20 -t 600s --host https://data.example.com \
--samples-path /v1/samples --bucket my-bucket --writer watch
tests/loadtest/real_runs/test_watching.py::test_a_run_without_a_key_judges_what_answers_alone_can_show
  {LOCUST} --headless -u 20 -r 20 -t 600s --host https://data.example.com --writer none
tests/loadtest/judge/test_summary.py::test_the_committed_schema_is_that_of_the_records
  python -m loadtest.summary.summary
tests/loadtest/trend/test_trend_command.py::test_all_files_are_written_and_the_json_is_as_its_schema_says
  python -m loadtest trend runs --output trend
tests/docs/test_workflow_steps.py::test_the_summaries_of_the_newest_hundred_runs_are_kept
  sh .github/follow_runs.sh "$LOCUST_RUN_DIR" .cache/main-runs .build/trend
tests/docs/test_own_read_model.py::test_the_commands_publish_documents_of_ones_own
  {LOCUST} --headless -u 20 -r 20 -t 120s --document prices.json --document prices-yesterday.json \
--stamp /meta/revision
  {LOCUST} --headless -u 20 -r 20 -t 120s --write-interval 5 --window 5 --documents prices
tests/docs/test_files_for_many_machines.py::test_the_commands_of_the_page_are_commands_of_the_load_test
  {LOCUST} --master --headless --expect-workers 2 -u 200 -r 200 -t 300s
  {LOCUST} --worker --master-host MASTER --place frankfurt
  {LOCUST} --worker --master-host MASTER --place tokyo
tests/sandbox/test_sandbox_command.py::test_it_starts_says_so_writes_outputs_and_ends_cleanly
  python -m loadtest sandbox
  python -m loadtest sandbox --port 8080
tests/sandbox/test_sandbox_cdn.py::test_the_fault_is_set_and_taken_away
  python -m loadtest sandbox --fault cdn=ttl2000ms
"""
RUN_BY = dict.fromkeys(
    ("make deploy", "make destroy", "cdktf deploy", *REPLACE_KEY, EMPTY, OWN_KEY, MIGRATE), DEPLOYED
) | run_by(TABLE)
"""Commands that other tests run, or whose program they call."""

REPORT_COLUMN_AND_COMMAND = (
    "tests/docs/test_extending.py::test_a_new_report_is_written_with_a_new_column_and_a_new_command_reads_it"
)
BLOCKS_RUN_BY = {
    ("deploying.md", "STACK=acme-samples"): DEPLOYED,
    ("ci.md", "set -eu"): "tests/docs/test_ci_page.py::test_the_recipe_ends_as_it_says",
    ("cdk-terrain.md", "find main.py"): "tests/docs/test_cdk_terrain.py::test_every_variant_has_the_same_resources",
    ("cdk-terrain.md", "sed -i.bak 's/^    ReadModelStack"): (
        "tests/docs/test_cdk_terrain.py::test_the_provider_is_held_back_until_it_is_wanted"
    ),
    ("cdk-terrain.md", "make lock\nnpm install"): (
        "tests/docs/test_cdk_terrain.py::test_what_is_typed_after_it_exists"
    ),
    ("cdk-terrain.md", r"sed -i.bak 's/\.add_override"): (
        "tests/docs/test_cdk_terrain.py::test_the_provider_is_held_back_until_it_is_wanted"
    ),
    ("own-read-model.md", 'export API_KEY="$(python3'): (
        "tests/docs/test_own_gateway.py::test_a_run_reads_the_document_that_is_named_through_the_domain_with_the_key"
    ),
    ("extending.md", "make test TESTS=tests/loadtest/judge"): (
        "tests/docs/test_extending.py::test_a_new_check_is_judged_and_reported"
    ),
    ("extending.md", "make test TESTS=tests/loadtest/target"): (
        "tests/docs/test_extending.py::test_another_kind_of_store_keeps_and_puts_back"
    ),
    ("extending.md", ".venv/bin/python -m loadtest demo"): (
        "tests/docs/test_extending.py::test_a_new_fault_is_injected_and_found"
    ),
    ("extending.md", ".venv/bin/python -m loadtest report"): REPORT_COLUMN_AND_COMMAND,
    ("extending.md", ".venv/bin/python -m loadtest verdict"): REPORT_COLUMN_AND_COMMAND,
}
"""Blocks that another test takes out of the page and runs as a whole; by their page and how they begin."""

MAKE_ONLY_SHOWN = {
    "make test": r"-m pytest",
    "make test-thorough": r"RANDOM_HISTORIES=10000 SIMULATED_RUNS=1000 .* tests/loadtest/judge tests/loadtest/run",
    "make test-fast": r"-m pytest .* --fast",
    "make test TESTS='tests/stacks -k cors'": r"-m pytest .* tests/stacks -k cors",
    "make test-cdk-terrain": r"INSTALL_CDK_TERRAIN=1 .* tests/docs/test_cdk_terrain",
    "make check": r"ruff check[\s\S]*mypy[\s\S]*checkov",
    "make bench": r"-m benchmarks",
    "make redeploy": r"-m stacks\.deploy redeploy",  # tests/stacks/test_deploy.py: what that does
    "make synth": r"node_modules/.bin/cdktf synth",
    "make lock": r"pip freeze",
}
"""What takes too long, or would run this very test again, or is a part of `make deploy`: make says what it would run
(--dry-run)."""

OTHERS_COMMANDS = {
    "locust -f loadtest/locustfile.py --headless -u 20 -r 20 -t 300s --publish-command 'make publish' "
    "--write-interval 5 --window 20": (
        "runs `make publish` of somebody's own Makefile; tests/loadtest/real_runs/test_watching.py types it beside one"
    ),
    "pip install .": "takes the network and minutes; tests/test_installable.py builds what it would install",
    "pip install '.[stack]'": "takes the network and minutes; tests/test_installable.py compares its lists",
    "pip install '.[report]'": "takes the network and minutes; tests/test_installable.py compares its lists",
    "pip install 'locust[otel]'": "takes the network; tests/loadtest/load/test_telemetry.py has what is recorded then",
    "git diff": "what it does is for git to test",
    "locust --help": "is named for what it does not list",
    "git checkout .": "what it does is for git to test",
    "git ls-remote https://github.com/actions/checkout v7.0.1": "asks a server on the Internet",
    "pip install cdktn cdktn-provider-aws": "says how long it takes; the test of the page installs both, pinned",
}


def simple_commands() -> list[Shown]:
    """Every command of the documentation but those of blocks that are run as a whole."""
    found = commands_in_text()
    for block in shell_blocks():
        if not run_as_a_whole(block):
            found += [Shown(block.page, command) for command in commands_of(block.text)]
    return found


def run_as_a_whole(block: Shown) -> list[str]:
    return [
        test
        for (page, start), test in BLOCKS_RUN_BY.items()
        if page == block.page and block.text.strip().startswith(start)
    ]


def benchmark_of(command: str) -> str | None:
    found = re.fullmatch(r"(?:\.venv/bin/)?python -m benchmarks[. ](\w+)( .*)?", command)
    return found[1] if found else None


def test_every_command_is_run_by_a_test() -> None:
    dealt_with = {*RUN_HERE, *TYPED, *RUN_BY, *MAKE_ONLY_SHOWN, *OTHERS_COMMANDS}
    shown = {each.text for each in simple_commands()}
    new = [each for each in simple_commands() if each.text not in dealt_with and not benchmark_of(each.text)]
    assert new == [], "run these in a test, or name the test that does"
    assert dealt_with - shown == set(), "these are not in the documentation any more"
    assert unmarked_blocks() == [], "say that it is for a shell: ```sh"


def test_a_new_command_is_seen_wherever_it_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "new.md"
    page.write_text(
        "Type `make new-one`, not `make` and not `new`, or `LOCUST_WINDOW=1 locust\n-f new.py`:\n\n"
        "    make indented\n    a drawing ──▶ of it\n\n"
        "1. Then:\n\n   ```sh\n   npm new \\\n     --option   # why\n   # only said\n   unknown-program\n   ```\n\n"
        "```\nmake unmarked\n```\n"
    )
    monkeypatch.setattr("commands.PAGES", [page])
    assert {each.text for each in simple_commands()} == {
        *("make new-one", "LOCUST_WINDOW=1 locust -f new.py", "make indented", "npm new --option", "unknown-program")
    }
    assert len(unmarked_blocks()) == 1


def test_every_block_that_is_run_as_a_whole_is_there_once() -> None:
    found = [test for block in shell_blocks() for test in run_as_a_whole(block)]
    assert sorted(found) == sorted(BLOCKS_RUN_BY.values())


@pytest.mark.parametrize("test", sorted({*RUN_BY.values(), *BLOCKS_RUN_BY.values()}))
def test_the_tests_that_are_named_exist(test: str) -> None:
    file, _, name = test.partition("::")
    assert f"def {name}(" in (PROJECT / file).read_text(encoding="utf-8")


def test_benchmarks_are_known_by_their_names() -> None:
    """Running them takes minutes to hours; the one that takes options parses those that are shown."""
    shown = [each.text for each in simple_commands() if benchmark_of(each.text)]
    assert shown
    for command in shown:
        name = benchmark_of(command)
        assert name in BENCHMARKS or "python -m benchmarks." in command, command
        source = (PROJECT / "benchmarks" / f"{name}.py").read_text(encoding="utf-8")
        assert all(f'"{option}"' in source for option in re.findall(r"--[\w-]+", command)), command


def test_the_options_of_this_project_s_commands_exist() -> None:
    shown = [each.text for each in simple_commands() if " -m loadtest " in each.text and "--help" not in each.text]
    assert len(shown) > 5
    for command in shown:
        given = command.partition(" -m loadtest ")[2].split()
        build_parser(given[0]).parse_args(given)


# -- make


def test_make_help_lists_what_the_documentation_names() -> None:
    done = shell("make help", PROJECT)
    assert done.returncode == 0, done.stderr
    listed = dict(re.findall(r"^make (\S+) +(\S.*)$", done.stdout, re.M))
    ours = [each.text for each in simple_commands() if each.text not in OTHERS_COMMANDS]
    named = {found for command in ours for found in re.findall(r"\bmake ([a-z-]+)", command)}
    assert named - listed.keys() == set()
    assert {"demo", "test", "deploy", "destroy"} <= named


@pytest.mark.parametrize("command", MAKE_ONLY_SHOWN)
def test_make_would_run(command: str) -> None:
    done = shell(command, PROJECT, MAKEFLAGS="--dry-run")
    assert done.returncode == 0, done.stderr
    assert re.search(MAKE_ONLY_SHOWN[command], done.stdout), done.stdout


def test_make_clean_keeps_outputs_state_and_runs(tmp_path: Path) -> None:
    kept = ("outputs.json", "terraform.read-model.tfstate", "runs/latest/run.json", "main.py")
    for name in (*kept, ".venv/bin/python", ".build/synth/x", "cdktf.out/x", "node_modules/x"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    shutil.copy2(PROJECT / "Makefile", tmp_path)
    done = shell("make clean", tmp_path)
    assert done.returncode == 0, done.stderr
    assert {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()} == {*kept, "Makefile"}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    names = ("tests", "loadtest", "stacks", "benchmarks", "main.py", "cdktf.json", "pyproject.toml", ".github", "docs")
    folder = tmp_path_factory.mktemp("collected") / "project"
    return copy_of_project(folder, *names, "examples", "README.md", "Makefile")


@pytest.mark.parametrize("command", COLLECTED)
def test_pytest_finds_these_tests(command: str, checkout: Path) -> None:
    done = shell(command, checkout, PYTEST_ADDOPTS="--collect-only -q -p no:cacheprovider")
    assert done.returncode == 0, done.stdout[-2000:]
    assert re.search(r"\d\d(/\d+)? tests collected", done.stdout), done.stdout[-500:]
