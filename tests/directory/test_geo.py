import pytest

from directory.geo import distance_band, place_of_zip, snap
from directory.models import Therapist
from tests.factories.directory import TherapistFactory


@pytest.mark.parametrize(
    ("metres", "unit", "said"),
    [
        (0, "km", "under 1 km"),
        (999, "km", "under 1 km"),
        (1000, "km", "1–2 km"),
        (9_999, "km", "8–10 km"),
        (100_000, "km", "over 100 km"),
        (1_609, "mi", "under 1 mi"),
        (1_610, "mi", "1–2 mi"),
    ],
)
def test_distance_band_is_whole(metres, unit, said):
    assert str(distance_band(metres, unit)) == said


def test_snap_keeps_about_a_kilometre():
    assert snap(37.84312, -122.24021) == (37.84, -122.24)
    assert snap(37.8449, -122.2449) == snap(37.8401, -122.2399)


@pytest.mark.parametrize(
    "code", ["00000", "abc", "", "9461", "٩٤٦١٨", "94618\x00", "9" * 500]
)
def test_an_unknown_zip_is_no_place(code):
    assert place_of_zip(code) is None


@pytest.mark.parametrize("code", ["94618", " 94618 ", "94618-1234"])
def test_a_zip_is_a_place(code):
    place = place_of_zip(code)

    assert (place.zip, place.city, place.timezone) == (
        "94618",
        "Oakland",
        "America/Los_Angeles",
    )


@pytest.mark.django_db
def test_near_is_exact_at_the_edge():
    TherapistFactory(latitude=37.84, longitude=-122.24)
    TherapistFactory(latitude=None, longitude=None)
    ten_km_north = 37.84 + 10_000 / 111_319.5

    assert Therapist.objects.near(ten_km_north, -122.24, 10_050).count() == 1
    assert Therapist.objects.near(ten_km_north, -122.24, 9_950).count() == 0
