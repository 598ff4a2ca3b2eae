"""STORY, steps 1 to 12, as the people in it live them: by what they see on the page, and the link in their mail."""

import re
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

BERKELEY = ZoneInfo("America/Los_Angeles")
FAR_AHEAD = date.today() + timedelta(days=400)  # noqa: DTZ011 -- any day far away
SERIES_WEEKS = 26

TIED_TO_THE_SUITES = """
    SELECT DISTINCT t.id, coalesce(u.email, t.email), t.name FROM directory_therapist t
    LEFT JOIN directory_user u ON u.id = t.user_id
    LEFT JOIN directory_supervision s ON s.trainee_id = t.id
    WHERE t.id IN ({people}) OR s.supervisor_id IN ({people})
""".format(
    people="""
        SELECT h.therapist_id FROM spaces_office_hosts h
            JOIN spaces_office o ON o.id = h.office_id JOIN spaces_building b ON b.id = o.building_id
            WHERE b.name = 'Alder Court'
        UNION SELECT c.guest_id FROM spaces_occurrence c
            JOIN spaces_office o ON o.id = c.office_id JOIN spaces_building b ON b.id = o.building_id
            WHERE b.name = 'Alder Court' AND c.state IN ('booked', 'displaced')
    """
)
WEEKEND_SUBLETTER = """
    SELECT DISTINCT u.email FROM spaces_occurrence c
    JOIN spaces_office o ON o.id = c.office_id JOIN spaces_building b ON b.id = o.building_id
    JOIN directory_therapist t ON t.id = c.guest_id JOIN directory_user u ON u.id = t.user_id
    WHERE b.name = 'Alder Court'
        AND extract(isodow FROM lower(c.period) AT TIME ZONE 'America/Los_Angeles') = 6
"""
SUPERVISOR = """
    SELECT u.email, trainee.name FROM directory_supervision s
    JOIN directory_therapist t ON t.id = s.supervisor_id JOIN directory_user u ON u.id = t.user_id
    JOIN directory_therapist trainee ON trainee.id = s.trainee_id ORDER BY s.id LIMIT 1
"""
TOLD_BY_WAVE = """
    SELECT coalesce(u.email, t.email), d.state, d.message_id, t.helps_in_emergencies FROM spaces_waverecipient r
    JOIN spaces_wave w ON w.id = r.wave_id
    JOIN directory_therapist t ON t.id = r.recipient_id LEFT JOIN directory_user u ON u.id = t.user_id
    LEFT JOIN directory_delivery d
        ON d.kind = 'wave' AND d.recipient_id = t.id AND d.cause = 'wave:' || w.id
    WHERE w.number = %s
"""


def today():
    return datetime.now(BERKELEY).date()


def next_monday():
    return today() + timedelta(days=7 - today().weekday())


def within_a_day():
    """A whole hour between 9 and 16 there, an hour to 23 hours from now: near enough for the entry code."""
    now = datetime.now(BERKELEY)
    hours = [
        now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=ahead)
        for ahead in range(2, 23)
    ]
    return [moment for moment in hours if 9 <= moment.hour <= 16][-1]


def is_wave(letter):
    return "can you help?" in letter.subject


class Story:
    def __init__(self, person, town, post):
        self.person = person
        self.town = town
        self.post = post
        self.moderator = person("moderator@demo.example.org")
        self.newcomer = person("ariadne@newcomers.example.org")
        self.host = person("host@demo.example.org")
        self.seeker = person("isidro.arroyelo@demo.example.org")
        self.rivals = [
            person("marisol.quintarrey@demo.example.org"),
            person("luz.castellorin@demo.example.org"),
        ]
        self.reporter = person(town.rows(WEEKEND_SUBLETTER)[0][0], is_on_phone=True)
        self.displaced = person("displaced@demo.example.org")
        supervisor, self.trainee_name = town.rows(SUPERVISOR)[0]
        self.supervisor = person(supervisor)

    # --- Before the fire -----------------------------------------------------------

    def newcomer_joins(self):
        newcomer, moderator = self.newcomer, self.moderator
        newcomer.goto("/")
        newcomer.press("Join", within="header")
        newcomer.fill("Your email address", newcomer.email)
        newcomer.press("Send me a code")
        newcomer.fill("The code we sent you", newcomer.mail("your code").code)
        newcomer.press("This is my address")
        newcomer.page.wait_for_url("**/directory/join/")
        newcomer.fill("Your name", "Ariadne Cloverfield-Osei")
        newcomer.fill("Letters after your name", "LMFT")
        newcomer.choose("Licence or registration", "LMFT")
        newcomer.fill("Its number", "DEMO31415")
        newcomer.fill("Valid until", FAR_AHEAD.isoformat())
        newcomer.fill("ZIP code of your practice", "94618")
        newcomer.tick(re.compile("I am licensed"))
        newcomer.press("Ask to join")
        newcomer.reads("Your application is being looked at")
        newcomer.goto("/directory/")
        newcomer.reads("until then you see nothing of other members")
        newcomer.does_not_read("Mara")

        moderator.sign_in()
        moderator.follow(moderator.mail("Ariadne", "asks to join"), "/admin/")
        moderator.page.get_by_role("button", name="Approve").click()
        newcomer.follow(newcomer.mail("Welcome to East Bay Therapists"), "/")
        newcomer.reads("Waiting for you")

    def newcomer_browses(self):
        newcomer = self.newcomer
        newcomer.press("Directory", within="header")
        for wanted in (
            "Rockridge",
            "Spanish",
            "Couples and relationships",
            "Offers consultation",
            "Would have coffee",
        ):
            newcomer.tick(re.compile(f"^{wanted}"))
        newcomer.page.get_by_role(
            "heading", name=re.compile(r"^[3-5] colleagues")
        ).wait_for()
        newcomer.reads("Marisol Quintarrey", "Isidro Arroyelo", "Luz Castellorin")
        newcomer.press("Clear all")
        newcomer.fill("Name or word", "Marisol Quintarey")
        newcomer.press("Marisol Quintarrey")
        newcomer.reads(re.compile("Licence checked"))
        with newcomer.page.expect_download() as download:
            newcomer.press("Save contact")
        assert "FN:Marisol Quintarrey" in download.value.path().read_text()

    def host_posts_spare_hours(self):
        host = self.host
        host.sign_in()
        host.goto("/spaces/offices/")
        host.press("The lantern room")
        self.lantern = host.page.url
        host.reads("For up to 8", "Step-free")
        host.press("Offer hours")
        host.drag("Thu", "17:00", "21:00")
        host.paint("Sat", "09:00", "13:00")
        host.reads("Thu 17:00–21:00, Sat 09:00–13:00 · 8 hours a week")
        host.fill("Price for an hour", "18")
        host.press("Offer these hours")
        host.reads("$18 / hour, Thu 17:00–21:00, Sat 09:00–13:00")

        self.soon = within_a_day()
        until = self.soon + timedelta(hours=1)
        host.press("Offer hours")
        host.paint(f"{self.soon:%a}", f"{self.soon:%H:%M}", f"{until:%H:%M}")
        host.fill("From", self.soon.date().isoformat())
        host.fill("Until", self.soon.date().isoformat())
        host.fill("Price for an hour", "free")
        host.press("Offer these hours")
        host.reads(f"{self.soon:%H:%M}–{until:%H:%M}")

    def seeker_finds_and_asks(self):
        seeker = self.seeker
        seeker.sign_in()
        seeker.press("Spaces", within="header")
        seeker.paint("Tue", "18:00", "21:00")
        seeker.paint("Thu", "18:00", "21:00")
        seeker.fill("For so many weeks", SERIES_WEEKS)
        seeker.fill("Near", "94618")
        seeker.fill("At most, in km", 5)
        seeker.fill("Price up to", "25")
        seeker.tick("Step-free")
        seeker.press("Find rooms")
        found = seeker.page.locator("#results li").filter(has_text="The lantern room")
        found.get_by_text("Tue ends 20:30").wait_for()
        found.get_by_role("link", name="The lantern room").click()

        boxes = seeker.page.locator(".dates").get_by_role(
            "checkbox", name=re.compile("^Thu")
        )
        thursdays = [box for box in boxes.all() if box.is_enabled()]
        assert len(thursdays) in (SERIES_WEEKS - 1, SERIES_WEEKS - 2), (
            "all but the one the moderator has"
        )
        thursdays[3].uncheck()
        seeker.does_not_read("Suite 2A", "Panel left of the door")
        seeker.fill(
            "A word to the host", "I would keep them for as long as you let me."
        )
        seeker.press("Ask for these hours")
        seeker.reads("Asked for")
        seeker.does_not_read("2A")
        self.series = seeker.page.url
        self.series_dates = len(thursdays) - 1

    def rivals_ask_too(self):
        for rival in self.rivals:
            rival.sign_in()
            rival.goto("/spaces/?hours=3-1140-1200&weeks=6&near=94618&radius=5")
            rival.page.locator("#results").get_by_role(
                "link", name="The lantern room"
            ).click()
            rival.press("Ask for these hours")
            rival.reads("Asked for")

    def host_accepts(self):
        host, seeker = self.host, self.seeker
        host.follow(
            host.mail("Isidro Arroyelo asks for The lantern room"), "/bookings/"
        )
        host.reads("I would keep them for as long as you let me.", "Your answer")
        assert host.page.locator(".dates li").count() == self.series_dates
        host.press("Confirm these hours")
        host.reads("Confirmed")
        for each in (host, seeker):
            letter = each.mail("Confirmed:", "The lantern room")
            [(name, calendar)] = letter.attachments.items()
            assert name.endswith(".ics")
            assert str(calendar).count("BEGIN:VEVENT") == self.series_dates
        seeker.follow(letter, "/bookings/")
        seeker.reads(
            "2A",
            "Directions to paste to your visitors",
            "from 24 hours before each date",
        )
        for each in (host, seeker):
            each.goto("/spaces/feed/")
            feed = each.page.get_by_label("To copy").input_value()
            response = each.page.request.get(feed)
            assert response.text().count("BEGIN:VEVENT") >= self.series_dates

    def rivals_hear_at_once(self):
        for rival in self.rivals:
            letter = rival.mail("Went to a colleague", "The lantern room")
            assert "What else fits" in letter.text
            rival.follow(letter, "/bookings/")
            rival.reads("Went to someone else")

    def entry_code_follows_a_day_before(self):
        seeker, host, soon = self.seeker, self.host, self.soon
        minute = soon.hour * 60
        span = f"{soon.weekday()}-{minute}-{minute + 60}"
        seeker.goto(
            f"/spaces/?hours={span}&first_date={soon.date()}&weeks=1&near=94618&radius=5"
        )
        seeker.page.locator("#results").get_by_role(
            "link", name="The lantern room"
        ).click()
        seeker.press("Ask for these hours")
        seeker.reads("Asked for")
        host.follow(host.mail("Isidro Arroyelo asks for"), "/bookings/")
        host.press("Confirm these hours")
        host.reads("Confirmed")
        seeker.follow(seeker.mail("Confirmed:"), "/bookings/")
        assert re.search(r"Entry code\s+\d{4}#", seeker.words)


@pytest.fixture
def story(person, town, post):
    return Story(person, town, post)


def test_the_story(story):
    story.newcomer_joins()
    story.newcomer_browses()
    story.host_posts_spare_hours()
    story.seeker_finds_and_asks()
    story.rivals_ask_too()
    story.host_accepts()
    story.rivals_hear_at_once()
    story.entry_code_follows_a_day_before()
