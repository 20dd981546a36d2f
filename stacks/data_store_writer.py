"""DataStoreWriter: the user that may replace the documents, and do nothing else."""

from __future__ import annotations

from dataclasses import dataclass

from cdktf_cdktf_provider_aws.iam_access_key import IamAccessKey
from cdktf_cdktf_provider_aws.iam_user import IamUser
from cdktf_cdktf_provider_aws.iam_user_policy import IamUserPolicy
from constructs import Construct

from stacks.iam import write_policy


@dataclass(frozen=True)
class DataStoreWriterConfig:
    """The user, the objects, and whether Terraform creates a key, whose secret is then in the state."""

    user_name: str
    object_arns: tuple[str, ...]
    create_access_key: bool = True


class DataStoreWriter(Construct):
    """The user, its policy, and its access key unless that is turned off."""

    def __init__(self, scope: Construct, id_: str, config: DataStoreWriterConfig) -> None:
        super().__init__(scope, id_)
        self.user = IamUser(self, "User", name=config.user_name)
        self.policy = IamUserPolicy(
            self, "Policy", name=config.user_name, user=self.user.name, policy=write_policy(config.object_arns)
        )
        self.access_key = IamAccessKey(self, "AccessKey", user=self.user.name) if config.create_access_key else None
