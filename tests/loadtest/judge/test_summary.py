"""summary.json: valid by its schema, the same bytes every time, and back again."""

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from history_language import history, padding
from run_directories import copy_run, rewrite

from loadtest.judge.analyse import analyse, summarise
from loadtest.run.files import RECORDED_FILES
from loadtest.summary.summary import (
    SCHEMA_PATH,
    Summary,
    SummaryError,
    read_summary,
    schema,
    summary_bytes,
    write_summary,
)

HERE = Path(__file__).parent
GOLDEN = {"clean": HERE / "example_summary.json", "lagging": HERE / "example_summary_lagging.json"}
VALIDATOR = jsonschema.Draft202012Validator(json.loads(SCHEMA_PATH.read_text()))
TOP_LEVEL = [
    *("addresses", "availability", "checks", "conditional", "consistency", "format", "generator", "impact", "latency"),
    *("objects", "places", "questions", "run", "thresholds", "verdict"),
]


def test_golden_summaries(recorded_run: Path) -> None:
    """Set UPDATE_GOLDEN=1 to write them again, and read the difference before committing it."""
    golden = GOLDEN[recorded_run.name]
    content = summary_bytes(analyse(recorded_run))
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_bytes(content)
    assert content.decode() == golden.read_text(), "run with UPDATE_GOLDEN=1 if this change is meant"


def test_the_same_runs_give_the_same_bytes_in_another_process(clean_run: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from loadtest.judge.analyse import analyse; "
        "from loadtest.summary.summary import summary_bytes; "
        "[sys.stdout.buffer.write(summary_bytes(analyse(Path(run)))) for run in sys.argv[1:]]"
    )
    moved = [str(copy_run(clean_run.with_name(name), tmp_path / "elsewhere" / name)) for name in GOLDEN]
    environment = {**os.environ, "PYTHONHASHSEED": "77", "TZ": "Asia/Tokyo"}
    command = [sys.executable, "-c", code, *moved]
    result = subprocess.run(command, capture_output=True, check=True, cwd=HERE.parents[2], env=environment)
    assert result.stdout == b"".join(golden.read_bytes() for golden in GOLDEN.values())


def test_the_order_of_rows_makes_no_difference(clean_run: Path, tmp_path: Path) -> None:
    moved = copy_run(clean_run, tmp_path / "elsewhere")
    order = np.random.default_rng(1).permutation(6000)
    rewrite(moved, "reads.parquet", lambda table: table.take(order))
    assert summary_bytes(analyse(moved)) == GOLDEN["clean"].read_bytes()


def test_judging_changes_nothing_in_the_run(clean_run: Path, tmp_path: Path) -> None:
    moved = copy_run(clean_run, tmp_path / "elsewhere")
    before = {name: (moved / name).read_bytes() for name in RECORDED_FILES}
    analyse(moved)
    assert {name: (moved / name).read_bytes() for name in RECORDED_FILES} == before
    assert len(list(moved.iterdir())) == len(before) + 1


def test_the_committed_schema_is_that_of_the_records() -> None:
    assert VALIDATOR.schema == schema(), "run python -m loadtest.summary.summary"
    VALIDATOR.check_schema(schema())


@pytest.mark.parametrize(
    "text",
    [
        "w1[0 10]",
        "w1[0 10] r1[11 12]",
        "w1[0 ?] torn[1 2] error[3 4] foreign[5 6] n1[7 8] r9[9 10]",
        "w1[0 10] w2[20 9000] a:r2[30 40] a:r1[41 50] quiet0[0 9] writing0[10 900]",
        padding(0, 1),
    ],
)
def test_every_summary_is_valid_by_the_schema(text: str) -> None:
    plain = json.loads(summary_bytes(summarise(history(text))))
    VALIDATOR.validate(plain)
    assert sorted(plain) == TOP_LEVEL
    assert len(plain["questions"]) == 4


def test_golden_summaries_are_valid_by_the_committed_schema() -> None:
    for path in GOLDEN.values():
        VALIDATOR.validate(json.loads(path.read_text()))


def test_comes_back_as_it_was(clean: Summary, tmp_path: Path) -> None:
    write_summary(clean, tmp_path / "summary.json")
    assert read_summary(tmp_path / "summary.json") == clean
    assert [path.name for path in tmp_path.iterdir()] == ["summary.json"]


def test_a_number_that_json_does_not_have_is_an_error(clean: Summary) -> None:
    impact = dataclasses.replace(clean.impact, noise_floor=float("nan"))
    with pytest.raises(ValueError, match="not JSON compliant"):
        summary_bytes(dataclasses.replace(clean, impact=impact))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("{", "is not JSON"),
        ("[]", "is not a summary"),
        ("{}", "is not a summary"),
        ('{"format": 3}', "has format 3, this program knows up to 2"),
    ],
)
def test_what_is_no_summary(tmp_path: Path, content: str, why: str) -> None:
    path = tmp_path / "summary.json"
    path.write_text(content)
    with pytest.raises(SummaryError, match=why):
        read_summary(path)


def test_a_summary_that_was_changed_is_refused_where_it_shows(tmp_path: Path) -> None:
    plain = json.loads(GOLDEN["clean"].read_text())
    maybe = {**plain, "questions": [{**plain["questions"][0], "verdict": "MAYBE"}, *plain["questions"][1:]]}
    for changed, why in ((maybe, r"questions\.0\.verdict"), ({**plain, "surprise": 1}, "surprise")):
        (tmp_path / "a.json").write_text(json.dumps(changed))
        with pytest.raises(SummaryError, match=why):
            read_summary(tmp_path / "a.json")
    with pytest.raises(SummaryError, match="does not exist"):
        read_summary(tmp_path / "c.json")


def test_stays_small(clean: Summary) -> None:
    """The largest run has 600 buckets, 2,000 windows and 2,000 writes in it."""
    assert len(summary_bytes(clean)) < 100_000
    one_window = len(json.dumps(dataclasses.asdict(clean.impact.windows[0]), indent=1))
    one_write = len(json.dumps(dataclasses.asdict(clean.consistency.windows[0]), indent=1))
    assert 2_000 * (one_window + one_write) < 1_200_000
