"""The gateway side: what API Gateway answers to one request, given a definition, the objects and the faults.

No input or output happens here, and nothing waits: the server around it does that.
"""

from __future__ import annotations

from collections.abc import Hashable
from itertools import count
from typing import Final
from uuid import uuid4

from loadtest.sandbox.faults.base import ObjectRead
from loadtest.sandbox.faults.registry import FaultSet
from loadtest.sandbox.gateway.cache import ResponseCache
from loadtest.sandbox.gateway.keyring import Keyring
from loadtest.sandbox.gateway.request_plan import Headers, MockPlan, RequestPlan, ResponseSelection
from loadtest.sandbox.gateway.responses import GatewayAnswer, GatewayResponses
from loadtest.sandbox.gateway.throttle import TokenBucket
from loadtest.sandbox.stack.definition import GatewayDefinition, Method, s3_object_of
from loadtest.sandbox.stack.validation import validate
from loadtest.sandbox.store import s3
from loadtest.sandbox.store.cors import with_cors
from loadtest.sandbox.store.objects import ObjectStore, S3Answer

_WARNING_NOT_INVALIDATED: Final = (b"warning", b'199 - "Cache-Control header is ignored: not authorized"')
LARGEST_PAYLOAD: Final = 10_485_760
"""Bytes of the largest answer of a back end; a larger one fails with 500 (API Gateway quotas, "Payload size")."""
_requests = count()
_instance = uuid4().hex[:20]


def request_id() -> str:
    """An id for one request, in the form of a UUID; unique within this process, and cheap."""
    number = f"{next(_requests):012x}"
    return f"{_instance[:8]}-{_instance[8:12]}-{_instance[12:16]}-{_instance[16:]}-{number}"


class Route:
    """One method of one path, ready to run."""

    def __init__(self, method: Method, definition: GatewayDefinition, store: ObjectStore) -> None:
        self.method = method
        self.needs_key = method.api_key_required
        settings = definition.stage.settings_of(method)
        self.settings = settings
        self.bucket: TokenBucket | None = None
        if settings.throttling_rate is not None:
            self.bucket = TokenBucket(settings.throttling_rate, settings.throttling_burst or 1)
        self.request = RequestPlan(method)
        self.selection = ResponseSelection(method)
        self.cache_key_headers = tuple(
            name.removeprefix("method.request.header.").encode() for name in method.integration.cache_key_parameters
        )
        self.cached_ttl = (
            settings.cache_ttl
            if definition.stage.cache_cluster_enabled and settings.caching_enabled and settings.cache_ttl > 0
            else None
        )
        self.mock: MockPlan | None = None
        self.reads_heads = method.integration.http_method == "HEAD"
        if method.integration.type == "MOCK":
            self.mock = MockPlan(method)
            return
        self.target = s3_object_of(method)
        self.stored = store.track(self.target.bucket, self.target.key)
        role = definition.roles[method.integration.role or ""]
        self.may_read = role.permits("s3:GetObject", self.target.arn)
        self.may_list = role.permits("s3:ListBucket", self.target.bucket_arn)


class Gateway:
    """One API behind one stage."""

    def __init__(self, definition: GatewayDefinition, store: ObjectStore, faults: FaultSet) -> None:
        """Compile ``definition``.

        Raises:
            DefinitionError: AWS would refuse it, or the sandbox cannot interpret it.
        """
        validate(definition)
        self.definition = definition
        self._store = store
        self._faults = faults
        self._own = GatewayResponses(definition.api.gateway_responses)
        self._cache = ResponseCache()
        self._keyring = Keyring(definition.keys)
        self._capitalises = definition.api.endpoint_type == "EDGE"
        self.routes: dict[str, dict[str, Route]] = {}
        for method in definition.api.methods:
            self.routes.setdefault(method.path, {})[method.http_method] = Route(method, definition, store)

    def own_answer(self, response_type: str, method: str, path: str, identifier: str) -> GatewayAnswer:
        return self._own.answer(response_type, self._context(method, path, path, identifier))

    def answer(self, method: str, path: str, sent: Headers, identifier: str) -> tuple[GatewayAnswer, ObjectRead | None]:
        """The answer to a request, and the read of the object if there was one.

        ``path`` is below the stage (``/samples``), ``sent`` holds the header names as they were sent.
        """
        methods = self.routes.get(path)
        route = methods and (methods.get(method) or methods.get("ANY"))
        if not route:
            return self.own_answer("MISSING_AUTHENTICATION_TOKEN", method, path, identifier), None
        refusal = self._refusal(route, sent)
        if refusal is not None:
            return self.own_answer(refusal, method, path, identifier), None
        if self._capitalises:
            sent = [(name.title(), value) for name, value in sent]
        if route.request.required:
            missing = [name.decode() for name in route.request.required if all(name != other for other, _ in sent)]
            if missing:
                message = f"Missing required request parameters: [{', '.join(missing)}]"
                context = self._context(method, path, path, identifier)
                return self._own.answer("BAD_REQUEST_PARAMETERS", context, message), None
        ttl = self._faults.cache_ttl if self._faults.cache_ttl is not None else route.cached_ttl
        if ttl is not None and method == "GET":
            return self._from_cache(route, ttl, path, sent, identifier), None
        return self._integrate(route, method, path, sent, identifier)

    def _refusal(self, route: Route, sent: Headers) -> str | None:
        """The type of the gateway's refusal, by the key and its plan first, then by the stage; None if it may pass."""
        if route.needs_key:
            refusal = self._keyring.refusal(sent)
            if refusal is not None:
                return refusal
        if route.bucket is not None and not route.bucket.takes():
            return "THROTTLED"
        return next(filter(None, (fault.refusal() for fault in self._faults.refusing)), None)

    def _from_cache(self, route: Route, ttl: float, path: str, sent: Headers, identifier: str) -> GatewayAnswer:
        key: Hashable = (path, tuple(_last(sent, name) for name in route.cache_key_headers))
        ignored = False
        if b"max-age=0" in (_last(sent, b"Cache-Control") or _last(sent, b"cache-control") or b""):
            if not route.settings.cache_control_needs_authorization:
                self._cache.forget(key)
            elif route.settings.unauthorized_cache_control == "FAIL_WITH_403":
                return self.own_answer("ACCESS_DENIED", "GET", path, identifier)
            else:
                ignored = route.settings.unauthorized_cache_control == "SUCCEED_WITH_RESPONSE_HEADER"
        answer = self._cache.find(key, ttl)
        if answer is None:
            answer, _ = self._integrate(route, "GET", path, sent, identifier)
            self._cache.keep(key, answer)
        if ignored:
            return GatewayAnswer(answer.status, (*answer.headers, _WARNING_NOT_INVALIDATED), answer.body)
        return answer

    def _integrate(
        self, route: Route, method: str, path: str, sent: Headers, identifier: str
    ) -> tuple[GatewayAnswer, ObjectRead | None]:
        read: ObjectRead | None = None
        if route.mock is not None:
            from_back_end = route.mock.answer
        else:
            passed = route.request.headers(sent)
            if passed and route.request.is_refused(passed):
                return self.own_answer("API_CONFIGURATION_ERROR", method, path, identifier), None
            lag_ns = 0
            for fault in self._faults.lagging:
                lag_ns += fault.lag_ns()
            stored = route.stored
            read = ObjectRead(stored, stored.as_of(lag_ns) if lag_ns else stored.current, passed, method)
            from_back_end = self._from_s3(route, read)
        plan = route.selection.of(from_back_end.status)
        if plan is None or len(from_back_end.body) > LARGEST_PAYLOAD:
            return self.own_answer("API_CONFIGURATION_ERROR", method, path, identifier), read
        context = self._context(method, route.method.path, path, identifier) if plan.needs_context() else {}
        return plan.answer(from_back_end, context), read

    def _from_s3(self, route: Route, read: ObjectRead) -> S3Answer:
        if not route.may_read:
            answer = s3.access_denied()
        else:
            answer = s3.get_object(read.version, read.conditions, route.target.key, route.may_list)
            for fault in self._faults.altering:
                answer = fault.alter(read, answer)
        origin = read.conditions.get("origin")
        if origin is not None:
            rules = self._store.cors.get(route.target.bucket, ())
            answer = with_cors(answer, rules, origin, route.method.integration.http_method or "GET")
        return s3.without_body(answer) if route.reads_heads else answer

    def _context(self, method: str, resource_path: str, path: str, identifier: str) -> dict[str, str]:
        return {
            "apiId": self.definition.api.id,
            "extendedRequestId": identifier,
            "httpMethod": method,
            "identity.sourceIp": "127.0.0.1",
            "path": f"/{self.definition.stage.name}{path}",
            "protocol": "HTTP/1.1",
            "requestId": identifier,
            "resourcePath": resource_path,
            "stage": self.definition.stage.name,
        }


def _last(sent: Headers, name: bytes) -> bytes | None:
    """The last value of a header whose name is spelled exactly so."""
    return next((value for sent_name, value in reversed(sent) if sent_name == name), None)
