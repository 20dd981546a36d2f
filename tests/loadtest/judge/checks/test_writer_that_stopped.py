"""A writer that stopped before the run ended: what was read after that says nothing about writes."""

import pytest
from history_language import history

from loadtest import units
from loadtest.judge.checks.assumptions import assumptions
from loadtest.run.records import Verdict
from loadtest.units import SECOND


def windowed(pairs_written: int, *, pairs: int = 6, extra: str = "") -> str:
    """Pairs of windows of 2 s, quiet and then writing, with reads; the writer makes three PUTs in the first ones."""
    text, version = [extra], 0
    for pair in range(pairs):
        start = 4 * pair * SECOND
        middle, end = start + 2 * SECOND, start + 4 * SECOND
        text.append(f"quiet{pair}[{start} {middle}] writing{pair}[{middle} {end}]")
        text += [f"r0[{at} {at + 9}]" for at in range(start, end, SECOND // 5)]
        for at in range(middle + SECOND // 2, end, SECOND // 2) if pair < pairs_written else ():
            version += 1
            text.append(f"w{version}[{at} {at + 10}]")
    return " ".join(text)


def steady(*moments: float, until: float) -> str:
    """No windows: PUTs at the given seconds, ten reads a second ``until`` then."""
    writes = [f"w{n}[{round(at * SECOND)} {round(at * SECOND) + 10}]" for n, at in enumerate(moments, start=1)]
    times = [*range(0, round(until * SECOND), SECOND // 10), round(until * SECOND) - 9]
    return " ".join([*writes, *(f"r0[{at} {at + 9}]" for at in times)])


class TestAWriterThatStopped:
    @pytest.mark.parametrize("written", [2, 3, 4])
    def test_makes_the_run_worth_nothing_after_that_and_it_is_said(self, written: int) -> None:
        result = assumptions(history(windowed(written)))
        assert (result.verdict, result.found) == (Verdict.INCONCLUSIVE, 1)
        assert result.sentence == (
            f"Writing stopped {units.seconds((4 * written - 0.5) * SECOND)} after the run began, of 23.8 s: no PUT "
            "that may have taken effect came after that, so what is said of reads during writes rests on the time "
            "before."
        )

    def test_is_said_of_a_publish_command_as_of_what_heads_showed(self) -> None:
        sentence = assumptions(history(windowed(2), writer="watch")).sentence
        assert sentence.endswith(
            "after the run began, of 23.8 s, though the publish command was to run: what is said of reads during "
            "writes rests on the time before."
        )

    @pytest.mark.parametrize("written", [5, 6])
    def test_one_that_went_on_to_the_end_or_left_out_the_last_window_did_not(self, written: int) -> None:
        result = assumptions(history(windowed(written)))
        assert result.verdict is Verdict.PASS
        assert result.sentence == f"120 reads and {3 * written} writes by one writer."

    def test_one_that_left_out_no_writing_window_did_not_however_many_quiet_ones_follow(self) -> None:
        quiet = " ".join(f"quiet{6 + n}[{(24 + 2 * n) * SECOND} {(26 + 2 * n) * SECOND}]" for n in range(6))
        last_read = f"r0[{36 * SECOND - 9} {36 * SECOND}]"
        assert assumptions(history(windowed(6, extra=f"{quiet} {last_read}"))).verdict is Verdict.PASS

    @pytest.mark.parametrize(("last", "stopped"), [(17, False), (16, False), (14, False), (13, True), (11, True)])
    def test_one_that_gets_a_put_every_third_window_as_one_of_many_objects_may_be_silent_for_longer(
        self, last: int, stopped: bool
    ) -> None:
        moments = [(4 * window + 3) * SECOND for window in range(last % 3, last + 1, 3)]
        puts = " ".join(f"w{version}[{at} {at + 10}]" for version, at in enumerate(moments, start=1))
        result = assumptions(history(windowed(0, pairs=20, extra=puts)))
        assert (result.verdict is Verdict.INCONCLUSIVE) is stopped is result.sentence.startswith("Writing stopped")

    def test_a_window_left_out_in_the_middle_does_not_matter(self) -> None:
        late = f"w7[{22 * SECOND} {22 * SECOND + 10}]"
        assert assumptions(history(windowed(2, extra=late))).verdict is Verdict.PASS

    def test_puts_that_were_refused_write_nothing(self) -> None:
        refused = " ".join(f"x{n}[{at * SECOND} {at * SECOND + 10}]" for n, at in ((13, 18), (14, 19), (15, 22)))
        result = assumptions(history(windowed(4, extra=refused)))
        assert result.verdict is Verdict.INCONCLUSIVE
        assert result.sentence.startswith("Writing stopped 15.5 s after the run began")

    def test_a_put_of_unknown_outcome_may_have_written(self) -> None:
        assert assumptions(history(windowed(4, extra=f"w13[{18 * SECOND} ?]"))).verdict is Verdict.PASS
        hung = assumptions(history(windowed(3, extra=f"w10[{12 * SECOND} ?]")))
        assert hung.verdict is Verdict.INCONCLUSIVE
        assert hung.sentence.startswith("Writing stopped 12.0 s after the run began")

    def test_a_put_that_took_long_was_writing_all_the_time(self) -> None:
        assert (
            assumptions(history(windowed(4, extra=f"w13[{15.6 * SECOND:.0f} {19 * SECOND}]"))).verdict is Verdict.PASS
        )

    def test_a_control_writes_nothing_and_did_not_stop(self) -> None:
        assert assumptions(history(windowed(4), write_interval=0)).verdict is Verdict.PASS

    def test_is_said_beside_what_puts_failed_with(self) -> None:
        refused = " ".join(f"x{n}[{(5 + n) * SECOND} {(5 + n) * SECOND + 10}]" for n in range(4, 12))
        result = assumptions(history(windowed(1, extra=refused)))
        assert "Only 3 of 11 writes after the first were acknowledged" in result.sentence
        assert "Writing stopped 3.50 s after the run began" in result.sentence
        assert "(the last error: AccessDenied (HTTP 403))" in result.sentence

    @pytest.mark.parametrize(
        ("moments", "until", "stopped"),
        [
            ((1, 1.5, 2, 2.5, 3, 9.5, 10), 11, False),  # 6.5 s between two PUTs
            ((1, 1.5, 2, 2.5, 3, 9.5, 10), 22.9, False),
            ((1, 1.5, 2, 2.5, 3, 9.5, 10), 23.1, True),
            ((0, 0.1, 0.2, 0.3, 0.4, 9.9, 10), 40, True),
            ((0, 0.1, 0.2, 0.3, 0.4, 0.5), 10.4, True),  # twice --write-interval, longer than what was between PUTs
        ],
    )
    def test_without_windows_twice_the_longest_time_between_puts_counts(
        self, moments: tuple[float, ...], until: float, stopped: bool
    ) -> None:
        result = assumptions(history(steady(*moments, until=until), write_interval=0.25))
        assert (result.verdict is Verdict.INCONCLUSIVE) == stopped == result.sentence.startswith("Writing stopped")

    @pytest.mark.parametrize(("until", "stopped"), [(10.9, False), (13.1, True)])
    def test_without_windows_the_write_interval_is_waited_for_too(self, until: float, stopped: bool) -> None:
        text = steady(*(number / 100 for number in range(20)), until=until)
        result = assumptions(history(text, write_interval=6.4))
        assert (result.verdict is Verdict.INCONCLUSIVE) == stopped

    def test_one_that_stopped_before_the_first_read_stopped_at_once(self) -> None:
        result = assumptions(history(f"w0[{-4 * SECOND} {-4 * SECOND + 9}] {steady(-3, -2, until=9)}"))
        assert result.sentence.startswith("Writing stopped 0 ms after the run began, of 9.00 s")

    def test_a_read_that_returns_long_after_the_run_was_stopped_does_not_make_the_writer_stop_early(self) -> None:
        text = steady(*(number / 2 for number in range(1, 41)), until=20.2)
        late = f"{text} timed-out[{20 * SECOND} {25 * SECOND} status=0]"
        assert assumptions(history(late, write_interval=0.5)).verdict is Verdict.PASS

    def test_one_that_never_wrote_did_not_stop(self) -> None:
        result = assumptions(history(windowed(0)))
        assert result.sentence == (
            "Too little happened: no write after the first was acknowledged, at least 5 are needed."
        )

    def test_a_put_of_unknown_outcome_does_not_last_until_a_later_one_is_refused(self) -> None:
        refused = f"x11[{22 * SECOND} {22 * SECOND + 10}]"
        result = assumptions(history(windowed(3, extra=f"w10[{12 * SECOND} ?] {refused}")))
        assert result.sentence.startswith("Writing stopped 12.0 s after the run began")
