"""DataStore: the bucket that holds the read model, closed to the public, encrypted, and only reachable over TLS."""

from __future__ import annotations

from dataclasses import dataclass

from cdktf_cdktf_provider_aws.s3_bucket import S3Bucket
from cdktf_cdktf_provider_aws.s3_bucket_cors_configuration import (
    S3BucketCorsConfiguration,
    S3BucketCorsConfigurationCorsRule,
)
from cdktf_cdktf_provider_aws.s3_bucket_ownership_controls import (
    S3BucketOwnershipControls,
    S3BucketOwnershipControlsRule,
)
from cdktf_cdktf_provider_aws.s3_bucket_policy import S3BucketPolicy
from cdktf_cdktf_provider_aws.s3_bucket_public_access_block import S3BucketPublicAccessBlock
from cdktf_cdktf_provider_aws.s3_bucket_server_side_encryption_configuration import (
    S3BucketServerSideEncryptionConfigurationA,
    S3BucketServerSideEncryptionConfigurationRuleA,
    S3BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultA,
)
from cdktf_cdktf_provider_aws.s3_bucket_versioning import S3BucketVersioningA, S3BucketVersioningVersioningConfiguration
from constructs import Construct

from stacks.iam import policy_document


@dataclass(frozen=True)
class DataStoreConfig:
    """The settings of a DataStore.

    `allowed_origins` are the web origins that S3 lets read the object; S3 is only asked when there are several, because
    a single one is a constant in the gateway.
    """

    bucket_name: str
    partition: str = "aws"
    versioning: bool = False
    force_destroy: bool = False
    refuse_plain_http: bool = True
    allowed_origins: tuple[str, ...] = ()


class DataStore(Construct):
    """The bucket and everything that guards it."""

    def __init__(self, scope: Construct, id_: str, config: DataStoreConfig) -> None:
        super().__init__(scope, id_)
        self.bucket_name = config.bucket_name
        self.arn = f"arn:{config.partition}:s3:::{config.bucket_name}"
        self.bucket = S3Bucket(self, "Bucket", bucket=config.bucket_name, force_destroy=config.force_destroy)
        self.public_access_block = S3BucketPublicAccessBlock(
            self,
            "PublicAccessBlock",
            bucket=self.bucket.id,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
        )
        self.ownership = S3BucketOwnershipControls(
            self,
            "Ownership",
            bucket=self.bucket.id,
            rule=S3BucketOwnershipControlsRule(object_ownership="BucketOwnerEnforced"),
        )
        # SSE-S3 and not SSE-KMS: with KMS the ETag is no longer the MD5 of the body.
        sse_s3 = S3BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultA(
            sse_algorithm="AES256"
        )
        self.encryption = S3BucketServerSideEncryptionConfigurationA(
            self,
            "Encryption",
            bucket=self.bucket.id,
            rule=[S3BucketServerSideEncryptionConfigurationRuleA(apply_server_side_encryption_by_default=sse_s3)],
        )
        # Versioning can only be suspended once it was on; removing this resource does that.
        self.versioning = self._versioning() if config.versioning else None
        self.policy = self._tls_only_policy() if config.refuse_plain_http else None
        self.cors = self._cors(config.allowed_origins) if config.allowed_origins else None

    def _versioning(self) -> S3BucketVersioningA:
        return S3BucketVersioningA(
            self,
            "Versioning",
            bucket=self.bucket.id,
            versioning_configuration=S3BucketVersioningVersioningConfiguration(status="Enabled"),
        )

    def _tls_only_policy(self) -> S3BucketPolicy:
        refuse_plain_http = {
            "Sid": "RefusePlainHttp",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [self.arn, f"{self.arn}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
        return S3BucketPolicy(
            self,
            "Policy",
            bucket=self.bucket.id,
            policy=policy_document(refuse_plain_http),
            # S3 refuses two changes of a bucket's access settings at once.
            depends_on=[self.public_access_block],
        )

    def _cors(self, origins: tuple[str, ...]) -> S3BucketCorsConfiguration:
        rule = S3BucketCorsConfigurationCorsRule(
            allowed_methods=["GET", "HEAD"], allowed_origins=list(origins), expose_headers=["ETag"]
        )
        return S3BucketCorsConfiguration(self, "Cors", bucket=self.bucket.id, cors_rule=[rule])
