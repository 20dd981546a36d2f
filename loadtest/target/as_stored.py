"""How an object is stored: the arguments of PutObject that put it back as S3 showed it, and what none of them can."""

from __future__ import annotations

from typing import Any, Final

_KEPT: Final = (
    *("ContentType", "CacheControl", "ContentEncoding", "ContentLanguage", "ContentDisposition", "Metadata"),
    *("StorageClass", "WebsiteRedirectLocation"),
)
_ENCRYPTION: Final = ("ServerSideEncryption", "SSEKMSKeyId", "BucketKeyEnabled")
GRANTS: Final = ("GrantFullControl", "GrantRead", "GrantReadACP", "GrantWriteACP")
"""Arguments of PutObject that give others rights to the object; without them a PUT takes all such rights away."""
WHO_MAY_READ: Final = (*GRANTS, *_ENCRYPTION)
"""Arguments on which it depends who can read the object. Where its bucket has come to encrypt with another key since it
was put, a PUT that says nothing of it shuts readers out who have no right to that key."""
_PERMISSIONS: Final = dict(zip(("FULL_CONTROL", "READ", "READ_ACP", "WRITE_ACP"), GRANTS, strict=True))


def grants_in(access_list: dict[str, Any]) -> dict[str, str]:
    """What the answer of GetObjectAcl gives to others than the owner, with what the owner has; empty for nothing.

    Buckets have had no access lists by default since April 2023, and most keys may not read one: an object that has one
    is served, as a rule, from a bucket whose writers may.
    """
    given = [(_PERMISSIONS[one["Permission"]], one["Grantee"]) for one in access_list["Grants"]]
    if all(grantee.get("ID") == access_list["Owner"]["ID"] for _, grantee in given):
        return {}
    grants: dict[str, list[str]] = {}
    for name, grantee in given:
        who = f'uri="{grantee["URI"]}"' if grantee.get("URI") else f'id="{grantee["ID"]}"'
        grants.setdefault(name, []).append(who)
    return {name: ", ".join(them) for name, them in grants.items()}


def sendable(put: dict[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """What boto3 can send of arguments of PutObject, and what it cannot: it takes no header that is not ASCII."""
    metadata = put.get("Metadata") or {}
    fit = {name: value for name, value in metadata.items() if value.isascii()}
    others = {name: value for name, value in put.items() if name != "Metadata"}
    lost = [name for name, value in others.items() if not str(value).isascii()]
    lost += [f"x-amz-meta-{name}" for name in metadata if name not in fit]
    kept = {name: value for name, value in others.items() if name not in lost} | ({"Metadata": fit} if fit else {})
    return kept, tuple(f"its {name}, which is not ASCII" for name in lost)


def arguments_of(answer: dict[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Arguments of PutObject that restore what GetObject showed, and what cannot be restored."""
    put, missing = sendable({name: answer[name] for name in (*_KEPT, *_ENCRYPTION) if answer.get(name)})
    if answer.get("Expires"):
        put["Expires"] = answer["Expires"].isoformat()
    elif answer.get("ExpiresString"):
        missing += ("its Expires header, which is not a date",)
    if answer.get("MissingMeta"):
        missing += (f"{answer['MissingMeta']} of its metadata, which no header can hold",)
    if answer.get("ObjectLockMode") or answer.get("ObjectLockLegalHoldStatus"):
        missing += ("its lock, which stays with the old version of it",)
    return put, missing
