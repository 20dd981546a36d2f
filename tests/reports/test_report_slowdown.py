"""What the reports show of rests, kinds of answer and their mix."""

from dataclasses import replace

import pytest
import report_summaries

from benchmarks.simulated_runs import Truth, simulated
from loadtest.compare.alike import differences
from loadtest.compare.comparison import compare
from loadtest.judge.measure.impact import measure_impact
from loadtest.report.charts_slowdown import after_put
from loadtest.report.markdown import markdown
from loadtest.report.tables_slowdown import after_table, impact_tables, kinds_table
from loadtest.report.tables_windows import windows_table
from loadtest.summary.summary import Summary


@pytest.fixture(scope="module")
def passing() -> Summary:
    """A run without rests."""
    return report_summaries.passing()


@pytest.fixture(scope="module")
def rested(passing: Summary) -> Summary:
    """A run whose PUTs leave something behind, with an uneven mix of answers."""
    truth = Truth(unchanged_ms=0.5, after=2, after_to_s=4)
    return replace(passing, impact=measure_impact(simulated(truth, 1)))


def test_lags_are_shown_with_the_untouched_level(rested: Summary) -> None:
    table = after_table(rested)
    assert table.rows[0][0].endswith("after a PUT")
    assert {"FAIL", "PASS"} <= {row[-1] for row in table.rows}
    assert "Untouched level, at their end: p50" in table.note
    assert after_put(rested).spec
    assert "What PUTs leave behind" in after_put(rested).title


def test_kinds_are_shown_beside_what_visitors_feel(rested: Summary) -> None:
    table = kinds_table(rested)
    assert {row[0] for row in table.rows} == {"answered 200", "answered 304", "all together: what visitors feel"}
    assert "had to fetch the whole document" in table.note


def test_a_run_without_rests_says_so(passing: Summary) -> None:
    assert after_table(passing).rows == ()
    assert after_put(passing).spec is None


def test_rests_are_listed_and_the_comparison_is_named(rested: Summary) -> None:
    rows = windows_table(rested).rows
    assert rows[0][1:3] == ("none", "rest")
    assert impact_tables(rested)[0].title == "Writing windows against the end of rests"
    assert "A lower bound" in impact_tables(rested)[1].note
    assert "What PUTs leave behind" in markdown(rested) or "How reads follow the last PUT" in markdown(rested)


def test_rests_in_one_of_two_runs_forbid_a_comparison_where_puts_leave_something_behind(
    rested: Summary, passing: Summary
) -> None:
    assert [str(difference) for difference in differences(passing, rested)] == ["rests (none and some)"]
    assert differences(rested, rested) == ()
    quiet = replace(passing, impact=measure_impact(simulated(Truth(), 1)))
    assert differences(passing, quiet) == ()
    assert compare(rested, rested).groups
    assert compare(passing, quiet).groups
