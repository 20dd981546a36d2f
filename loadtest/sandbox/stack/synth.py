"""Reads a synthesized stack (``cdk.tf.json``): its gateway, and what the writer needs in AWS."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from loadtest.sandbox.stack.definition import DefinitionError, GatewayDefinition, Method, frozen_mapping
from loadtest.sandbox.stack.described import cors_rule
from loadtest.sandbox.stack.keys import choose_keys, synthesized_keys
from loadtest.sandbox.stack.policy import PolicyError, RolePolicy, role_policy
from loadtest.sandbox.stack.references import Resolver
from loadtest.sandbox.stack.synth_api import api_of, stage_of
from loadtest.sandbox.store.cors_rule import CorsRule
from stacks.user_input import UnreadableFileError, cut, is_folder, is_plain_file, read_json, shown


@dataclass(frozen=True)
class WriterUser:
    """A user of the stack: inline policies by name, and the logical names of its access keys."""

    name: str
    policies: Mapping[str, str]
    access_keys: tuple[str, ...]


@dataclass(frozen=True)
class SynthesizedStack:
    """One stack of the synthesis, read and ready to be set up."""

    name: str
    resolver: Resolver
    definition: GatewayDefinition
    buckets: tuple[str, ...]
    users: tuple[WriterUser, ...]
    cors: Mapping[str, tuple[CorsRule, ...]]
    left_out: tuple[str, ...] = ()
    """What the stack has and the sandbox leaves out: a sentence each."""


def find_stack(synth_dir: Path, name: str | None) -> tuple[str, Path]:
    """Name and file of the stack in a synthesis: ``stacks/<name>/cdk.tf.json`` below ``synth_dir``.

    ``synth_dir`` may also be such a file itself.

    Raises:
        DefinitionError: there is no stack, or several and no name to choose by.
    """
    if is_plain_file(synth_dir):
        return name or synth_dir.name.removesuffix(".json").removesuffix(".tf"), synth_dir
    files = sorted(synth_dir.glob("stacks/*/cdk.tf.json")) if is_folder(synth_dir) else []
    stacks = {path.parent.name: path for path in files}
    if not stacks:
        raise DefinitionError(
            f"There is no synthesized stack in {cut(str(synth_dir))}; run `make synth`, or start with --empty and "
            "deploy into it."
        )
    if name is None:
        if len(stacks) > 1:
            raise DefinitionError(f"{synth_dir} holds the stacks {', '.join(stacks)}; say which one with --stack.")
        return next(iter(stacks.items()))
    if name not in stacks:
        raise DefinitionError(f"{synth_dir} holds no stack {shown(name)}, but {cut(', '.join(stacks))}; fix --stack.")
    return name, stacks[name]


def read_stack(name: str, path: Path) -> SynthesizedStack:
    """The stack in a ``cdk.tf.json``.

    Raises:
        DefinitionError: it cannot be read, or describes something that the sandbox cannot serve.
    """
    try:
        content = read_json(path)
    except (OSError, UnreadableFileError) as error:
        raise DefinitionError(f"{path} cannot be read as JSON ({error}); run `make synth` again.") from None
    try:
        resolver = Resolver(content)
        api = api_of(resolver)
        stage, roles = stage_of(resolver), frozen_mapping(_roles(resolver, api.methods))
        choose_keys(resolver)
        definition = GatewayDefinition(api, stage, roles, synthesized_keys(resolver, api.id, stage.name))
        return SynthesizedStack(
            name=name,
            resolver=resolver,
            definition=definition,
            buckets=tuple(
                str(resolver.value(f"${{aws_s3_bucket.{each}.id}}")) for each in resolver.names("aws_s3_bucket")
            ),
            users=tuple(_users(resolver)),
            cors=_cors(resolver),
            left_out=tuple(_left_out(resolver)),
        )
    except PolicyError as error:
        raise DefinitionError(str(error)) from None
    except (KeyError, TypeError, AttributeError) as error:
        raise DefinitionError(
            f"{path} is not shaped like a synthesized stack ({error!r}); run `make synth` again."
        ) from None


def _roles(resolver: Resolver, methods: Iterable[Method]) -> dict[str, RolePolicy]:
    """The roles that integrations use, by ARN; the stack may hold others, for logging say."""
    policies = {
        str(resolver.value(f"${{aws_iam_policy.{name}.arn}}")): policy["policy"]
        for name, policy in resolver.resources("aws_iam_policy").items()
    }
    used = {method.integration.role for method in methods}
    roles: dict[str, RolePolicy] = {}
    for name, role in resolver.resources("aws_iam_role").items():
        arn = str(resolver.value(f"${{aws_iam_role.{name}.arn}}"))
        if arn not in used:
            continue
        role_name = str(resolver.value(f"${{aws_iam_role.{name}.name}}"))
        documents = [block["policy"] for block in role.get("inline_policy") or []]
        documents += [
            each["policy"] for each in resolver.resources("aws_iam_role_policy").values() if each["role"] == role_name
        ]
        for each in resolver.resources("aws_iam_role_policy_attachment").values():
            if each["role"] == role_name and each["policy_arn"] not in policies:
                raise DefinitionError(
                    f"The role {role_name} has the policy {each['policy_arn']}, which is not in the stack: the sandbox "
                    "knows the stack's own policies only."
                )
            if each["role"] == role_name:
                documents.append(policies[each["policy_arn"]])
        roles[arn] = role_policy(documents)
    return roles


def _users(resolver: Resolver) -> Iterable[WriterUser]:
    attached = {
        str(resolver.value(f"${{aws_iam_policy.{name}.arn}}")): (name, policy["policy"])
        for name, policy in resolver.resources("aws_iam_policy").items()
    }
    keys = resolver.resources("aws_iam_access_key")
    for logical in resolver.names("aws_iam_user"):
        name = str(resolver.value(f"${{aws_iam_user.{logical}.name}}"))
        policies = {
            each.get("name", key): each["policy"]
            for key, each in resolver.resources("aws_iam_user_policy").items()
            if each["user"] == name
        }
        for each in resolver.resources("aws_iam_user_policy_attachment").values():
            if each["user"] == name:
                policies.update([attached[each["policy_arn"]]])
        access_keys = tuple(key for key, each in keys.items() if each["user"] == name)
        yield WriterUser(name, frozen_mapping(policies), access_keys)


def _left_out(resolver: Resolver) -> Iterable[str]:
    for domain in resolver.resources("aws_api_gateway_domain_name").values():
        yield f"The domain {domain['domain_name']} is not served here, only the stage's own address is."
    for acl in resolver.resources("aws_wafv2_web_acl_association").values():
        yield f"The web ACL {acl['web_acl_arn']} is not interpreted: everything passes that it might refuse."


def _cors(resolver: Resolver) -> dict[str, tuple[CorsRule, ...]]:
    rules: dict[str, tuple[CorsRule, ...]] = {}
    for each in resolver.resources("aws_s3_bucket_cors_configuration").values():
        blocks = each.get("cors_rule") or []
        rules[str(each["bucket"])] = tuple(map(cors_rule, blocks if isinstance(blocks, list) else [blocks]))
    return rules
