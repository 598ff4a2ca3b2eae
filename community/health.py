"""Two answers for whoever watches over the server: /healthz/ (I live) and /readyz/ (I can serve).

Answered ahead of every other middleware: neither the host name, nor https, nor a session, nor the database decides
whether the process lives.
"""

from collections.abc import Callable
from functools import cache

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, Error, connections
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from redis import Redis, RedisError

PATIENCE = 2  # seconds
View = Callable[[HttpRequest], HttpResponse]


class NotReadyError(Exception):
    """One of the things a request needs is not there. The text says which, to the operator."""


def live(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok\n", content_type="text/plain")


def ready(request: HttpRequest) -> HttpResponse:
    answers = {name: _ask(check) for name, check in CHECKS.items()}
    is_ready = all(answer == "ok" for answer in answers.values())
    return JsonResponse(answers, status=200 if is_ready else 503)


def check_database() -> None:
    try:
        with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error as error:
        raise NotReadyError("does not answer") from error


def check_redis() -> None:
    try:
        with Redis.from_url(
            settings.REDIS_URL, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE
        ) as client:
            client.ping()
    except RedisError as error:
        raise NotReadyError("does not answer") from error


@cache  # a "yes" stays true for the life of the process; an exception is not remembered
def check_migrations() -> None:
    try:
        executor = MigrationExecutor(connections[DEFAULT_DB_ALIAS])
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except Error as error:
        raise NotReadyError("unknown: the database does not answer") from error
    if missing:
        raise NotReadyError(f"{len(missing)} not applied")


CHECKS: dict[str, Callable[[], None]] = {
    "database": check_database,
    "redis": check_redis,
    "migrations": check_migrations,
}
VIEWS: dict[str, View] = {"/healthz/": live, "/readyz/": ready}


def health_middleware(get_response: View) -> View:
    def middleware(request: HttpRequest) -> HttpResponse:
        return VIEWS.get(request.path_info, get_response)(request)

    return middleware


def _ask(check: Callable[[], None]) -> str:
    try:
        check()
    except NotReadyError as error:
        return str(error)
    return "ok"
