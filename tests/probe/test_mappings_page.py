"""The page that compares mappings says what was measured, and notices a mapping that is not as it is known to be."""

import argparse
import dataclasses
import os
import re
import subprocess
from contextlib import nullcontext
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_probe_sandbox import SYNTHESIZED
from warm_locust import arguments_of

from loadtest.commands import mappings as mappings_demo
from loadtest.errors import UsageError
from loadtest.mappings.measured import MeasuredMapping, Site, transfer, unlike_expected
from loadtest.mappings.page import html_page, markdown_page
from loadtest.report.markdown_text import escape
from loadtest.run.records import Verdict

pytestmark = pytest.mark.slow
SITE = Site(readers=1000, poll_s=10, changes_per_day=24)


@pytest.fixture(scope="module")
def measured(tmp_path_factory, sandboxes, warm_locust) -> dict[str, MeasuredMapping]:
    """The three mappings, really probed and really loaded, for a few seconds each."""
    folder = tmp_path_factory.mktemp("mappings")

    def locust(command, *, cwd, stdout, **_):
        output, _ = warm_locust.start(arguments_of(command), cwd, os.environ).communicate()
        stdout.write(output.encode())

    def slow(stack):
        sandbox = sandboxes(stack.name.split(".")[0])
        sandbox.set_fault("latency", "20ms")  # so that reads meet PUTs on a quick machine, too
        return nullcontext(sandbox)

    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("LOCUST_WINDOW", "1")
        environment.setenv("LOCUST_WRITE_INTERVAL", "0.1")
        environment.setenv("LOCUST_PAYLOAD_BYTES", "8192")
        environment.setattr(mappings_demo, "running_sandbox", slow)
        environment.setattr(mappings_demo, "subprocess", SimpleNamespace(run=locust, STDOUT=subprocess.STDOUT))
        return {
            mapping: mappings_demo.measure(mapping, SYNTHESIZED / f"{mapping}.tf.json", folder / mapping, "4s", "8")
            for mapping in mappings_demo.MAPPINGS
        }


def test_each_mapping_is_as_it_is_known_to_be(measured):
    assert unlike_expected(measured) == []


def test_the_empty_200_of_the_half_mapping_is_caught_as_truncated_reads(measured):
    half = measured["half"]
    assert half.breaks_readers()
    assert half.outcome("truncated") > 50
    assert "truncated" in half.question("whole").sentence
    assert measured["conditional"].outcome("truncated") == measured["original"].outcome("truncated") == 0


def test_the_run_says_why_the_original_mapping_does_not_honour_etag(measured):
    original = measured["original"]
    assert original.summary.verdict is Verdict.FAIL
    assert original.question("conditional").verdict is Verdict.FAIL
    assert "ETag" in original.question("conditional").sentence
    for name in ("whole", "freshness"):
        assert original.question(name).verdict is Verdict.PASS


def test_the_run_says_what_the_half_fixed_mapping_takes_for_a_200(measured):
    half = measured["half"]
    assert half.summary.verdict is Verdict.FAIL
    assert half.question("whole").verdict is Verdict.FAIL
    (bodies,) = (check for check in half.summary.checks if check.id == "whole-bodies")
    assert "truncated" in bodies.sentence
    assert half.question("conditional").verdict is Verdict.FAIL
    assert "takes the 304 that comes back for a 200" in half.question("conditional").sentence


def test_a_mapping_that_surprises_is_named(measured):
    swapped = {
        "conditional": measured["original"],
        "original": measured["conditional"],
        "half": measured["conditional"],
    }
    surprises = " ".join(unlike_expected(swapped))
    for mapping in mappings_demo.MAPPINGS:
        assert f"with mapping {mapping} " in surprises


def test_what_a_site_transfers(measured):
    conditional, original = measured["conditional"], measured["original"]
    assert conditional.document_bytes() == original.document_bytes() == 8192
    assert original.answer_to_a_current_reader() == original.whole_answer() > 8192
    assert conditional.answer_to_a_current_reader() < 1000
    day = transfer(original, SITE)
    assert day.changed + day.unchanged == 1000 * 8640
    assert day.bytes == 1000 * 8640 * original.whole_answer()
    saved = transfer(conditional, SITE)
    assert saved.changed == 1000 * 24
    assert saved.bytes == (
        24_000 * conditional.whole_answer() + (8_640_000 - 24_000) * conditional.answer_to_a_current_reader()
    )


@given(st.integers(1, 10**6), st.floats(0.1, 86_400), st.floats(0, 86_400))
def test_validating_never_transfers_more_than_reading_everything(readers, poll, changes):
    site = Site(readers, poll, changes)
    conditional, original = _Fixed(16_673, 267), _Fixed(16_560, 16_560)
    one, other = transfer(conditional, site), transfer(original, site)
    assert one.changed >= 0
    assert one.unchanged >= 0
    assert one.changed + one.unchanged == pytest.approx(readers * 86_400 / poll)
    assert one.bytes <= other.bytes * 16_673 / 16_560 * (1 + 1e-9)


@dataclasses.dataclass
class _Fixed:
    whole: int
    current: int

    def whole_answer(self):
        return self.whole

    def answer_to_a_current_reader(self):
        return self.current


def test_the_page_holds_what_was_measured(measured):
    text = markdown_page(list(measured.values()), SITE, "python -m loadtest mappings --poll 10")
    rows = {line.split(" | ")[0].removeprefix("| "): line for line in text.splitlines() if line.startswith("| ")}
    truncated = rows["… that were cut short: 200 with an empty body"].split(" | ")
    assert [cell.strip(" |") for cell in truncated[1:]] == ["0", "0", f"{measured['half'].outcome('truncated'):,}"]
    assert all(len(re.findall(r"(?<!\\)\|", row)) == 5 for row in rows.values())
    assert "python -m loadtest mappings --poll 10" in text
    assert "bytes a day = readers" in text
    assert "not AWS" in text
    for one in measured.values():
        assert escape(one.question("whole").sentence) in text
        assert escape(one.question("conditional").sentence) in text


def test_the_page_as_html_has_the_same_tables_and_lets_nothing_through(measured):
    text = markdown_page(list(measured.values()), SITE, "<script>alert(1)</script>")
    page = html_page(text)
    assert page.count("<table>") == 3
    assert "<script" not in page
    assert "<code>&lt;script&gt;" in page


WRONG = (
    (("--readers", "0"), "--readers is 0"),
    (("--poll", "0"), "--poll is 0"),
    (("--poll", "nan"), "--poll is nan"),
    (("--changes-per-day", "-1"), "--changes-per-day is -1"),
)


@pytest.mark.parametrize(("arguments", "words"), WRONG)
def test_wrong_usage_is_one_sentence_before_anything_is_started(arguments, words, tmp_path):
    parser = argparse.ArgumentParser()
    mappings_demo.add_arguments(parser)
    with pytest.raises(UsageError, match=words):
        mappings_demo.run(parser.parse_args(["--out", str(tmp_path / "new"), *arguments]))
    assert not (tmp_path / "new").exists()
    with pytest.raises(UsageError, match="exists already"):
        mappings_demo.run(parser.parse_args(["--out", str(tmp_path)]))


def test_a_load_test_without_a_result_names_its_log(tmp_path, monkeypatch):
    nobody = SimpleNamespace(outputs_path=tmp_path / "none.json", enforce_iam=lambda: None)
    monkeypatch.setattr(mappings_demo, "running_sandbox", lambda _: nullcontext(nobody))
    monkeypatch.setattr(mappings_demo, "_probe", lambda _: None)
    with pytest.raises(UsageError, match=r"the reason is in .*locust\.log"):
        mappings_demo.measure("conditional", SYNTHESIZED / "conditional.tf.json", tmp_path / "c", "nonsense", "8")


def test_the_files_are_written_and_the_exit_code_tells_a_surprise(measured, tmp_path, capsys):
    assert mappings_demo.conclude(measured, SITE, tmp_path) == 0
    assert (tmp_path / "mappings.md").read_text() == capsys.readouterr().out
    assert (tmp_path / "mappings.html").exists()
    assert mappings_demo.conclude({**measured, "half": measured["conditional"]}, SITE, tmp_path) == 1
    assert "Unexpected: with mapping half" in capsys.readouterr().err
