"""bin/bench: the town it makes up is one the application itself could have made; what it prints can be read by programs."""

import json
import subprocess

import pytest
from benches.figures import COLUMNS, Figure, Times, table
from benches.town import BOOKED, OPENINGS, build_town, prove
from services import ROOT

from spaces.models import Occurrence, Opening

BENCH = ROOT / "bin" / "bench"
SIZE = 12


@pytest.mark.django_db
def test_free_time_of_a_made_up_town_is_what_the_application_computes():
    build_town(SIZE)

    prove()

    assert Opening.objects.exclude(free=[]).count() == SIZE * OPENINGS
    assert Occurrence.objects.taking().count() == SIZE * BOOKED


@pytest.mark.django_db
def test_free_time_that_is_wrong_is_no_proof():
    build_town(1)
    Opening.objects.filter(pk=Opening.objects.first().pk).update(free=[])

    with pytest.raises(AssertionError):
        prove()


def test_a_figure_says_how_it_stands_to_its_limit():
    slow, quick = Times([*range(1, 101)]), Times([20, 20, 26])

    figure = slow.figure("search.page", 2000, quick)

    assert figure.as_dict() == {
        "name": "search.page",
        "size": 2000,
        "value": 50.5,
        "unit": "ms",
        "p95": 95,
        "limit": 20,
        "ratio": 2.525,
    }


def test_without_json_figures_stand_in_a_table():
    lines = table([Figure("race.errors", 2000, 0, "count", limit=0)]).splitlines()

    assert lines[0].split() == list(COLUMNS)
    assert lines[1].split() == ["race.errors", "2,000", "0", "count", "–", "0", "–"]


def test_bench_search_prints_one_object_a_line():
    ended = subprocess.run(
        [BENCH, "search", "--size", "20", "--runs", "3", "--json"],
        capture_output=True,
        text=True,
        check=True,
    )

    figures = [json.loads(line) for line in ended.stdout.splitlines()]

    assert [figure["name"] for figure in figures] == [
        "search.sql.near",
        "search.sql.town",
        "search.page.near",
        "search.page.town",
    ]
    assert all(set(figure) == set(COLUMNS) for figure in figures)
    assert all(figure["value"] > 0 < figure["limit"] for figure in figures)


def test_bench_directory_prints_the_page_beside_the_raw_question():
    ended = subprocess.run(
        [BENCH, "directory", "--size", "400", "--runs", "3", "--json"],
        capture_output=True,
        text=True,
        check=True,
    )

    figures = {row["name"]: row for row in map(json.loads, ended.stdout.splitlines())}

    assert set(figures) == {
        "directory.sql",
        "directory.page",
        "directory.page.wide",
        "directory.desk.list",
        "directory.desk.search",
        "directory.desk.person",
    }
    page = figures["directory.page"]
    assert page["value"] > page["limit"] == figures["directory.sql"]["value"] > 0


def test_bench_broadcast_sends_every_mail_and_prints_its_rates():
    ended = subprocess.run(
        [BENCH, "broadcast", "--size", "20", "--json"],
        capture_output=True,
        text=True,
        check=True,
    )

    figures = {row["name"]: row for row in map(json.loads, ended.stdout.splitlines())}

    assert set(figures) == {
        "broadcast.rate.0ms",
        "broadcast.rate.50ms",
        "broadcast.first_mail",
    }
    assert (
        figures["broadcast.rate.50ms"]["value"]
        > 0
        < figures["broadcast.rate.50ms"]["limit"]
    )
    assert figures["broadcast.first_mail"]["value"] > 0


def test_bench_story_covers_hours_and_wakes_nobody():
    ended = subprocess.run(
        [BENCH, "story", "--size", "60", "--json"],
        capture_output=True,
        text=True,
        check=True,
    )

    values = {
        row["name"]: row["value"] for row in map(json.loads, ended.stdout.splitlines())
    }

    assert 0 <= values["story.covered_share"] <= 1
    for name in ("over_cap", "in_quiet_hours", "after_covered"):
        assert values[f"story.{name}"] == 0
    for name in ("waves", "told", "coverable", "confirm"):
        assert values[f"story.{name}"] > 0
