"""Several documents behind one API: each with its path, its methods and its object, and no right to any other."""

import pytest
from stack_parts import Stack, Variants, named, only, policy
from stack_variants import DOCUMENTS

from stacks.api_definition import method_path
from stacks.deploy import addresses

BUCKET = "arn:aws:s3:::read-model-data-store"


def path_of(stack: Stack, reference: str) -> str:
    """The path that `${aws_api_gateway_resource.NAME.id}` refers to; empty for the root."""
    kind, name, _ = reference.removeprefix("${").removesuffix("}").split(".")
    if kind == "aws_api_gateway_rest_api":
        return ""
    resource = stack["resource"][kind][name]
    return f"{path_of(stack, resource['parent_id'])}/{resource['path_part']}"


def served(stack: Stack) -> dict[tuple[str, str], str]:
    """The integrations' URIs by path and verb."""
    return {
        (path_of(stack, each["resource_id"]), each["integration_http_method"]): each["uri"]
        for each in named(stack, "aws_api_gateway_integration")
    }


def test_each_document_is_read_at_its_path_from_its_object(variants: Variants) -> None:
    uri = "arn:aws:apigateway:us-east-1:s3:path/read-model-data-store"
    assert served(variants["documents"]) == {
        (path, verb): f"{uri}/{key}" for path, key in DOCUMENTS.items() for verb in ("GET", "HEAD")
    }


def test_each_document_answers_as_the_one_document_does(variants: Variants) -> None:
    def answers(stack: Stack, path: str) -> list[tuple[str, ...]]:
        return sorted(
            (
                str(each.get("selection_pattern")),
                *sorted(each["response_parameters"].items()),
                str(each.get("response_templates")),
            )
            for each in named(stack, "aws_api_gateway_integration_response")
            if path_of(stack, each["resource_id"]) == path
        )

    stack = variants["documents"]
    assert {len(answers(stack, path)) for path in DOCUMENTS} == {8}
    for path in DOCUMENTS:
        assert answers(stack, path) == answers(variants["default"], "/samples")


def test_a_part_of_a_path_is_made_once_and_has_no_methods_of_its_own(variants: Variants) -> None:
    stack = variants["documents"]
    paths = sorted(
        path_of(stack, f"${{aws_api_gateway_resource.{name}.id}}")
        for name in stack["resource"]["aws_api_gateway_resource"]
    )
    assert paths == ["/prices", "/samples", "/shop", "/shop/offers"]
    with_methods = {path_of(stack, each["resource_id"]) for each in named(stack, "aws_api_gateway_method")}
    assert with_methods == set(DOCUMENTS)


def test_writer_and_gateway_have_the_named_objects_and_no_other(variants: Variants) -> None:
    stack, arns = variants["documents"], [f"{BUCKET}/{key}" for key in DOCUMENTS.values()]
    (write,) = policy(only(stack, "aws_iam_user_policy"))
    assert (write["Action"], write["Resource"]) == ("s3:PutObject", arns)
    allowed = {s["Action"]: s["Resource"] for s in policy(only(stack, "aws_iam_role_policy"))}
    assert allowed == {"s3:GetObject": arns, "s3:ListBucket": BUCKET}


def test_one_object_at_two_paths_is_named_once(variants: Variants) -> None:
    (write,) = policy(only(variants["documents-elsewhere"], "aws_iam_user_policy"))
    assert write["Resource"] == f"{BUCKET}/prices.json"


def test_outputs_name_every_document_and_samples_url_the_one_at_samples_or_the_first(variants: Variants) -> None:
    output = variants["documents"]["output"]
    assert {path: url.partition("}")[2] for path, url in output["DocumentUrls"]["value"].items()} == {
        path: path for path in DOCUMENTS
    }
    assert output["SamplesUrl"]["value"].endswith(".invoke_url}/samples")
    assert variants["documents-elsewhere"]["output"]["SamplesUrl"]["value"].endswith(".invoke_url}/prices")
    assert "DocumentUrls" not in variants["default"]["output"]


def test_the_deployment_waits_for_the_parts_of_every_document(variants: Variants) -> None:
    stack = variants["documents"]
    parts = ("method", "integration", "method_response", "integration_response")
    wanted = {a for a in addresses(stack) if a.split(".")[0] in {f"aws_api_gateway_{part}" for part in parts}}
    assert set(only(stack, "aws_api_gateway_deployment")["depends_on"]) == wanted


def test_every_document_is_cached_when_one_is(variants: Variants) -> None:
    stack = variants["documents-cached"]
    cached = {each["method_path"] for each in named(stack, "aws_api_gateway_method_settings")}
    assert cached == {"samples/GET", "prices/GET", "~1shop~1offers/GET"}


@pytest.mark.parametrize(("path", "name"), [("/a", "a/GET"), ("/a/b", "~1a~1b/GET"), ("/a/b/c", "~1a~1b~1c/GET")])
def test_a_method_below_the_first_level_is_named_as_api_gateway_wants_it(path: str, name: str) -> None:
    assert method_path(path, "GET") == name


def test_ids_of_paths_that_look_alike_differ(example: Stack) -> None:
    assert len(set(served(example))) == 4
    assert {path for path, _ in served(example)} == {"/offers", "/shop/prices"}
