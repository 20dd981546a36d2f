"""Kinds of stores: what the client of one has to know, and the one place where the kind is chosen."""

from __future__ import annotations

from typing import Any

from loadtest.target.finding import Target
from loadtest.target.s3_store import S3Store
from loadtest.target.store_interface import Store


def orders_for(target: Target) -> dict[str, Any]:
    """What the client of a store has to know, the key included."""
    key = target.credentials
    return {
        "bucket": target.bucket,
        "object_key": target.object_key,
        "region": target.region,
        "s3_endpoint_url": target.s3_endpoint_url,
        "access_key_id": key.access_key_id if key else None,
        "secret_access_key": key.secret_access_key if key else None,
    }


def open_store(orders: dict[str, Any]) -> Store:
    return S3Store(orders)
