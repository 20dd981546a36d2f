"""One object at several addresses: who reads where, what is recorded of it, and what is refused."""

import itertools
import json
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from chosen_settings import ASKED, OUTPUTS, options
from hypothesis import given
from hypothesis import strategies as st
from locust_readers import plan_for, started
from spooled_runs import RUN, SIZE, column, said_of, say, spool_of, spooled_reads, unsealed_run

from loadtest.errors import UsageError
from loadtest.load.options.options import settings_from
from loadtest.load.preparing.every_address import (
    check_all_answer,
    refuse_too_few_readers,
    take_what_is_everywhere,
    wait_for_version_0_everywhere,
)
from loadtest.load.reading.recorders_by_address import RecordersByAddress
from loadtest.run.addresses import name_versions_apart, next_reader, turns
from loadtest.run.documents.made_up import render
from loadtest.run.documents.made_up_verifier import MadeUp
from loadtest.run.etags.versions_named import SpooledReads
from loadtest.run.history.run_info import read_run_info
from loadtest.run.plan import Plan
from loadtest.run.records import SECOND_ETAG, ReadOutcome
from loadtest.run.run_directory import RunDirectory
from loadtest.run.sealing.sealing import seal
from loadtest.run.spool.spool_format import SPOOLED_READ_DTYPE, spooled_fields
from loadtest.target.finding import Target, find_target, refuse_other_endpoint
from tests.loadtest.http1.targets import answer, answering

weights_of = st.lists(st.integers(1, 20), min_size=1, max_size=5)


@given(weights_of)
def test_each_address_has_turns_as_its_weight_says_and_evenly(weights: list[int]) -> None:
    order = turns(weights)
    counts = [order.count(address) for address in range(len(weights))]
    assert [count * sum(weights) for count in counts] == [weight * len(order) for weight in weights]
    for length in range(len(order)):
        for address, weight in enumerate(weights):
            assert abs(order[:length].count(address) - length * weight / sum(weights)) <= len(weights)


@given(weights_of, st.integers(1, 100))
def test_every_address_has_a_reader_as_soon_as_there_are_enough_and_then_its_share(
    weights: list[int], readers: int
) -> None:
    counts = [0] * len(weights)
    for _ in range(readers):
        counts[next_reader(counts, weights)] += 1
    assert (0 not in counts) == (readers >= len(weights))
    for count, weight in zip(counts, weights, strict=True):
        assert abs(count - readers * weight / sum(weights)) <= len(weights)


def plan_at(*addresses: tuple[str, int], folder: Path = Path("x"), rate: float = 0, workers: int = 1) -> Plan:
    plan = plan_for(addresses[0][0], folder, rate=rate, start_ns=1_000)
    return replace(plan, addresses=addresses if len(addresses) > 1 else (), workers=workers)


@given(weights_of, st.integers(1, 4))
def test_every_read_that_is_due_is_due_at_one_address_of_one_worker(weights: list[int], workers: int) -> None:
    plan = plan_at(
        *((f"http://host/{number}", weight) for number, weight in enumerate(weights)), rate=1e6, workers=workers
    )
    everything = itertools.islice(plan_at(("http://host/", 1), rate=1e6).arrivals(0).take_overdue(2**62), 200)  # type: ignore[union-attr]
    wanted = list(everything)
    due = [
        list(itertools.takewhile(lambda at: at <= wanted[-1], lane.take_overdue(2**62)))
        for worker in range(workers)
        for address in range(len(weights))
        if (lane := plan.arrivals(worker, address)) is not None
    ]
    assert sorted(itertools.chain(*due)) == wanted


def document(version: int) -> bytes:
    return answer(render(RUN, version, SIZE), f'ETag: "{version}"')


def test_readers_keep_to_their_address_and_records_say_which(tmp_path: Path) -> None:
    with answering(document(1)) as gateway, answering(document(0)) as cdn:
        recorders = RecordersByAddress(plan_at((gateway.url, 2), (f"{cdn.url}?cdn", 1), folder=tmp_path))
        readers = started(recorders.next, 3)
        for reader in readers * 2:
            reader.read()
        for reader in readers:
            reader.on_stop()
        counted = recorders.counted()
        recorders.close()
    first, second = recorders.of_address
    assert first.documents is second.documents  # each process holds them once
    assert first.verifier is not second.verifier  # what an address sent last is no other one's
    assert (len(gateway.requests), len(cdn.requests), counted.reads) == (4, 2, 6)
    assert all(asked.startswith(b"GET /v1/samples?cdn HTTP/1.1\r\n") for asked in cdn.requests)
    reads = spooled_reads(tmp_path)
    assert sorted(zip(reads["session"].tolist(), reads["address"].tolist(), strict=True)) == [
        (0, 0), (0, 0), (1, 1), (1, 1), (2, 0), (2, 0),
    ]  # fmt: skip
    assert set(reads["version"][reads["address"] == 1].tolist()) == {0}


def test_reads_that_were_due_at_an_address_and_never_sent_are_its_own(tmp_path: Path) -> None:
    plan = plan_at(("http://one.example/", 3), ("http://two.example/", 1), folder=tmp_path, rate=1000)
    recorders = RecordersByAddress(replace(plan, start_ns=time.monotonic_ns() - 10**9))
    recorders.stop_sending()
    recorders.close()
    address = spooled_reads(tmp_path)["address"]
    assert np.count_nonzero(address == 0) == pytest.approx(3 * np.count_nonzero(address == 1), abs=3)


def tagged(*reads: tuple[int, int, str]) -> np.ndarray:
    """Reads (address, version, number of the ETag), one after the other."""
    records = np.zeros(len(reads), dtype=SPOOLED_READ_DTYPE)
    for number, (record, (address, version, etag)) in enumerate(zip(records, reads, strict=True)):
        record["session"] = record["address"] = address
        record["called_ns"], record["returned_ns"], record["status"] = 10 * number, 10 * number + 5, 200
        record["version"], record["etag"] = version, int(etag)
    return records


def test_a_cdn_may_have_etags_of_its_own() -> None:
    """By turns at one address they would be two ETags of one version; of two addresses they are one each."""
    of_two = tagged((0, 1, "1"), (1, 1, "2"), (0, 1, "1"), (1, 1, "2"))
    apart = name_versions_apart([SpooledReads(0, of_two, ["", '"gateway"', '"cdn"'])], {})
    assert set(apart["etag_version"].tolist()) == {1} and set(apart["outcome"].tolist()) == {ReadOutcome.WHOLE}
    of_two["address"] = of_two["session"] = 0
    together = name_versions_apart([SpooledReads(0, of_two, ["", '"gateway"', '"cdn"'])], {})
    assert SECOND_ETAG in together["etag_version"].tolist()


def test_a_spool_of_before_addresses_is_sealed_as_of_the_first_one(tmp_path: Path) -> None:
    """Its records end one field earlier, and its ``run.json`` says nothing of them."""
    run_dir = unsealed_run(tmp_path)
    spool = spool_of(run_dir, (1, '"x"', None, ReadOutcome.WHOLE), (0, '"y"', None, ReadOutcome.WHOLE))
    spool.close()
    (file,) = run_dir.glob("spool/*.reads")
    new = spooled_reads(run_dir)
    old = np.zeros(len(new), dtype=spooled_fields({}))
    for name in old.dtype.names or ():
        old[name] = new[name]
    file.write_bytes(old.tobytes())
    described = said_of(run_dir)
    del described["spooled_fields"]
    say(run_dir, described)
    seal(run_dir)
    assert column(run_dir, "version") == [1, 0] and column(run_dir, "address") == [0, 0]


def test_a_spool_of_more_fields_than_are_known_is_refused(tmp_path: Path) -> None:
    run_dir = unsealed_run(tmp_path)
    spool_of(run_dir, (1, '"x"', None, ReadOutcome.WHOLE)).close()
    say(run_dir, said_of(run_dir) | {"spooled_fields": 99})
    with pytest.raises(UsageError, match="99 fields"):
        seal(run_dir)


TWO = ("--samples-path", "/v1/samples weight=3", "--samples-path", "https://me:s3cret@cdn.example/x?key=s3cret")


def test_addresses_are_paths_behind_the_host_and_whole_addresses() -> None:
    settings = settings_from(options(*ASKED, *TWO))
    target = find_target(settings)
    assert target.addresses == (
        ("https://api.example/v1/samples", 3),
        ("https://me:s3cret@cdn.example/x?key=s3cret", 1),
    )
    assert "s3cret" not in repr((settings, target)) + json.dumps(target.public())
    assert target.public()["addresses"] == [
        {"url": "https://api.example/v1/samples", "weight": 3},
        {"url": "https://cdn.example/x?key=…", "weight": 1},
    ]
    assert [one.url for one in target.each()] == [url for url, _ in target.addresses]


def test_a_path_without_a_host_is_beside_the_address_of_the_outputs(tmp_path: Path) -> None:
    (tmp_path / "outputs.json").write_text(json.dumps(OUTPUTS))
    given = ["--outputs", str(tmp_path / "outputs.json")]
    base = "https://abc123.execute-api.eu-west-1.amazonaws.com"
    assert find_target(settings_from(options(*given))).url == f"{base}/v1/samples"
    assert (
        find_target(settings_from(options(*given, "--samples-path", "/v1/prices?a=b"))).url == f"{base}/v1/prices?a=b"
    )


@pytest.mark.parametrize(
    ("paths", "words"),
    [
        (["/a b"], "without spaces"),
        (["/a weight=0"], "from 1 to 1,000"),
        (["/a weight=1001"], "from 1 to 1,000"),
        (["/a weight=-1"], "without spaces"),
        (["/a weight=x"], "without spaces"),
        (["/a?key=s3cret weight=x"], "without spaces"),
        (["/a", "/a weight=2"], "one address twice"),
        ([f"/{number}" for number in range(9)], "at most 8"),
        (["/a", "https://[half/"], "must be an http or https address"),
        *(
            ([f"{scheme}user:s3cret@host/a weight=2"], "an address begins with http:// or https://, and")
            for scheme in ("https:/", "https//", "https;//", "HTTP:", "ftp://")
        ),
    ],
)
def test_what_is_no_address_gets_one_sentence(paths: list[str], words: str) -> None:
    given = [part for path in paths for part in ("--samples-path", path)]
    with pytest.raises(UsageError) as refused:
        find_target(settings_from(options(*ASKED, *given)))
    assert words in str(refused.value)
    assert "s3cret" not in str(refused.value)


def test_an_equals_sign_of_a_query_is_no_weight() -> None:
    settings = settings_from(options(*ASKED, "--samples-path", "/x?limit=3"))
    assert (settings.samples_path, settings.addresses) == ("/x?limit=3", ())


def test_each_process_needs_a_reader_for_each_address() -> None:
    settings = settings_from(options(*ASKED, *TWO))
    refuse_too_few_readers(settings, 2, 1)
    for readers, workers in ((1, 1), (3, 2)):
        with pytest.raises(UsageError, match=f"give at least {2 * workers}"):
            refuse_too_few_readers(settings, readers, workers)
    refuse_too_few_readers(settings_from(options(*ASKED)), 1, 4)


def test_a_host_of_the_page_gets_no_header_through_a_second_address() -> None:
    given = ["--bucket", "b", "--header", "x-key: of-the-second", "--s3-endpoint-url", "http://127.0.0.1:9"]
    paths = ["--samples-path", "https://cdn.example/x", "--samples-path", "/v1/samples"]
    at_start = settings_from(options("--host", "https://api.example", *given, *paths))
    with pytest.raises(UsageError, match="is sent to no other"):
        refuse_other_endpoint(find_target(replace(at_start, host="https://elsewhere.example")), at_start)


def target_at(*urls: str) -> Target:
    addresses = tuple((url, 1) for url in urls)
    return Target(urls[0], "bkt", "payload.json", "us-east-1", None, None, addresses=addresses)


def test_every_address_must_answer_and_with_the_same_object(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loadtest.target.preflight.VISIBLE_TIME_LIMIT_S", 0)
    with answering(document(0)) as gateway, answering(document(0)) as cdn, answering(document(1)) as other:
        both = target_at(gateway.url, cdn.url)
        check_all_answer(both)
        wait_for_version_0_everywhere(both, MadeUp(RUN, SIZE))
        take_what_is_everywhere(tmp_path, tmp_path / "journal", both)
        two_objects = target_at(gateway.url, other.url)
        with pytest.raises(UsageError, match="of one object unless it is said"):
            take_what_is_everywhere(tmp_path, tmp_path / "journal-2", two_objects)
    with (
        answering(document(0)) as gateway,
        answering(answer(b"{}")) as other,
        pytest.raises(UsageError, match="of one object unless it is said"),
    ):
        wait_for_version_0_everywhere(target_at(gateway.url, other.url), MadeUp(RUN, SIZE))
    with answering(document(0)) as gateway, pytest.raises(UsageError, match="does not answer"):
        check_all_answer(target_at(gateway.url, "http://127.0.0.1:9/v1/samples"))


@pytest.mark.parametrize(("paths", "expected"), [((), 2), (TWO, 3)])
def test_a_run_at_several_addresses_has_a_format_that_older_programs_refuse(
    paths: tuple[str, ...], expected: int, tmp_path: Path
) -> None:
    """They would judge all its reads together."""
    settings = settings_from(options(*ASKED, *paths, "--run-dir", str(tmp_path / "run"), "--header", "x-key: s3cret"))
    target = find_target(settings)
    directory = RunDirectory.create(settings.run_dir)
    plan = replace(plan_at((target.url, 1)), headers=settings.headers)
    directory.describe(settings, target.public(), plan, 2)
    described = (directory.path / "run.json").read_text()
    assert json.loads(described)["format"] == expected and "s3cret" not in described
    assert len(read_run_info(directory.path).addresses) == expected - 1
