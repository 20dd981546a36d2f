"""A secret that is hard to hide, and how targets and programs may spell it; for tests."""

import base64
import html
import json

AWKWARD_SECRET = 'k3y-<that>&is "secret"/é'


def spelled(secret: str) -> list[str]:
    misread = secret.encode("latin-1").decode("utf-8", "replace")
    return [misread, secret, html.escape(secret), json.dumps(secret)[1:-1], base64.b64encode(secret.encode()).decode()]
