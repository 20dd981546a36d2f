"""Takes a synthesized stack apart, for the tests of it."""

import json
from typing import Any

from stacks.deploy import addresses

Stack = dict[str, Any]
Variants = dict[str, Stack]


def named(stack: Stack, kind: str) -> list[Stack]:
    """The resources of one kind, without CDKTF's comments."""
    found = stack.get("resource", {}).get(kind, {}).values()
    return [{name: value for name, value in resource.items() if name != "//"} for resource in found]


def only(stack: Stack, kind: str) -> Stack:
    (resource,) = named(stack, kind)
    return resource


def policy(resource: Stack) -> list[Stack]:
    statements: list[Stack] = json.loads(resource["policy"])["Statement"]
    return statements


def responses(stack: Stack, kind: str, verb: str) -> dict[str, Stack]:
    found = stack["resource"][kind]
    prefix = f"SamplesApi_{'IntegrationResponse' if 'integration' in kind else 'MethodResponse'}-{verb}-"
    return {name.removeprefix(prefix).split("_")[0]: found[name] for name in found if name.startswith(prefix)}


def added(variants: Variants, name: str) -> set[str]:
    """The kinds of resources that a variant has more of than the default."""

    def kinds(stack: Stack) -> list[str]:
        return sorted(address.split(".")[0] for address in addresses(stack))

    more = kinds(variants[name])
    for kind in kinds(variants["default"]):
        more.remove(kind)
    return set(more)
