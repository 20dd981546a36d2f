"""SamplesApi: an API definition turned into API Gateway resources, with the role that reads S3 and the deployment."""

from __future__ import annotations

from dataclasses import dataclass, field

from cdktf import ITerraformDependable, TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.api_gateway_deployment import ApiGatewayDeployment
from cdktf_cdktf_provider_aws.api_gateway_gateway_response import ApiGatewayGatewayResponse
from cdktf_cdktf_provider_aws.api_gateway_integration import ApiGatewayIntegration
from cdktf_cdktf_provider_aws.api_gateway_integration_response import ApiGatewayIntegrationResponse
from cdktf_cdktf_provider_aws.api_gateway_method import ApiGatewayMethod
from cdktf_cdktf_provider_aws.api_gateway_method_response import ApiGatewayMethodResponse
from cdktf_cdktf_provider_aws.api_gateway_resource import ApiGatewayResource
from cdktf_cdktf_provider_aws.api_gateway_rest_api import ApiGatewayRestApi, ApiGatewayRestApiEndpointConfiguration
from cdktf_cdktf_provider_aws.iam_role import IamRole
from cdktf_cdktf_provider_aws.iam_role_policy import IamRolePolicy
from constructs import Construct

from stacks.api_definition import ApiDefinition, MethodDefinition, ResponseDefinition
from stacks.iam import API_GATEWAY_MAY_ASSUME, policy_document
from stacks.samples_stage import SamplesStage, StageConfig


@dataclass(frozen=True)
class SamplesApiConfig:
    """The API's names, its definition, and the object that its role may read."""

    api_name: str
    role_name: str
    role_policy_name: str
    definition: ApiDefinition
    bucket_arn: str
    object_arn: str
    stage: StageConfig = field(default_factory=StageConfig)


class SamplesApi(Construct):
    """The role, the REST API with everything below it, the deployment and the stage."""

    def __init__(self, scope: Construct, id_: str, config: SamplesApiConfig) -> None:
        super().__init__(scope, id_)
        self.config = config
        definition = config.definition
        self.path_part = definition.path_part
        self.role, self.role_policy = self._reader_role()
        self.rest_api = ApiGatewayRestApi(
            self,
            "RestApi",
            name=config.api_name,
            description="Serves the read model, one S3 object, without code in between",
            endpoint_configuration=ApiGatewayRestApiEndpointConfiguration(types=[definition.endpoint_type.upper()]),
            lifecycle=TerraformResourceLifecycle(create_before_destroy=True),
        )
        self.resource = ApiGatewayResource(
            self,
            "Samples",
            rest_api_id=self.rest_api.id,
            parent_id=self.rest_api.root_resource_id,
            path_part=definition.path_part,
        )
        self.methods: dict[str, ApiGatewayMethod] = {}
        parts: list[ITerraformDependable] = []
        for method in definition.methods:
            parts += self._method(method)
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
            path_part=definition.path_part,
            config=config.stage,
        )
        self.stage = self.samples_stage.stage

    def _reader_role(self) -> tuple[IamRole, IamRolePolicy]:
        role = IamRole(self, "Role", name=self.config.role_name, assume_role_policy=API_GATEWAY_MAY_ASSUME)
        read_the_object = {
            "Sid": "ReadTheReadModel",
            "Effect": "Allow",
            "Action": "s3:GetObject",
            "Resource": self.config.object_arn,
        }
        # Without this S3 answers 403 for an object that is not there, which cannot be told from a broken role.
        tell_that_it_is_missing = {
            "Sid": "TellMissingFromForbidden",
            "Effect": "Allow",
            "Action": "s3:ListBucket",
            "Resource": self.config.bucket_arn,
        }
        policy = IamRolePolicy(
            self,
            "RolePolicy",
            name=self.config.role_policy_name,
            role=role.id,
            policy=policy_document(read_the_object, tell_that_it_is_missing),
        )
        return role, policy

    def _method(self, definition: MethodDefinition) -> list[ITerraformDependable]:
        verb = definition.http_method
        method = ApiGatewayMethod(
            self,
            f"Method-{verb}",
            rest_api_id=self.rest_api.id,
            resource_id=self.resource.id,
            http_method=verb,
            authorization="NONE",
            # False: a client may leave the header out.
            request_parameters={f"method.request.header.{name}": False for name in definition.request_headers} or None,
        )
        self.methods[verb] = method
        integration = self._integration(definition, method)
        created: list[ITerraformDependable] = [method, integration]
        for response in definition.responses:
            created += self._response(method, integration, response)
        return created

    def _integration(self, definition: MethodDefinition, method: ApiGatewayMethod) -> ApiGatewayIntegration:
        verb = definition.http_method
        if definition.back_end == "none":
            return ApiGatewayIntegration(
                self,
                f"Integration-{verb}",
                rest_api_id=self.rest_api.id,
                resource_id=self.resource.id,
                http_method=method.http_method,
                type="MOCK",
                passthrough_behavior="WHEN_NO_MATCH",
                request_templates={"application/json": '{"statusCode": 204}'},
            )
        passed_on = {
            f"integration.request.header.{name}": f"method.request.header.{name}" for name in definition.request_headers
        }
        return ApiGatewayIntegration(
            self,
            f"Integration-{verb}",
            rest_api_id=self.rest_api.id,
            resource_id=self.resource.id,
            http_method=method.http_method,
            type="AWS",
            integration_http_method=verb,
            uri=self.config.definition.s3_uri,
            credentials=self.role.arn,
            passthrough_behavior="WHEN_NO_MATCH",
            request_parameters=passed_on or None,
            cache_key_parameters=[f"method.request.header.{name}" for name in definition.cache_key_headers] or None,
        )

    def _response(
        self, method: ApiGatewayMethod, integration: ApiGatewayIntegration, definition: ResponseDefinition
    ) -> list[ITerraformDependable]:
        name = f"{method.http_method_input}-{definition.status}"
        declared = {f"method.response.header.{header}": False for header in definition.headers}
        mapped = {f"method.response.header.{header}": source for header, source in definition.headers.items()}
        method_response = ApiGatewayMethodResponse(
            self,
            f"MethodResponse-{name}",
            rest_api_id=self.rest_api.id,
            resource_id=self.resource.id,
            http_method=method.http_method,
            status_code=str(definition.status),
            response_parameters=declared or None,
        )
        integration_response = ApiGatewayIntegrationResponse(
            self,
            f"IntegrationResponse-{name}",
            rest_api_id=self.rest_api.id,
            resource_id=self.resource.id,
            http_method=method.http_method,
            status_code=method_response.status_code,
            selection_pattern=definition.selection_pattern,
            response_parameters=mapped or None,
            response_templates={"application/json": definition.body} if definition.body is not None else None,
            depends_on=[integration],
        )
        return [method_response, integration_response]
