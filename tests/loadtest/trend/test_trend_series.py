"""Runs on another machine, with other settings, addresses or objects: which are one series, and what each shows."""

from dataclasses import replace

from loadtest.run.records import Verdict
from loadtest.summary.parts import AddressRow, ObjectRow, PlaceRow
from loadtest.summary.summary import Summary
from loadtest.trend.trending import trend
from tests.loadtest.trend.made_runs import number, on_machine, run_at, series, with_check


def test_another_machine_is_another_series(clean: Summary) -> None:
    """What is slower on another machine is no change; nothing can be said until there are enough runs there."""
    runs = series(clean, [1.0] * 20 + [1.5] * 12)
    moved = [*runs[:20], *(on_machine(run, cores=64) for run in runs[20:])]
    made = trend(moved)
    assert made.verdict is Verdict.PASS
    assert not any(one.changes for one in made.numbers)
    assert made.runs[20].differs == "machine's cores (not recorded before, 64 now)"
    assert trend(moved[:25]).verdict is Verdict.INCONCLUSIVE


def test_two_machines_in_turn_are_two_series_of_which_each_is_followed(clean: Summary) -> None:
    factors = [1.0, 1.6] * 15 + [1.2, 1.92] * 4
    runs = [on_machine(run, cores=4 * (1 + at % 2)) for at, run in enumerate(series(clean, factors))]
    made = trend(runs)
    assert made.verdict is Verdict.FAIL
    assert {change.run for change in number(made).changes} == {30, 31}


def test_another_setting_is_another_series(clean: Summary) -> None:
    runs = [*series(clean, [1.0] * 20), *(run_at(clean, at, 1.4, payload_bytes=99_999) for at in range(20, 32))]
    made = trend(runs)
    assert not any(one.changes for one in made.numbers)
    assert "payload bytes" in made.runs[20].differs


def test_a_gap_is_shown_and_what_changed_in_it_is_found(clean: Summary) -> None:
    runs = [run_at(clean, at, 1.0 + 0.004 * (at % 3)) for at in range(20)]
    runs += [run_at(clean, at, 1.3 + 0.004 * (at % 3), days=at + 60) for at in range(20, 26)]
    made = trend(runs)
    assert [at for at, point in enumerate(made.runs) if point.gap_ns] == [20]
    assert [change.run for change in number(made).changes] == [20]


def test_what_the_machine_of_the_newest_run_does_not_measure_any_more_is_undecided(clean: Summary) -> None:
    """Two machines in turn: that the other one still measures it says nothing of this one."""
    runs = [on_machine(run, cores=4 * (1 + at % 2)) for at, run in enumerate(series(clean, [1.0] * 40))]
    nothing = replace(clean.latency, rows=())
    runs[33:] = [replace(run, latency=nothing) if at % 2 else run for at, run in enumerate(runs[33:], 33)]
    assert runs[-1].latency == nothing != runs[-2].latency
    made = trend(runs)
    assert number(made).verdict is made.verdict is Verdict.INCONCLUSIVE


def at_two(summary: Summary, factor: float = 1.0, errors: int = 0) -> Summary:
    """The run at a gateway and at a CDN that gets a tenth of its reads and takes ``factor`` times as long."""
    p50, p99 = 5_000_000, 12_000_000
    passed = (Verdict.PASS,) * 4
    gateway = AddressRow("https://gateway/v1", 9, 5_400, 0, p50, p99, p99, None, 0, None, 0, None, passed)
    slow = [round(value * factor) for value in (p50, p99, p99)]
    cdn = AddressRow("https://cdn/v1", 1, 600, errors, *slow, None, 0, None, 0, None, passed)
    target = {**summary.run.target, "addresses": [{}, {}]}
    return replace(summary, addresses=(gateway, cdn), run=replace(summary.run, target=target))


def test_what_got_worse_at_one_address_is_seen_though_it_has_few_of_the_reads(clean: Summary) -> None:
    runs = series(clean, [1.0] * 30)
    flat = [at_two(run, 1.0 + 0.004 * (at % 3)) for at, run in enumerate(runs)]
    assert trend(flat).verdict is Verdict.PASS
    slower = [*flat[:24], *(at_two(run, 1.3 + 0.004 * (at % 3)) for at, run in enumerate(runs[24:]))]
    made = trend(slower)
    assert made.verdict is Verdict.FAIL
    assert {one.id for one in made.numbers if one.verdict is Verdict.FAIL} == {
        "response-https-cdn-v1-p50",
        "response-https-cdn-v1-p99",
    }
    failing = [*flat[:24], *(at_two(run, errors=30) for run in runs[24:])]
    assert number(trend(failing), "errors-https-cdn-v1").verdict is Verdict.FAIL


def an_object(run: Summary, key: str, factor: float = 1.0) -> ObjectRow:
    p50, p99 = round(5_000_000 * factor), round(12_000_000 * factor)
    counts = (1, 9, 600, 0)
    return ObjectRow(key, ("https://a/v1",), *counts, p50, p99, p99, None, 0, None, 0, None, run.questions, ())


def test_what_got_worse_at_one_object_is_seen(clean: Summary) -> None:
    def with_object(run: Summary, factor: float) -> Summary:
        return replace(run, objects=(an_object(run, "prices.json", factor),))

    runs = series(clean, [1.0] * 30)
    made = trend([with_object(run, (1.3 if at >= 24 else 1.0) + 0.004 * (at % 3)) for at, run in enumerate(runs)])
    assert number(made, "response-prices-json-p50").verdict is made.verdict is Verdict.FAIL


def test_what_broke_at_one_address_is_seen_though_it_never_held_at_another(clean: Summary) -> None:
    def with_stale(run: Summary, gateway_fails: bool) -> Summary:
        held, broken = (Verdict.PASS,) * 4, (Verdict.PASS, Verdict.PASS, Verdict.FAIL, Verdict.PASS)
        run = with_check(at_two(run), "fresh-reads", Verdict.FAIL)
        gateway, cdn = run.addresses
        own = replace(gateway, verdicts=broken if gateway_fails else held)
        return replace(run, addresses=(own, replace(cdn, verdicts=broken)))

    runs = series(clean, [1.0] * 20)
    assert trend([with_stale(run, False) for run in runs]).verdict is Verdict.PASS
    made = trend([with_stale(run, at >= 17) for at, run in enumerate(runs)])
    (broken,) = (one for one in made.promises if one.verdict is Verdict.FAIL)
    assert (broken.id, broken.since) == ("freshness: https-gateway-v1", 17)
    assert "see the old version at https://gateway/v1? passed before" in broken.sentence


def test_what_broke_at_one_object_is_a_promise_of_its_own(clean: Summary) -> None:
    runs = series(clean, [1.0] * 20)
    both = [replace(run, objects=tuple(an_object(run, key) for key in ("a.json", "bodies"))) for run in runs]
    whole = replace(runs[-1].questions[1], verdict=Verdict.FAIL)
    first, second = both[-1].objects
    second = replace(second, answers=(second.answers[0], whole, *second.answers[2:]))
    both[-1] = replace(both[-1], objects=(first, second))
    made = trend(both)
    assert [one.id for one in made.promises if one.verdict is Verdict.FAIL] == ["whole: bodies"]
    assert {"whole: a-json", "whole-bodies"} <= {one.id for one in made.promises}


def test_objects_whose_keys_look_alike_have_numbers_of_their_own(clean: Summary) -> None:
    """With one id for both, a change that was accepted of the one would be accepted of the other."""
    alike = ("prices/today.json", "prices-today.json", "日.json", "月.json")
    both = [replace(run, objects=tuple(an_object(run, key) for key in alike)) for run in series(clean, [1.0] * 12)]
    ids = [one.id for one in trend(both).numbers]
    assert len(set(ids)) == len(ids)
    assert sum(name.startswith("response-prices-today-json-") for name in ids) == 4


def test_parts_of_one_name_are_followed_apart(clean: Summary) -> None:
    """Two addresses differ in a key that is hidden, and two places are called like an object and like a window."""

    def with_parts(run: Summary, factor: float) -> Summary:
        passed, times = (Verdict.PASS,) * 4, [round(factor * ns) for ns in (5_000_000, 12_000_000, 12_000_000)]
        first, second = (
            AddressRow("https://api/v1?key=…", 1, 600, 0, p50, p99, p99, None, 0, None, 0, None, passed)
            for p50, p99 in ((times[0], times[1]), (5_000_000, 12_000_000))
        )
        places = tuple(
            PlaceRow(name, 1, 600, 0, *times, None, None, None, 0, None, None, 0, passed)
            for name in ("prices.json", "quiet")
        )
        both = (first, second)
        return replace(run, addresses=both, places=places, objects=(an_object(run, "prices.json"),))

    runs = series(clean, [1.0] * 30)
    made = trend([with_parts(run, (1.3 if at >= 24 else 1.0) + 0.004 * (at % 3)) for at, run in enumerate(runs)])
    failing = [one for one in made.numbers if one.verdict is Verdict.FAIL]
    assert len({one.id for one in made.numbers}) == len(made.numbers) == len({one.title for one in made.numbers})
    assert {one.title.rpartition(",")[0] for one in failing} == {
        "Response time at https://api/v1?key=…",
        "Response time at prices.json (2)",
        "Response time at quiet",
    }


def test_another_number_of_addresses_is_another_series(clean: Summary) -> None:
    runs = series(clean, [1.0] * 30)
    made = trend([*runs[:15], *map(at_two, runs[15:])])
    assert made.runs[15].differs == "addresses (1 before, 2 now)"
