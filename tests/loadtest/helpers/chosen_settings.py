"""Options as Locust parses them, and the target that they lead to, for tests of either."""

import json
from argparse import Namespace
from functools import cache
from pathlib import Path

from locust.argument_parser import LocustArgumentParser, get_parser

from loadtest.load.options.options import add_arguments, settings_from
from loadtest.target.finding import Target, find_target

SECRET = "do-not-show-this-to-anybody"
OUTPUTS = {
    "read-model": {
        "SamplesUrl": "https://abc123.execute-api.eu-west-1.amazonaws.com/v1/samples",
        "S3BucketName": "read-model-data-store",
        "DataStoreAccessKeyId": "AKIAEXAMPLE",
        "DataStoreSecretAccessKey": SECRET,
        "DataStoreUser": "read-model-data-store-writer",
    }
}
BESIDE = ("--host", "http://h", "--bucket", "b")
ASKED = ("--host", "https://api.example", "--bucket", "b")
TWO_OBJECTS = (*ASKED, "--samples-path", "/v1/samples", "--samples-path", "/v1/prices weight=2 key=prices.json")


@cache
def _parser() -> LocustArgumentParser:
    parser = get_parser()
    add_arguments(parser)
    return parser


def options(*arguments: str) -> Namespace:
    return _parser().parse_args(list(arguments))


def target(tmp_path: Path, *arguments: str, outputs: object = None) -> Target:
    path = tmp_path / "outputs.json"
    if outputs is not None:
        path.write_text(outputs if isinstance(outputs, str) else json.dumps(outputs))
    return find_target(settings_from(options("--outputs", str(path), *arguments)))
