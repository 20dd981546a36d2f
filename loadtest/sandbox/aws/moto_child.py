"""moto's server as a child process: prints its port, serves until its standard input ends.

Run as ``python -m loadtest.sandbox.aws.moto_child``. It ends with its parent, however that ends, because the pipe to
its standard input then closes.
"""

from __future__ import annotations

import os
import sys
import threading
from typing import Any

from loadtest.sandbox.aws import moto_updates

_NICENESS = 10
"""A PUT costs milliseconds of CPU here. With few cores that would slow down the reads, which are measured."""


def main() -> int:
    """Serve moto on a free port of the loopback interface."""
    from moto.moto_server.werkzeug_app import (  # noqa: PLC0415 - takes a while, and only this process needs it
        DomainDispatcherApplication,
        MotoRequestHandler,
        create_backend_app,
    )
    from werkzeug.serving import make_server  # noqa: PLC0415

    os.nice(_NICENESS)
    moto_updates.install()
    _evaluate_secure_transport()
    _demand_the_right_to_read_for_if_match()
    application: Any = DomainDispatcherApplication(create_backend_app)
    handler = type("QuietHandler", (MotoRequestHandler,), {"log_request": lambda self, code="-", size="-": None})
    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=handler)
    os.environ["MOTO_PORT"] = str(server.server_port)
    print(server.server_port, flush=True)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    server.serve_forever()
    return 0


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


def _evaluate_secure_transport() -> None:
    """Have moto evaluate ``aws:SecureTransport``, as for a request by TLS.

    moto takes every condition of a bucket policy for not met, and a statement whose condition is not met for a denial;
    so the usual statement that refuses plain HTTP would refuse everything. The sandbox stands in for an endpoint with
    TLS, so that this condition is what it would be there, and a statement that does not apply says nothing.
    """
    from moto.iam import access_control  # noqa: PLC0415

    statement: Any = access_control.IAMPolicyStatement  # Any, for it is changed

    evaluate = statement.is_action_permitted

    def as_aws_does(self: Any, *arguments: Any, **named: Any) -> Any:
        condition = self._statement.get("Condition")
        if not condition or any(set(keys) != {"aws:SecureTransport"} for keys in condition.values()):
            return evaluate(self, *arguments, **named)
        values = {str(value).lower() for keys in condition.values() for value in keys.values()}
        if values != {"true"}:
            return access_control.PermissionResult.NEUTRAL
        unconditional = {name: value for name, value in self._statement.items() if name != "Condition"}
        return evaluate(statement(unconditional), *arguments, **named)

    statement.is_action_permitted = as_aws_does


def _demand_the_right_to_read_for_if_match() -> None:
    """Have moto refuse a PUT with If-Match to a key that may not read the object.

    S3 does, for the answer to a condition says something of the object (Amazon S3 User Guide, "How to prevent object
    overwrites with conditional writes"); moto asks for the right to put alone.
    """
    from moto.s3 import responses  # noqa: PLC0415

    answers: Any = responses.S3Response  # Any, for it is changed
    put_object = answers.put_object

    def as_s3_does(self: Any) -> Any:
        if self.headers.get("If-Match"):
            self._set_action("KEY", "GET", {})
            self._authenticate_and_authorize_s3_action(bucket_name=self.bucket_name, key_name=self.parse_key_name())
        return put_object(self)

    answers.put_object = as_s3_does


if __name__ == "__main__":
    sys.exit(main())
