"""CustomDomain: a domain of one's own in front of a stage, with its certificate and its record in Route 53."""

from __future__ import annotations

from dataclasses import dataclass

from cdktf_cdktf_provider_aws.api_gateway_base_path_mapping import ApiGatewayBasePathMapping
from cdktf_cdktf_provider_aws.api_gateway_domain_name import (
    ApiGatewayDomainName,
    ApiGatewayDomainNameEndpointConfiguration,
)
from cdktf_cdktf_provider_aws.route53_record import Route53Record, Route53RecordAlias
from constructs import Construct

from stacks.api_definition import EndpointType


@dataclass(frozen=True)
class CustomDomainConfig:
    """The domain, its certificate in ACM, and where in it the stage is.

    The certificate is in the API's region, or in us-east-1 for an edge-optimized endpoint. Without `zone_id` nothing is
    written to Route 53, and the record is made by whoever keeps the zone; its target is `CustomDomain.target`.
    """

    domain_name: str
    certificate_arn: str
    endpoint_type: EndpointType = "regional"
    zone_id: str | None = None
    base_path: str | None = None


class CustomDomain(Construct):
    """The domain name, the mapping of a path in it to the stage, and the record."""

    def __init__(
        self, scope: Construct, id_: str, *, rest_api_id: str, stage_name: str, config: CustomDomainConfig
    ) -> None:
        super().__init__(scope, id_)
        regional = config.endpoint_type == "regional"
        self.url = f"https://{config.domain_name}" + (f"/{config.base_path}" if config.base_path else "")
        self.domain = ApiGatewayDomainName(
            self,
            "Domain",
            domain_name=config.domain_name,
            regional_certificate_arn=config.certificate_arn if regional else None,
            certificate_arn=None if regional else config.certificate_arn,
            endpoint_configuration=ApiGatewayDomainNameEndpointConfiguration(types=[config.endpoint_type.upper()]),
            security_policy="TLS_1_2",
        )
        self.mapping = ApiGatewayBasePathMapping(
            self,
            "Mapping",
            api_id=rest_api_id,
            stage_name=stage_name,
            domain_name=self.domain.domain_name,
            base_path=config.base_path,
        )
        self.target = self.domain.regional_domain_name if regional else self.domain.cloudfront_domain_name
        self.record: Route53Record | None = None
        if config.zone_id is not None:
            self.record = Route53Record(
                self,
                "Record",
                zone_id=config.zone_id,
                name=config.domain_name,
                type="A",
                alias=Route53RecordAlias(
                    name=self.target,
                    zone_id=self.domain.regional_zone_id if regional else self.domain.cloudfront_zone_id,
                    evaluate_target_health=False,
                ),
            )
