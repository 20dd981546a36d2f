"""SamplesApi: an API definition turned into API Gateway resources, with the role that reads S3 and the deployment."""

from __future__ import annotations

from dataclasses import dataclass, field

from cdktf import ITerraformDependable, TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.api_gateway_deployment import ApiGatewayDeployment
from cdktf_cdktf_provider_aws.api_gateway_gateway_response import ApiGatewayGatewayResponse
from cdktf_cdktf_provider_aws.api_gateway_resource import ApiGatewayResource
from cdktf_cdktf_provider_aws.api_gateway_rest_api import ApiGatewayRestApi, ApiGatewayRestApiEndpointConfiguration
from cdktf_cdktf_provider_aws.iam_role import IamRole
from cdktf_cdktf_provider_aws.iam_role_policy import IamRolePolicy
from constructs import Construct

from stacks.api_definition import SAMPLES_PATH, ApiDefinition
from stacks.document_methods import DocumentMethods
from stacks.iam import API_GATEWAY_MAY_ASSUME, read_policy
from stacks.samples_stage import SamplesStage, StageConfig


@dataclass(frozen=True)
class SamplesApiConfig:
    """The API's names, its definition, and the objects that its role may read."""

    api_name: str
    role_name: str
    role_policy_name: str
    definition: ApiDefinition
    bucket_arn: str
    object_arns: tuple[str, ...]
    stage: StageConfig = field(default_factory=StageConfig)


class SamplesApi(Construct):
    """The role, the REST API with everything below it, the deployment and the stage."""

    def __init__(self, scope: Construct, id_: str, config: SamplesApiConfig) -> None:
        super().__init__(scope, id_)
        self.config = config
        definition = config.definition
        self.role, self.role_policy = self._reader_role()
        objects = "one S3 object" if len(definition.documents) == 1 else "S3 objects"
        self.rest_api = ApiGatewayRestApi(
            self,
            "RestApi",
            name=config.api_name,
            description=f"Serves the read model, {objects}, without code in between",
            endpoint_configuration=ApiGatewayRestApiEndpointConfiguration(types=[definition.endpoint_type.upper()]),
            lifecycle=TerraformResourceLifecycle(create_before_destroy=True),
        )
        self.resources: dict[str, ApiGatewayResource] = {}
        """By path, including those that only lead to others."""
        self.documents: dict[str, DocumentMethods] = {}
        parts: list[ITerraformDependable] = []
        for document in definition.documents:
            scope = self if document.path == SAMPLES_PATH else Construct(self, _id("Document", document.path))
            methods = DocumentMethods(
                scope,
                document,
                rest_api_id=self.rest_api.id,
                resource=self._resource(document.path),
                role=self.role,
            )
            self.documents[document.path] = methods
            parts += methods.parts
        for response in definition.gateway_responses:
            parts.append(
                ApiGatewayGatewayResponse(
                    self,
                    f"GatewayResponse-{response.response_type}",
                    rest_api_id=self.rest_api.id,
                    response_type=response.response_type,
                    response_parameters={f"gatewayresponse.header.{k}": v for k, v in response.headers.items()},
                )
            )
        self.deployment = ApiGatewayDeployment(
            self,
            "Deployment",
            rest_api_id=self.rest_api.id,
            triggers={"definition": definition.fingerprint()},
            depends_on=parts,
            lifecycle=TerraformResourceLifecycle(create_before_destroy=True),
        )
        self.samples_stage = SamplesStage(
            self,
            "SamplesStage",
            rest_api_id=self.rest_api.id,
            deployment_id=self.deployment.id,
            paths=tuple(document.path for document in definition.documents),
            config=config.stage,
        )
        self.stage = self.samples_stage.stage

    def _reader_role(self) -> tuple[IamRole, IamRolePolicy]:
        role = IamRole(self, "Role", name=self.config.role_name, assume_role_policy=API_GATEWAY_MAY_ASSUME)
        policy = IamRolePolicy(
            self,
            "RolePolicy",
            name=self.config.role_policy_name,
            role=role.id,
            policy=read_policy(self.config.object_arns, self.config.bucket_arn),
        )
        return role, policy

    def _resource(self, path: str) -> ApiGatewayResource:
        """The resource at a path; creates those that lead there first."""
        if path not in self.resources:
            parent, _, part = path.rpartition("/")
            self.resources[path] = ApiGatewayResource(
                self,
                "Samples" if path == SAMPLES_PATH else _id("Resource", path),
                rest_api_id=self.rest_api.id,
                parent_id=self._resource(parent).id if parent else self.rest_api.root_resource_id,
                path_part=part,
            )
        return self.resources[path]


def _id(kind: str, path: str) -> str:
    """An id that no other path gets: a path holds no colons, while slashes would become hyphens."""
    return kind + path.replace("/", ":")
