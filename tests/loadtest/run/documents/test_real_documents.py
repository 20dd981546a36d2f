"""JSON documents that other people made and publish, as they come with what is installed: all but the stamp stays."""

import gzip
import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest
from chosen_settings import options
from test_stamps import RUN, check_that_nothing_else_changed, differences, parsed

from loadtest.load.options.options import settings_from
from loadtest.load.preparing.own_documents import take_documents
from loadtest.project import PROJECT
from loadtest.run.documents.kinds import documents_of
from loadtest.run.records import ReadOutcome

IN_NODE = PROJECT / "node_modules"
DOCUMENTS = {
    "the endpoints of AWS": (
        "botocore:data/endpoints.json",
        ("/version", "/partitions/0/partition", "/partitions/0/new"),
    ),
    "the schema of Vega-Lite": ("altair:vegalite/v6/schema/vega-lite-schema.json", ("/$ref", "/definitions/new")),
    "the schema of JSON Schema": (
        "jsonschema_specifications:schemas/draft202012/metaschema.json",
        ("/$id", "/~1new~0"),
    ),
    "the API of S3": (
        "botocore:data/s3/2006-03-01/service-2.json.gz",
        ("/version", "/metadata/apiVersion", "/shapes/new"),
    ),
    "images of EC2": ("moto:ec2/resources/amis.json.gz", ("/0/ami_id", "/1/name", "/1/new")),
    "names of characters in HTML": ("node:entities/lib/maps/entities.json", ("/Aacute", "/new")),
    "spinners": ("node:cli-spinners/spinners.json", ("/dots/interval", "/dots/frames/0", "/dots/new")),
}


@cache
def document(place: str) -> bytes:
    """The bytes of a document, as its publisher wrote them."""
    package, _, name = place.partition(":")
    found = None if package == "node" else find_spec(package)
    folder = IN_NODE if found is None else Path(str(found.origin)).parent
    content = (folder / name).read_bytes()
    return gzip.decompress(content) if name.endswith(".gz") else content


@pytest.mark.parametrize(
    ("place", "pointer"), [(place, pointer) for place, pointers in DOCUMENTS.values() for pointer in pointers]
)
def test_one_field_is_stamped_and_all_else_stays(place: str, pointer: str) -> None:
    check_that_nothing_else_changed(document(place), pointer, 3)


def test_they_are_of_several_shapes() -> None:
    bodies = {name: document(place) for name, (place, _) in DOCUMENTS.items()}
    assert max(map(len, bodies.values())) > 1_000_000
    assert isinstance(json.loads(bodies["images of EC2"]), list)
    assert not bodies["spinners"].isascii() and not bodies["names of characters in HTML"].isascii()


def test_a_run_publishes_them_as_they_are_but_for_the_stamps(tmp_path: Path) -> None:
    """From the files, through the run directory, to what is put, and back to the version that a reader got."""
    originals = [body for place, _ in DOCUMENTS.values() if (body := document(place)).lstrip()[:1] == b"{"]
    given: list[str] = []
    for number, body in enumerate(originals):
        (tmp_path / f"{number}.json").write_bytes(body)
        given += ["--document", str(tmp_path / f"{number}.json")]
    settings = settings_from(
        options("--host", "http://h", "--bucket", "b", *given, "--stamp", "/loadtest", "--stamp", "/end")
    )
    (tmp_path / "run").mkdir()
    documents = documents_of(take_documents(settings, tmp_path / "run", RUN), RUN, tmp_path / "run")
    verifier, before = documents.verifier(), [parsed(original) for original in originals]
    for version in range(2 * len(originals)):
        body = documents.render(version)
        added = differences(before[version % len(originals)], parsed(body))
        assert [was for _, was, _ in added] == [None, None]
        assert {after for _, _, after in added} == {json.loads(body.decode("utf-8-sig"))["end"]}
        assert verifier.identify(body) == (ReadOutcome.WHOLE, version)
