"""STORY, steps 1 to 16, as the people in it live them: by what they see on the page, and the link in their mail."""

import re
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from urllib.request import urlopen
from zoneinfo import ZoneInfo

import pytest

from tests.spaces.calendars import standing_in

BERKELEY = ZoneInfo("America/Los_Angeles")
FAR_AHEAD = date.today() + timedelta(days=400)  # noqa: DTZ011 -- any day far away
SERIES_WEEKS = 26

TIED_TO_THE_SUITES = """
    WITH direct AS (
        SELECT h.therapist_id AS id FROM spaces_office_hosts h
            JOIN spaces_office o ON o.id = h.office_id JOIN spaces_building b ON b.id = o.building_id
            WHERE b.name = 'Alder Court'
        UNION SELECT c.guest_id FROM spaces_occurrence c
            JOIN spaces_office o ON o.id = c.office_id JOIN spaces_building b ON b.id = o.building_id
            WHERE b.name = 'Alder Court' AND c.state = 'booked'
    )
    SELECT DISTINCT coalesce(u.email, t.email) FROM directory_therapist t
    LEFT JOIN directory_user u ON u.id = t.user_id
    LEFT JOIN directory_supervision s ON s.trainee_id = t.id
    WHERE t.id IN (SELECT id FROM direct) OR s.supervisor_id IN (SELECT id FROM direct)
"""
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
CLOSED_UNTIL = """
    SELECT (max(s.until) AT TIME ZONE 'America/Los_Angeles')::date,
        (SELECT count(*) FROM spaces_occurrence WHERE state = 'displaced')
    FROM spaces_incidentscope s
"""
STILL_LENT = """
    SELECT DISTINCT o.name, c.price_cents FROM spaces_occurrence c
    JOIN spaces_office o ON o.id = c.office_id JOIN directory_therapist t ON t.id = c.guest_id
    JOIN directory_user u ON u.id = t.user_id
    WHERE u.email = 'displaced@demo.example.org' AND c.state = 'booked'
        AND o.name IN ('The orchard room', 'The room without a calendar') AND lower(c.period) >= %s::date + 1
"""
LEFT_BY_LINKS = """
    SELECT (SELECT count(*) FROM spaces_offer), (SELECT count(*) FROM spaces_answer),
        (SELECT count(*) FROM spaces_booking), (SELECT max(updated_at) FROM spaces_answer)
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
        letter = moderator.mail("Ariadne", "asks to join")
        moderator.follow(letter, "/admin/")
        moderator.reads("Add a passkey or an authenticator app first")
        moderator.add_a_passkey()
        moderator.follow(letter, "/admin/")
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
        seeker.reads("1 room has it all", "Linden Institute, room 7")
        found = (
            seeker.page.locator("#results li").filter(has_text="The lantern room").first
        )
        found.get_by_text(re.compile(r"Free except \d+ \w+; Tue ends 20:30")).wait_for()
        found.get_by_role("link", name="The lantern room").first.click()

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
            ).first.click()
            rival.press("Ask for these hours")
            rival.reads("Asked for")

    def host_accepts(self):
        host, seeker = self.host, self.seeker
        host.follow(
            host.mail("Isidro Arroyelo asks for The lantern room"), "/bookings/"
        )
        host.reads("I would keep them for as long as you let me.", "Your answer")
        assert host.page.locator(".dates .booked-date").count() == self.series_dates
        host.press("Confirm these hours")
        host.reads("Confirmed")
        for each in (host, seeker):
            letter = each.mail("Confirmed:", "The lantern room")
            [(name, calendar)] = letter.attachments.items()
            assert name.endswith(".ics")
            assert len(standing_in(calendar.decode())) == self.series_dates
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
            assert len(standing_in(response.text())) >= self.series_dates

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
        ).first.click()
        seeker.press("Ask for these hours")
        seeker.reads("Asked for")
        host.follow(
            host.mail("Isidro Arroyelo asks for The lantern room"), "/bookings/"
        )
        host.press("Confirm these hours")
        host.reads("Confirmed")
        seeker.follow(seeker.mail("Confirmed:"), "/bookings/")
        assert re.search(r"Entry code\s+\d{4}#", seeker.words)

    # --- Getting ready: rooms of those who will help ----------------------------------

    def helpers_have_rooms(self):
        self.helper, self.late_helper, self.generous = (
            self.rivals[0],
            self.seeker,
            self.rivals[1],
        )
        for helper, name in (
            (self.helper, "The orchard room"),
            (self.late_helper, "The room of maps"),
        ):
            self._opens_a_room(helper, name)
            helper.paint("Wed", "17:00", "19:00")
            helper.fill("Price for an hour", "20")
            helper.press("Offer these hours")
            helper.reads("$20 / hour, Wed 17:00–19:00")
        self._opens_a_room(self.generous, "The room without a calendar")

    def _opens_a_room(self, helper, name):
        helper.goto("/directory/settings/")
        helper.tick("I would help a colleague who lost their room")
        helper.press("Save my settings")
        helper.goto("/spaces/offices/")
        helper.press("Add an office")
        helper.fill("Street and number", f"{len(name)} Ayala Avenue")
        helper.fill("ZIP", "94618")
        helper.fill("Neighbourhood", "Rockridge")
        helper.fill("Name", name)
        helper.press("Add the office")
        helper.reads("Your office is here. Now paint the hours you offer.")

    # --- The Saturday of the fire --------------------------------------------------------

    def subletter_reports(self):
        reporter = self.reporter
        tied = {email for (email,) in self.town.rows(TIED_TO_THE_SUITES)}
        assert len(tied) == 12 + 5 + 3
        reporter.sign_in()
        reporter.press("Emergency", within="header")
        reporter.press("Report an incident")
        reporter.tick("Alder Court")
        reporter.tick("Fire")
        reporter.press("Report it")
        reporter.reads("Fire in Rockridge")

        asked = {*tied, self.moderator.email} - {reporter.email}
        self._waits_for_mail(asked, "Is it true? Fire at Alder Court")
        self.tied = tied

    def mail_scanners_decide_nothing(self):
        for letter in self._about("Is it true?"):
            for method in ("head", "get"):
                link = letter.link("/word/")
                assert (
                    self.reporter.page.request.fetch(link, method=method).status == 200
                )
        assert self.town.rows("SELECT status FROM spaces_incident") == [("reported",)]

    def moderator_taps_true(self):
        phone = self.person(self.moderator.email, is_on_phone=True)
        phone.follow(phone.mail("Is it true?"), "/word/")
        phone.reads("Fire at Alder Court: is it true?", "decided nothing")
        phone.press("It is true")
        phone.reads("You said that it is true. Thank you.")

    def everyone_is_told_once(self):
        self._waits_for_mail(self.tied, "your hours there are displaced")
        reporter, member = self.reporter, self.newcomer
        reporter.goto("/spaces/bookings/")
        reporter.reads("Displaced")
        for (office,) in self.town.rows(
            "SELECT id FROM spaces_office WHERE name LIKE 'Alder Court, suite %'"
        ):
            member.goto(f"/spaces/offices/{office}/")
            member.reads("Closed:", "Fire")
        [(email,)] = self.town.rows(
            "SELECT email FROM directory_therapist WHERE user_id IS NULL ORDER BY id LIMIT 1"
        )
        invited = self.person(email, is_on_phone=True)
        invited.follow(invited.mail("your hours there are displaced"), "/needs/link/")
        invited.reads("Wed 17:00–21:00", "Ask colleagues for these hours")

    def displaced_asks(self):
        dana = self.displaced
        dana.sign_in()
        dana.follow(dana.mail("your hours there are displaced"), "/needs/")
        dana.reads("Mon 18:00–19:30, Tue 09:00–13:00, Wed 17:00–21:00, Thu 09:00–12:00")
        dana.press("Change them first")
        dana.fill("From", next_monday().isoformat())
        dana.fill("Until", (next_monday() + timedelta(days=27)).isoformat())
        dana.fill("How far would you go, in km?", 5)
        dana.fill("Most you pay for an hour", "25")
        dana.fill(
            "A word to colleagues",
            "On Mondays we are a group of eight; the rest is two people.",
        )

        self.post.fall_silent(is_wave, after=4)
        dana.press("Ask colleagues for these hours")
        dana.reads(re.compile(r"\d+ colleagues told so far"))
        self.need = dana.page.url

    def worker_dies_in_the_middle_of_the_wave(self):
        worker = self.town.parts["worker"]
        self.post.wait_until_silent()
        worker.kill()
        self.post.speak_again()
        worker.start()

    def each_helper_gets_one_mail(self):
        told = self.town.rows(TOLD_BY_WAVE, 1)
        assert len(told) >= 12
        assert all(helps for _email, _state, _id, helps in told)
        emails = {email for email, *_rest in told}
        assert {self.helper.email, self.late_helper.email} <= emails
        self.post.wait_until(
            lambda letters: (
                emails <= {letter.to for letter in letters if is_wave(letter)}
            ),
            seconds=60,
            what=f"A wave to {len(emails)} people",
        )
        ids = defaultdict(set)
        for letter in filter(is_wave, self.post.letters):
            ids[letter.to].add(letter.id)
        assert {len(found) for found in ids.values()} == {1}
        self.told_first = emails

    def helper_offers_from_the_mail(self):
        phone = self.person(self.helper.email, is_on_phone=True)
        phone.follow(phone.mail("can you help?"), "/help/")
        phone.reads(
            "Hello Marisol, can you spare some hours?",
            "Opening this page has offered nothing yet.",
        )
        ticked = phone.page.locator("input[name=hours]:checked")
        assert [box.input_value() for box in ticked.all()] == ["2-1020-1140"]
        phone.press("Offer the ticked hours")
        phone.reads("What you offered", "Wed 17:00–19:00 for Dana")

    def another_says_not_this_time(self):
        cast = {self.helper.email, self.late_helper.email, self.generous.email}
        phone = self.person(min(self.told_first - cast), is_on_phone=True)
        phone.follow(phone.mail("can you help?"), "/help/")
        phone.press("Not this time")
        phone.reads("You said “not this time”")

    def rival_offers_the_same_hour(self):
        phone = self.person(self.late_helper.email, is_on_phone=True)
        phone.follow(phone.mail("can you help?"), "/help/")
        phone.tick(re.compile("Wed 17:00–19:00"))
        phone.press("Offer the ticked hours")
        phone.reads("What you offered", "Wed 17:00–19:00 for Dana")

    def displaced_accepts(self):
        dana = self.displaced
        dana.reads("2 offers to answer")  # by itself
        dana.page.get_by_role(
            "button", name="Accept Wed 17:00–19:00 of Marisol"
        ).click()
        dana.reads("Booked with colleagues", "See the booking")
        assert dana.page.locator("table .is-booked").count() == 1
        dana.mail("Confirmed:", "The orchard room")
        self.helper.mail("Dana takes your hours")
        letter = self.late_helper.mail("Thank you: Wed 17:00–19:00 is covered")
        assert "Still open" in letter.text

    def moderator_sets_the_pace(self):
        """A minute between waves instead of 75, from the next need that joins."""
        moderator = self.moderator
        moderator.goto("/admin/directory/community/")
        moderator.page.get_by_role("link", name="East Bay Therapists").last.click()
        for label in ("Minutes between waves", "Minutes between urgent waves"):
            moderator.page.get_by_label(label).fill("1")
        moderator.page.get_by_role("button", name="Save", exact=True).click()
        moderator.page.get_by_text("was changed successfully").wait_for()

    def supervisor_asks_for_the_trainee(self):
        """Her hours join the wave that runs: nobody hears twice for it."""
        supervisor = self.supervisor
        supervisor.sign_in()
        letter = supervisor.mail("your hours there are displaced")
        assert f"Hours of {self.trainee_name.split()[0]}" in letter.text
        supervisor.goto("/spaces/emergency/")
        supervisor.press(f"Hours of {self.trainee_name.split()[0]}")
        supervisor.press("Ask colleagues for these hours")
        supervisor.reads("No offer waits for your answer.")

    def next_wave_goes_wider(self):
        self.post.wait_until(
            lambda letters: any(
                is_wave(letter) and letter.to not in self.told_first
                for letter in letters
            ),
            seconds=100,
            what="Wave 2",
        )
        [letter] = [
            letter
            for letter in self.post.letters
            if is_wave(letter) and letter.to not in self.told_first
        ][:1]
        assert "Wed 19:00–21:00" in letter.text
        assert "Wed 17:00" not in letter.text
        assert f"Dana and {self.trainee_name.split()[0]}" in letter.text

    # --- While the round goes on ----------------------------------------------------------

    def chairs_are_lent(self):
        lender, dana = self.helper, self.displaced
        [(incident,)] = self.town.rows("SELECT id FROM spaces_incident")
        self.incident = f"/spaces/incidents/{incident}/"
        lender.goto(self.incident)
        lender.press("Lend something")
        lender.fill("What?", "Two chairs and a lamp")
        lender.fill("Until", (today() + timedelta(days=60)).isoformat())
        lender.press("Put it up")
        dana.goto(self.incident)
        dana.press("Two chairs and a lamp")
        dana.press("I would like it")
        dana.fill("A word to the other one", "Tomorrow at five, at your door?")
        dana.press("Send")
        lender.follow(lender.mail("writes about Two chairs and a lamp"), "/things/")
        lender.reads("Tomorrow at five, at your door?")
        lender.press("It is picked up")
        lender.reads("It is back")

    def landlord_has_news(self):
        """The expected reopening moves by two weeks: whoever did not choose another end needs a room until then."""
        [(building,)] = self.town.rows(
            "SELECT id FROM spaces_building WHERE name = 'Alder Court'"
        )
        moderator, dana, reporter = self.moderator, self.displaced, self.reporter
        reporter.goto(f"/spaces/buildings/{building}/")
        news = "Power out for a week, suites closed for several."
        reporter.fill("A word to the others here", news)
        reporter.press("Post it, and mail everybody here")
        reporter.reads(news)
        dana.mail("Alder Court: Power out for a week")
        [(until, displaced)] = self.town.rows(CLOSED_UNTIL)
        later = until + timedelta(days=14)
        moderator.goto(self.incident)
        moderator.fill("Open again on", later.isoformat())
        moderator.press("Move the reopening")
        moderator.reads("Moved.")
        dana.mail("Alder Court: expected to open again on")
        [(until, still)] = self.town.rows(CLOSED_UNTIL)
        assert (until, still > displaced) == (later, True)
        last = later - timedelta(days=1)
        assert self.town.rows(
            "SELECT count(*) FROM spaces_need WHERE last_date <> %s", last
        ) == [(1,)], "Dana chose her own"
        dana.goto(self.need)

    def scanners_open_a_link_five_hundred_times(self):
        """At once, while the next round is waited for: nothing happens, and its owner is not shut out."""
        owner = self.late_helper.email
        letter = next(
            letter
            for letter in self.post.letters
            if is_wave(letter) and letter.to == owner
        )
        link, before = letter.link("/help/"), self.town.rows(LEFT_BY_LINKS)
        with ThreadPoolExecutor(8) as scanners:
            opened = scanners.map(lambda _n: urlopen(link).status, range(500))  # noqa: S310 -- ours
            assert set(opened) == {200}
        assert self.town.rows(LEFT_BY_LINKS) == before
        phone = self.person(owner, is_on_phone=True)
        phone.goto(link)
        phone.reads("Hello Isidro")
        phone.sign_in()

    # --- Home again ----------------------------------------------------------------------

    def two_suites_reopen(self):
        moderator, reporter = self.moderator, self.reporter
        moderator.goto(self.incident)
        moderator.page.get_by_text("One room opens earlier, or later?").click()
        moderator.choose("Room", "Alder Court, suite 7")
        moderator.press("Give this room its own date")
        moderator.reads("The room has its own date now")
        line = moderator.page.locator("li").filter(has_text="Alder Court, suite 1")
        line.get_by_label("Open again on").fill(today().isoformat())
        line.get_by_role("button", name="Move the reopening").click()
        moderator.reads("Moved.")
        reporter.goto("/spaces/bookings/")
        reporter.does_not_read("Displaced")
        for suite, is_closed in ((1, False), (2, True), (7, False)):
            [(office,)] = self.town.rows(
                "SELECT id FROM spaces_office WHERE name = %s",
                f"Alder Court, suite {suite}",
            )
            self.newcomer.goto(f"/spaces/offices/{office}/")
            assert ("Closed:" in self.newcomer.words) == is_closed

    def borrowed_hours_end_or_go_on(self):
        """Dana keeps one evening for good, for money now, and gives the rest back; nothing happens before their yes."""
        dana = self.displaced
        for _room in (self.helper, self.generous):
            letter = dana.mail("what becomes of the borrowed hours")
            dana.follow(letter, "/borrowed/")
            if "The orchard room" in dana.words:
                dana.tick(re.compile("Wed 17:00–19:00"))
                dana.fill("Price for an hour", "18")
                dana.press("Propose the sublet")
            else:
                dana.press("Propose to end it")
            dana.reads("What you proposed")
        for lender in (self.helper, self.generous):
            phone = self.person(lender.email, is_on_phone=True)
            phone.follow(phone.mail("Dana proposes"), "/borrowed/")
            phone.press("Yes, agreed")
            phone.reads("What you both agreed on")
        assert self.town.rows(STILL_LENT, today()) == [("The orchard room", 3600)]

    def it_closes_with_a_page(self):
        moderator = self.moderator
        moderator.goto(self.incident)
        moderator.press("It is over: everything opens now")
        moderator.reads("It is over.")
        moderator.press("What was done")
        moderator.reads("20 people were displaced", "Who lent a room", "3 offered")
        for lender in (self.helper, self.generous):
            lender.mail("It is over in Rockridge")
            [(name, is_named)] = self.town.rows(
                "SELECT t.name, agrees_to_be_named FROM directory_therapist t"
                " JOIN directory_user u ON u.id = t.user_id WHERE u.email = %s",
                lender.email,
            )
            assert (name in moderator.words) == is_named

    def all_is_covered(self):
        supervisor, generous, dana = self.supervisor, self.generous, self.displaced
        supervisor.press("Not needed any more")
        supervisor.reads("Closed")
        generous.press("Emergency", within="header")
        generous.press("See the hours and help")
        generous.press("Offer all of these")
        generous.reads("What you offered")
        dana.page.get_by_role("button", name=re.compile("^Accept .* of Luz")).click()
        dana.reads("Covered")
        for helper in (self.helper, generous):
            helper.mail("All hours for Dana are covered: thank you")
        assert self.town.rows(
            "SELECT count(*) FROM spaces_wave WHERE state = 'running'"
        ) == [(0,)]

    def nobody_was_told_twice_or_left_out(self):
        copies = self.post.copies()
        again = 0
        numbers = [
            number
            for (number,) in self.town.rows(
                "SELECT number FROM spaces_wave ORDER BY number"
            )
        ]
        assert numbers[:2] == [1, 2]
        for number in numbers:
            for email, state, message_id, helps in self.town.rows(TOLD_BY_WAVE, number):
                assert helps
                assert state in ("sent", "skipped")  # skipped: by then nothing was open
                came = copies[email, message_id] if message_id else 0
                assert came >= (state == "sent")
                again += max(0, came - 1)
        assert (
            again <= 2
        )  # in the air when the worker died, sent again with the same Message-ID
        assert all(
            state == "sent" for _email, state, *_rest in self.town.rows(TOLD_BY_WAVE, 1)
        )
        for subject in ("Is it true?", "your hours there are displaced"):
            assert set(
                Counter(letter.to for letter in self._about(subject)).values()
            ) == {1}

    # --- The mail of many ------------------------------------------------------------------

    def _about(self, subject):
        return [letter for letter in self.post.letters if subject in letter.subject]

    def _waits_for_mail(self, emails, subject):
        """Each of these people gets one such letter, and nobody else does."""
        self.post.wait_until(
            lambda letters: (
                {letter.to for letter in letters if subject in letter.subject} >= emails
            ),
            seconds=40,
            what=f"“{subject}” to {len(emails)} people",
        )
        assert sorted(letter.to for letter in self._about(subject)) == sorted(emails)


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

    story.helpers_have_rooms()
    story.subletter_reports()
    story.mail_scanners_decide_nothing()
    story.moderator_taps_true()
    story.everyone_is_told_once()
    story.displaced_asks()
    story.worker_dies_in_the_middle_of_the_wave()
    story.each_helper_gets_one_mail()
    story.helper_offers_from_the_mail()
    story.another_says_not_this_time()
    story.rival_offers_the_same_hour()
    story.displaced_accepts()
    story.moderator_sets_the_pace()
    story.supervisor_asks_for_the_trainee()
    story.each_helper_gets_one_mail()
    story.chairs_are_lent()
    story.landlord_has_news()
    story.scanners_open_a_link_five_hundred_times()
    story.next_wave_goes_wider()
    story.all_is_covered()
    story.nobody_was_told_twice_or_left_out()

    story.two_suites_reopen()
    story.borrowed_hours_end_or_go_on()
    story.it_closes_with_a_page()
