"""Things that nobody here wrote and that the probe is tried against; and the table of what it found, for the docs.

python tests/probe/peers.py            prints the table
python tests/probe/peers.py --update   … and puts it into docs/etag.md
"""

# ruff: noqa: E402 - the project is put on the path first
import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).resolve().parent)]

from benchmarks.nginx import Served, nginx_counting, nginx_serving
from loadtest.commands.probe import target_from
from loadtest.probe.cases import ALL
from loadtest.probe.model import CaseVerdict, Report
from loadtest.probe.runner import Probe, ProbePlan
from loadtest.report import markdown_text
from loadtest.report.markdown_text import code
from loadtest.run.documents.made_up import render
from loadtest.sandbox.process import running_sandbox
from loadtest.target.finding import Target
from loadtest.target.s3_client import s3_client, s3_session

DOCUMENT = render("0123456789ab", 3, 16 * 1024)
DOCS = Path(__file__).resolve().parents[2] / "docs" / "etag.md"
BEGIN, END = "<!-- peers: begin -->", "<!-- peers: end -->"
SYNTHESIZED = Path(__file__).resolve().parents[1] / "sandbox" / "synth"
KEY = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
READ = ProbePlan(time_limit_s=10)
WRITE = ProbePlan(write=True, time_limit_s=10)


@dataclass(frozen=True)
class MotoS3:
    """A public object in moto's S3."""

    url: str
    endpoint: str
    client: Any

    @property
    def target(self) -> Target:
        return Target(self.url, "peer", "payload.json", "us-east-1", self.endpoint, None)


def reading(url: str) -> Target:
    return Target(url, "", "payload.json", "", None, None)


@contextmanager
def moto_s3() -> Iterator[MotoS3]:
    from moto.server import ThreadedMotoServer  # takes more than a second

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    endpoint = "http://{}:{}".format(*server.get_host_and_port())
    client = s3_client(s3_session("testing", "testing"), "us-east-1", endpoint)
    client.create_bucket(Bucket="peer")
    everybody = {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::peer/*"}
    client.put_bucket_policy(Bucket="peer", Policy=json.dumps({"Version": "2012-10-17", "Statement": [everybody]}))
    client.put_object(
        Bucket="peer", Key="payload.json", Body=DOCUMENT, ContentType="application/json", CacheControl="no-cache"
    )
    try:
        yield MotoS3(f"{endpoint}/peer/payload.json", endpoint, client)
    finally:
        server.stop()


def nginx_compressing_over_tls() -> AbstractContextManager[Served]:
    """HTTP/1.1 and HTTP/2, compressed for those who ask."""
    compressed = "gzip on; gzip_types application/json; gzip_vary on; gzip_min_length 1;"
    return nginx_counting(
        DOCUMENT, over_tls=True, protocol=" http2", directives=f"{compressed} add_header Cache-Control no-cache;"
    )


def reports(sandbox_of: Callable[..., Any] = running_sandbox) -> tuple[dict[str, Report], dict[str, Any]]:
    """What the probe finds of each peer, by the name of its column; and the object that is in moto's S3 afterwards.

    All are probed at once, for most of it is waiting.
    """
    with (
        nginx_serving(DOCUMENT) as url,
        nginx_compressing_over_tls() as served,
        moto_s3() as moto,
        sandbox_of(SYNTHESIZED / "one-origin.tf.json") as sandbox,
        patch.dict(os.environ, KEY | {"SSL_CERT_FILE": str(served.certificate)}),
        ThreadPoolExecutor() as at_once,
    ):
        probes = {
            "nginx": Probe(reading(url), READ),
            "nginx, TLS and gzip": Probe(reading(served.url), READ),
            "moto's S3": Probe(moto.target, WRITE),
            "sandbox": Probe(target_from(None, outputs=str(sandbox.outputs_path)), WRITE),
        }
        found = dict(zip(probes, at_once.map(Probe.run, probes.values()), strict=True))
        kept = moto.client.get_object(Bucket="peer", Key="payload.json")
        return found, kept | {"Body": kept["Body"].read()}


def table(found: dict[str, Report]) -> str:
    """One row a case: the verdict of each peer, and what came back where it is neither PASS nor not applicable."""
    columns = [{result.case.name: result.finding for result in report.results} for report in found.values()]
    rows = []
    for case in ALL:
        cells = [code(case.name), case.expectation, case.section]
        for column in columns:
            finding = column[case.name]
            speaks = finding.verdict not in (CaseVerdict.PASS, CaseVerdict.NOT_APPLICABLE)
            came_back = f"{finding.verdict}: {finding.came_back}"
            cells.append(_without_dates(came_back) if speaks else finding.verdict.lower())
        rows.append(cells)
    return markdown_text.table(("Case", "Expected", "By", *found), rows).rstrip()


def verdicts(text: str) -> dict[str, list[str]]:
    """The verdicts in a table, by case."""
    rows = re.findall(r"^\| `([\w-]+)` \| (.*) \|$", text, re.MULTILINE)
    return {name: [cell.split(":")[0].strip() for cell in rest.split(" | ")[2:]] for name, rest in rows}


def in_docs() -> str:
    """The table that stands in the docs."""
    return DOCS.read_text(encoding="utf-8").split(BEGIN)[1].split(END)[0]


def _without_dates(text: str) -> str:
    return re.sub(r'ETag: (W/)?"[^"]*"', r"ETag: \1…", text)


if __name__ == "__main__":
    made = table(reports()[0])
    sys.stdout.write(made + "\n")
    if "--update" in sys.argv:
        before, rest = DOCS.read_text(encoding="utf-8").split(BEGIN)
        DOCS.write_text(f"{before}{BEGIN}\n{made}\n{END}{rest.split(END)[1]}", encoding="utf-8")
