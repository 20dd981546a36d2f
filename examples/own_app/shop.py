"""A CDKTF app of another team that uses only the constructs of this project.

Two documents behind one API that requires a key. A role of the shop writes them, not a user with an access key. All it
needs of this repository is `pip install '.[stack]'`. `python shop.py` writes cdktf.out, which `cdktf deploy` or plain
Terraform applies.
"""

from __future__ import annotations

from typing import Final

from cdktf import App, TerraformOutput, TerraformStack
from constructs import Construct

from stacks.api_definition import documents_api_definition  # before the bindings, of which Python then loads few
from stacks.data_store import DataStore, DataStoreConfig
from stacks.iam import write_policy
from stacks.reader_key import ReaderKey, ReaderKeyConfig
from stacks.samples_api import SamplesApi, SamplesApiConfig
from stacks.samples_stage import StageConfig

# isort: split
from cdktf_cdktf_provider_aws.iam_role_policy import IamRolePolicy
from cdktf_cdktf_provider_aws.provider import AwsProvider

REGION: Final = "eu-central-1"
BUCKET: Final = "shop-read-models"
PUBLISHER: Final = "shop-publisher"
"""The role that the shop's publisher runs with; another stack of the shop creates it."""
DOCUMENTS: Final = {"/offers": "offers.json", "/shop/prices": "prices/today.json"}


class ShopStack(TerraformStack):
    """The shop's own stack."""

    def __init__(self, scope: Construct, id_: str) -> None:
        super().__init__(scope, id_)
        AwsProvider(self, "Aws", region=REGION)
        store = DataStore(self, "ReadModels", DataStoreConfig(bucket_name=BUCKET, versioning=True))
        arns = tuple(f"{store.arn}/{key}" for key in DOCUMENTS.values())
        IamRolePolicy(self, "MayPublish", name="may-publish", role=PUBLISHER, policy=write_policy(arns))
        s3 = f"arn:aws:apigateway:{REGION}:s3:path/{BUCKET}"
        api = SamplesApi(
            self,
            "Api",
            SamplesApiConfig(
                api_name="Shop",
                role_name="shop-api-gateway",
                role_policy_name="shop-read-models",
                definition=documents_api_definition(
                    {path: f"{s3}/{key}" for path, key in DOCUMENTS.items()}, api_key_required=True
                ),
                bucket_arn=store.arn,
                object_arns=arns,
                stage=StageConfig(throttle_rate=500, throttle_burst=100, metrics=True),
            ),
        )
        key = ReaderKey(
            self,
            "PartnerKey",
            rest_api_id=api.rest_api.id,
            stage_name=api.stage.stage_name,
            config=ReaderKeyConfig("shop-partner", "shop-partners", quota=1_000_000, quota_period="month"),
        )
        for path in DOCUMENTS:
            TerraformOutput(self, f"Url{path.replace('/', '-')}", value=f"{api.stage.invoke_url}{path}")
        TerraformOutput(self, "PartnerKeyValue", value=key.key.value, sensitive=True)


def build(app: App) -> None:
    """Put the app's stacks into it."""
    ShopStack(app, "shop")


if __name__ == "__main__":
    whole = App()
    build(whole)
    whole.synth()
