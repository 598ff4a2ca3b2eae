import json

import pytest
from django.db import connections

from community.health import check_migrations

EVERYTHING_OK = {"database": "ok", "redis": "ok", "migrations": "ok"}
NOWHERE = "redis://127.0.0.1:9/0"


@pytest.fixture(autouse=True)
def _ask_again():
    check_migrations.cache_clear()
    yield
    check_migrations.cache_clear()


def test_live_needs_no_database(client):
    response = client.get("/healthz/")

    assert response.status_code == 200
    assert response.content == b"ok\n"


@pytest.mark.parametrize("path", ["/healthz/", "/readyz/"])
@pytest.mark.django_db
def test_health_asks_neither_for_https_nor_for_a_known_host(client, settings, path):
    settings.SECURE_SSL_REDIRECT = True

    assert client.get(path, headers={"host": "10.0.0.7"}).status_code == 200


@pytest.mark.django_db
def test_ready_when_everything_answers(client):
    response = client.get("/readyz/")

    assert response.status_code == 200
    assert response.json() == EVERYTHING_OK


@pytest.mark.django_db
def test_not_ready_without_redis(client, settings):
    settings.REDIS_URL = NOWHERE

    response = client.get("/readyz/")

    assert response.status_code == 503
    assert response.json() == EVERYTHING_OK | {"redis": "does not answer"}


@pytest.mark.django_db(transaction=True)
def test_not_ready_without_a_database(client):
    connection = connections["default"]
    connection.close()
    known = connection.settings_dict
    connection.settings_dict = known | {"OPTIONS": {}, "HOST": "127.0.0.1", "PORT": "9"}

    try:
        response = client.get("/readyz/")
    finally:
        connection.close()
        connection.settings_dict = known

    assert response.status_code == 503
    assert response.json() == {
        "database": "does not answer",
        "redis": "ok",
        "migrations": "unknown: the database does not answer",
    }


@pytest.mark.django_db
def test_not_ready_with_a_migration_to_apply(client):
    with connections["default"].cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'spaces'")

    response = client.get("/readyz/")

    assert response.status_code == 503
    assert "not applied" in json.loads(response.content)["migrations"]
