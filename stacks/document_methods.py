"""DocumentMethods: the methods of one document, with their integrations and answers, as API Gateway resources."""

from __future__ import annotations

from cdktf import ITerraformDependable
from cdktf_cdktf_provider_aws.api_gateway_integration import ApiGatewayIntegration
from cdktf_cdktf_provider_aws.api_gateway_integration_response import ApiGatewayIntegrationResponse
from cdktf_cdktf_provider_aws.api_gateway_method import ApiGatewayMethod
from cdktf_cdktf_provider_aws.api_gateway_method_response import ApiGatewayMethodResponse
from cdktf_cdktf_provider_aws.api_gateway_resource import ApiGatewayResource
from cdktf_cdktf_provider_aws.iam_role import IamRole
from constructs import Construct

from stacks.api_definition import DocumentDefinition, MethodDefinition, ResponseDefinition


class DocumentMethods:
    """The methods below one resource of the API.

    This is no construct, because those of `/samples` stand directly in the API, where the first release put them; under
    another name Terraform would create them again.
    """

    def __init__(
        self,
        scope: Construct,
        definition: DocumentDefinition,
        *,
        rest_api_id: str,
        resource: ApiGatewayResource,
        role: IamRole,
    ) -> None:
        self._scope = scope
        self._definition = definition
        self._rest_api_id = rest_api_id
        self._resource = resource
        self._role = role
        self.by_verb: dict[str, ApiGatewayMethod] = {}
        self.parts: list[ITerraformDependable] = []
        """All resources, for which a deployment has to wait."""
        for method in definition.methods:
            self.parts += self._method(method)

    def _method(self, definition: MethodDefinition) -> list[ITerraformDependable]:
        verb = definition.http_method
        method = ApiGatewayMethod(
            self._scope,
            f"Method-{verb}",
            rest_api_id=self._rest_api_id,
            resource_id=self._resource.id,
            http_method=verb,
            authorization="NONE",
            api_key_required=definition.api_key_required or None,
            # False: a client may leave the header out.
            request_parameters={f"method.request.header.{name}": False for name in definition.request_headers} or None,
        )
        self.by_verb[verb] = method
        integration = self._integration(definition, method)
        created: list[ITerraformDependable] = [method, integration]
        for response in definition.responses:
            created += self._response(method, integration, response)
        return created

    def _integration(self, definition: MethodDefinition, method: ApiGatewayMethod) -> ApiGatewayIntegration:
        verb = definition.http_method
        if definition.back_end == "none":
            return ApiGatewayIntegration(
                self._scope,
                f"Integration-{verb}",
                rest_api_id=self._rest_api_id,
                resource_id=self._resource.id,
                http_method=method.http_method,
                type="MOCK",
                passthrough_behavior="WHEN_NO_MATCH",
                request_templates={"application/json": '{"statusCode": 204}'},
            )
        passed_on = {
            f"integration.request.header.{name}": f"method.request.header.{name}" for name in definition.request_headers
        }
        return ApiGatewayIntegration(
            self._scope,
            f"Integration-{verb}",
            rest_api_id=self._rest_api_id,
            resource_id=self._resource.id,
            http_method=method.http_method,
            type="AWS",
            integration_http_method=verb,
            uri=self._definition.s3_uri,
            credentials=self._role.arn,
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
            self._scope,
            f"MethodResponse-{name}",
            rest_api_id=self._rest_api_id,
            resource_id=self._resource.id,
            http_method=method.http_method,
            status_code=str(definition.status),
            response_parameters=declared or None,
        )
        integration_response = ApiGatewayIntegrationResponse(
            self._scope,
            f"IntegrationResponse-{name}",
            rest_api_id=self._rest_api_id,
            resource_id=self._resource.id,
            http_method=method.http_method,
            status_code=method_response.status_code,
            selection_pattern=definition.selection_pattern,
            response_parameters=mapped or None,
            response_templates={"application/json": definition.body} if definition.body is not None else None,
            depends_on=[integration],
        )
        return [method_response, integration_response]
