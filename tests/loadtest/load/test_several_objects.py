"""Several objects in one run: what is asked for, what is refused, and who is read and written."""

import json
import shlex
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from chosen_settings import ASKED, OUTPUTS, TWO_OBJECTS, options
from hypothesis import given
from hypothesis import strategies as st
from locust_readers import plan_for, started
from spooled_runs import RUN, SIZE, column, said_of, say, spooled_reads, unsealed_run, write

from loadtest.errors import UsageError
from loadtest.load.options.options import settings_from
from loadtest.load.preparing.every_address import wait_for_every_object
from loadtest.load.reading.recorders_by_address import RecordersByAddress
from loadtest.load.writer import writer as writing
from loadtest.load.writer.conditional_puts import Replacing
from loadtest.load.writer.writer import PayloadWriter
from loadtest.project import PROJECT
from loadtest.run.addresses import name_versions_apart, object_numbers
from loadtest.run.documents.kinds import documents_of, made_up_documents
from loadtest.run.documents.made_up import render
from loadtest.run.documents.made_up_verifier import MadeUp
from loadtest.run.etags.versions_named import SpooledReads
from loadtest.run.history.run_info import read_run_info
from loadtest.run.plan import Plan
from loadtest.run.records import ReadOutcome, WriteOutcome
from loadtest.run.run_directory import RunDirectory
from loadtest.run.sealing.sealing import seal
from loadtest.run.spool.spool import Spool
from loadtest.run.spool.spool_format import SPOOLED_READ_DTYPE
from loadtest.target.finding import Target, find_target
from loadtest.target.s3_store import S3Store
from loadtest.target.store_interface import Attempt, ObjectLook
from tests.loadtest.http1.targets import answer, answering


def test_each_address_is_of_the_object_whose_key_stands_behind_it() -> None:
    given = (*TWO_OBJECTS, "--samples-path", "/_cdn/v1/prices key=prices.json", "--object-key", "mine.json")
    target = find_target(settings_from(options(*given)))
    assert target.object_keys == ("mine.json", "prices.json", "prices.json")
    assert target.object_numbers == (0, 1, 1)
    assert [one.object_key for one in target.each()] == list(target.object_keys)
    assert [(one.object_key, one.url) for one in target.objects()] == [
        ("mine.json", "https://api.example/v1/samples"),
        ("prices.json", "https://api.example/v1/prices"),
    ]
    said = target.public()
    assert object_numbers(said) == target.object_numbers
    assert said["object_key"] == "mine.json"
    assert [(one["weight"], one["object_key"]) for one in said["addresses"]] == [
        (1, "mine.json"), (2, "prices.json"), (1, "prices.json"),
    ]  # fmt: skip


def test_one_object_stays_one_however_it_is_said() -> None:
    alone = settings_from(options(*ASKED, "--samples-path", "/v1/prices key=prices.json"))
    assert (alone.object_key, alone.object_keys, alone.addresses) == ("prices.json", (), ())
    two = find_target(settings_from(options(*ASKED, *("--samples-path", "/a key=k", "--samples-path", "/b key=k"))))
    assert (two.object_key, two.object_keys, len(two.addresses)) == ("k", (), 2)
    assert two.objects() == (two,) and "object_key" not in two.public()["addresses"][0]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("--writer", "watch"), "--writer watch looks at one"),
        (("--writer", "none"), "--writer none looks at one"),
        (("--publish-command", "make publish"), "--publish-command is watched at one object"),
        (("--write-interval", "0"), "--write-interval 0 keeps to the one"),
        (("--documents", "prices"), "--documents is the history of one"),
        (("--until-decided", "--headless", "-t", "60s"), "--until-decided waits for the answers of one"),
        (("--write-interval", "1.5"), "a write of each of 2 objects"),
        (("--document", "a.json", "--stamp", "/v"), "gives nothing to publish at 'prices.json'"),
        (("--document", "a.json key=else.json", "--stamp", "/v"), "which no --samples-path reads"),
        (("--samples-path", "/c key="), "the key of its object"),
        (("--samples-path", "/c key=a key=b"), "the key of its object"),
        (("--samples-path", "/c key=/a"), "without a leading slash"),
    ],
)
def test_what_does_not_go_together_gets_one_sentence(more: tuple[str, ...], words: str) -> None:
    with pytest.raises(UsageError, match=r"^[^\n]*$") as refused:
        settings_from(options(*TWO_OBJECTS, *more))
    assert words in str(refused.value)


def plan_of(*urls: str, folder: Path = Path("x")) -> Plan:
    plan = plan_for(urls[0], folder, start_ns=1_000)
    addresses = tuple((url, 1) for url in urls)
    documents = made_up_documents(SIZE, 2)
    return replace(plan, addresses=addresses, objects=(0, 1), documents=documents, conditional_share=1.0)


def document(version: int) -> bytes:
    return answer(render(RUN, version, SIZE), f'ETag: "{version}"')


def test_the_plan_that_a_worker_gets_says_which_address_is_of_which_object() -> None:
    plan = plan_of("http://one.example/", "http://two.example/")
    again = Plan(**json.loads(json.dumps(plan.message())))
    assert again == plan
    assert [again.at(address).documents["object"] for address in range(2)] == [0, 1]
    assert "object" not in again.documents


def test_readers_keep_no_document_of_another_object_and_count_no_write_to_it(tmp_path: Path) -> None:
    """The first address answers right, then with the other object's document, then right again."""
    with answering(document(2), document(3), document(2)) as samples, answering(document(3)) as prices:
        recorders = RecordersByAddress(plan_of(samples.url, f"{prices.url}?prices", folder=tmp_path))
        readers = started(recorders.next, 2)
        recorders.acknowledge(4, 1)  # of the first object, long ago
        for reader in readers * 3:
            reader.read()
        for reader in readers:
            reader.on_stop()
        stale = [recorder.counts.stale for recorder in recorders.of_address]
        recorders.close()
    assert stale == [2, 0]
    asked = [b'If-None-Match: "2"' in request for request in samples.requests]
    assert not any(b'"3"' in request for request in samples.requests) and asked[-1]
    reads = spooled_reads(tmp_path)
    own = reads[reads["address"] == 0]
    assert own["outcome"].tolist() == [ReadOutcome.WHOLE, ReadOutcome.OTHER_OBJECT, ReadOutcome.WHOLE]
    assert own["version"].tolist() == [2, -1, 2]
    theirs = reads[reads["address"] == 1]
    assert theirs["version"].tolist() == [3, 3, 3] and set(theirs["outcome"].tolist()) <= {ReadOutcome.WHOLE}


class Held:
    """A store of one object that takes everything."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.said: list[dict[str, Any]] = []

    def put(self, body: bytes, **said: Any) -> Attempt:
        self.bodies.append(body)
        self.said.append(said)
        return Attempt(WriteOutcome.ACKED, "", "", "", None)

    def check_credentials(self) -> None:
        return None


@given(st.integers(1, 8), st.integers(1, 30))
def test_the_writer_replaces_the_objects_in_turn(objects: int, due: int) -> None:
    stores: Any = [Held() for _ in range(objects)]
    journal: Any = SimpleNamespace(called=lambda *_: True, returned=lambda *_: None)
    nobody: Any = None
    each = [Replacing(store, ObjectLook("denied"), nobody, nobody) for store in stores]
    writer = PayloadWriter(MadeUp(RUN, SIZE), each, journal)
    for number, own in enumerate(each):
        own.said = {"ContentType": str(number)}
    parent: Any = SimpleNamespace(tell=lambda event: None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writing, "parent_has_spoken", lambda until_ns: False)
        times = iter(range(2**62, 2**62 + due))
        writing._write_on_schedule(writer, times, {"skip_when_late_ns": 1}, parent, objects - 1)
    for number, store in enumerate(stores):
        versions = range(number + objects, objects + due, objects)
        assert store.bodies == [render(RUN, version, SIZE) for version in versions]
        assert {said["ContentType"] for said in store.said} <= {str(number)}


def test_another_object_of_the_bucket_has_the_same_client() -> None:
    store = S3Store.__new__(S3Store)
    store._place = {"Bucket": "b", "Key": "one"}
    other = store.beside("two")
    assert (store._place["Key"], other._place) == ("one", {"Bucket": "b", "Key": "two"})


def test_an_address_of_another_object_is_refused_before_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loadtest.target.preflight.VISIBLE_TIME_LIMIT_S", 0)
    documents = [documents_of(made_up_documents(SIZE, 2) | {"object": number}, RUN, Path("x")) for number in range(2)]
    with answering(document(0)) as samples, answering(document(1)) as prices:

        def target(*urls: str) -> Target:
            addresses = tuple((url, 1) for url in urls)
            keys = ("payload.json", "prices.json")
            return Target(urls[0], "b", keys[0], "us-east-1", None, None, addresses=addresses, object_keys=keys)

        wait_for_every_object(target(samples.url, prices.url), documents)
        with pytest.raises(UsageError, match=r"written to another object of this run, and not to s3://b/payload.json"):
            wait_for_every_object(target(prices.url, samples.url), documents)


def test_a_run_of_several_objects_is_sealed_and_has_a_format_that_older_programs_refuse(tmp_path: Path) -> None:
    run_dir = unsealed_run(tmp_path)
    events = [write(version, 10 + 20 * version, 20 + 20 * version) for version in range(4)]
    (run_dir / "writes.jsonl").write_text("".join(events))
    target = find_target(settings_from(options(*TWO_OBJECTS)))
    say(run_dir, said_of(run_dir) | {"documents": made_up_documents(SIZE, 2), "target": target.public(), "format": 1})
    spool = Spool(run_dir, 0)
    for address, version in ((0, 0), (1, 1), (0, 2), (1, 3)):
        called = 1_000 + version
        spool.read(address, called, called, called + 5, 200, version, spool.etag_line(f'"{version}"'), 0, 9, 0, address)
    spool.close()
    seal(run_dir)
    read = zip(*(column(run_dir, name) for name in ("address", "version", "etag_version")), strict=True)
    assert sorted(read) == [(0, 0, 0), (0, 2, 2), (1, 1, 1), (1, 3, 3)]
    assert set(column(run_dir, "outcome")) == {ReadOutcome.WHOLE}
    settings = settings_from(options(*TWO_OBJECTS, "--run-dir", str(tmp_path / "new")))
    directory = RunDirectory.create(settings.run_dir)
    directory.describe(settings, target.public(), plan_of(*(url for url, _ in target.addresses)), 2)
    info = read_run_info(directory.path)
    assert info.format == 4 and info.objects == {"payload.json": (0,), "prices.json": (1,)}
    assert [info.of_object(number).object_name for number in range(2)] == ["s3://b/payload.json", "s3://b/prices.json"]
    assert info.of_object(1).settings.arrival_rate == pytest.approx(info.settings.arrival_rate * 2 / 3)


def test_an_etag_that_a_store_gave_to_a_version_of_each_object_names_that_of_the_object_that_is_read() -> None:
    """It counts the versions of each object: "2" was told for version 2 of the run, and for version 3."""
    records = np.zeros(2, dtype=SPOOLED_READ_DTYPE)
    for number, record in enumerate(records):
        record["address"] = record["session"] = number
        record["called_ns"], record["returned_ns"], record["status"] = 10, 15, 304
        record["outcome"], record["etag"], record["version"] = ReadOutcome.NOT_MODIFIED, 2, number
        record["sent_etag"] = 1
    told = {"1": [0, 1], "2": [2, 3], "theirs": [1]}
    parts = [SpooledReads(0, records, ["", '"1"', '"2"'])]
    assert name_versions_apart(parts, told, objects=(0, 1))["etag_version"].tolist() == [2, 3]
    assert len(name_versions_apart([], told, objects=(0, 1))) == 0


def test_the_commands_of_the_page_are_understood_as_it_says(tmp_path: Path) -> None:
    page = (PROJECT / "docs" / "own-read-model.md").read_text().replace("\\\n", " ")
    (tmp_path / "outputs.json").write_text(json.dumps(OUTPUTS))
    weighted, keyed = [], []
    for line in page.splitlines():
        if line.startswith("locust") and ("weight=" in line or " key=" in line):
            arguments = (*shlex.split(line)[1:], "--outputs", str(tmp_path / "outputs.json"))
            (keyed if " key=" in line else weighted).append(settings_from(options(*arguments)))
    assert (len(weighted), len(keyed)) == (2, 3)
    for settings in weighted:
        (url, weight), (second_url, second_weight) = find_target(settings).addresses
        assert (url, weight, second_weight) == (OUTPUTS["read-model"]["SamplesUrl"], 3, 1)
        assert "cdn" in second_url
    for settings in keyed:
        target = find_target(settings)
        assert target.object_keys == ("payload.json", "prices/today.json")
        assert [url.rpartition("/v1/")[2] for url, _ in target.addresses] == ["samples", "shop/prices"]
        assert settings.document_objects in ((), (0, 1))
