"""The services from wheels, as bin/demo and bin/test start them."""

import os
import signal
import stat

import psycopg
import pytest
import services
from services import (
    Tenancy,
    database_answers,
    free_port,
    redis_answers,
    remembered_port,
    start_services,
)
from supervisor import Supervisor

PATIENCE = 30


@pytest.fixture
def supervisor():
    with Supervisor(say=lambda line: None) as supervisor:
        yield supervisor


@pytest.fixture
def nothing_named(monkeypatch):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("REDIS_URL", raising=False)


@pytest.mark.usefixtures("nothing_named")
def test_data_survive_a_second_start(tmp_path):
    with Supervisor() as supervisor:
        variables = start_services(supervisor, tmp_path, durable=True)
        with psycopg.connect(variables["DATABASE_URL"]) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 7 AS seven")

    with Supervisor() as supervisor:
        again = start_services(supervisor, tmp_path, durable=True)
        with psycopg.connect(again["DATABASE_URL"]) as connection:
            assert connection.execute("SELECT seven FROM kept").fetchone() == (7,)

    assert again == variables
    assert not database_answers(again["DATABASE_URL"])
    assert not redis_answers(again["REDIS_URL"])


@pytest.mark.usefixtures("nothing_named")
def test_killed_services_come_back_at_the_same_address(tmp_path, supervisor):
    variables = start_services(supervisor, tmp_path, durable=False)

    for child in supervisor.children.values():
        os.kill(child.process.pid, signal.SIGKILL)

    assert supervisor.wait_until(
        lambda: all(c.restarts for c in supervisor.children.values()), seconds=PATIENCE
    )
    assert supervisor.wait_until(
        lambda: redis_answers(variables["REDIS_URL"]), seconds=PATIENCE
    )
    assert supervisor.wait_until(
        lambda: database_answers(variables["DATABASE_URL"]), seconds=PATIENCE
    )


def test_services_that_are_named_are_not_started(tmp_path, supervisor, monkeypatch):
    named = {
        "DATABASE_URL": "postgresql://elsewhere/db",
        "REDIS_URL": "redis://elsewhere",
    }
    for name, url in named.items():
        monkeypatch.setenv(name, url)

    assert start_services(supervisor, tmp_path, durable=False) == named
    assert supervisor.children == {}


@pytest.mark.usefixtures("nothing_named")
def test_a_deep_folder_gets_a_socket_with_a_short_name(tmp_path):
    deep = tmp_path / ("d" * 90) / "var"
    deep.mkdir(parents=True)
    place = services.Postgres(deep / "postgres", deep / "log").socket_dir

    with Supervisor(say=lambda line: None) as supervisor:
        variables = start_services(supervisor, deep, durable=False)
        assert database_answers(variables["DATABASE_URL"])

    assert len(str(place)) < 60
    place.rmdir()


@pytest.mark.usefixtures("nothing_named")
def test_nobody_else_gets_in(tmp_path, supervisor):
    variables = start_services(supervisor, tmp_path, durable=False)
    port = variables["REDIS_URL"].rpartition(":")[2]

    assert not redis_answers(f"redis://127.0.0.1:{port}")
    assert stat.S_IMODE((tmp_path / "postgres").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "valkey" / "valkey.conf").stat().st_mode) == 0o600


def test_a_remembered_port_is_kept_unless_it_is_taken(tmp_path):
    port = remembered_port(tmp_path, "smtp")

    assert remembered_port(tmp_path, "smtp") == port
    with services.socket.create_server(("127.0.0.1", port)):
        assert remembered_port(tmp_path, "smtp") != port


def test_a_busy_port_is_not_free():
    with services.socket.create_server(("127.0.0.1", 0)) as server:
        assert free_port(server.getsockname()[1]) != server.getsockname()[1]


def test_one_command_owns_a_folder_and_others_read_what_it_announces(tmp_path):
    with Tenancy(tmp_path).owner() as first:
        Tenancy(tmp_path).announce({"REDIS_URL": "redis://here"})
        with Tenancy(tmp_path).owner() as second:
            assert (first, second) == (True, False)
        assert Tenancy(tmp_path).announced() == {"REDIS_URL": "redis://here"}

    assert Tenancy(tmp_path).announced() is None


def test_let_through_opens_the_way_but_no_view(tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)

    services.let_through(closed / "postgres")

    assert stat.S_IMODE(closed.stat().st_mode) == 0o701
