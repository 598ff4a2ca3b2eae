"""The life of one member, on a phone: in by the front door, about the house, and out again."""

import re
from datetime import date, timedelta
from zipfile import ZipFile

import pytest

from tests.browser.conftest import assert_fits
from tests.spaces.pictures import picture

COLLEAGUE = "luz.castellorin@demo.example.org"
FAR_AHEAD = date.today() + timedelta(days=400)  # noqa: DTZ011 -- any day far away


class Walk:
    def __init__(self, person, town):
        self.moderator = person("theodora@moderators.example.org", is_on_phone=True)
        town.run(
            *("set_up_community", "--no-input", "--email", self.moderator.email),
            *("--moderator", "Theodora Watchwood"),
        )
        self.newcomer = person("nerys@newcomers.example.org", is_on_phone=True)
        self.colleague = person(COLLEAGUE, is_on_phone=True)

    def knocks(self):
        newcomer = self.newcomer
        newcomer.goto("/")
        newcomer.press("Join")
        newcomer.fill("Your email address", newcomer.email)
        newcomer.press("Send me a code")
        newcomer.fill("The code we sent you", newcomer.mail("your code").code)
        newcomer.press("This is my address")
        newcomer.page.wait_for_url("**/directory/join/")
        newcomer.fill("Your name", "Nerys Hollowbrook")
        newcomer.fill("Letters after your name", "LMFT")
        newcomer.choose("Licence or registration", "LMFT")
        newcomer.fill("Its number", "DEMO27182")
        newcomer.fill("Valid until", FAR_AHEAD.isoformat())
        newcomer.fill("ZIP code of your practice", "94618")
        newcomer.press("Ask to join")
        newcomer.reads("Without agreeing to this nobody can be a member.")
        newcomer.tick(re.compile("I am licensed"))
        newcomer.press("Ask to join")
        newcomer.reads("Your application is being looked at")

    def is_asked_and_answers(self):
        newcomer, moderator = self.newcomer, self.moderator
        moderator.sign_in()
        letter = moderator.mail("Nerys", "asks to join")
        moderator.follow(letter, "/admin/")
        moderator.add_a_passkey()
        moderator.follow(letter, "/admin/")
        self.desk = moderator.page.url
        moderator.fill("Ask or answer", "Which board is your licence with?")
        moderator.press("Write to them")

        newcomer.follow(newcomer.mail("application"), "/application/")
        newcomer.reads("Which board is your licence with?")
        newcomer.fill("Your words", "The Board of Behavioral Sciences, since 2016.")
        newcomer.press("Send to the moderators")
        newcomer.reads("Sent. A moderator reads it and answers here.")

    def writes_a_profile_meanwhile(self):
        newcomer = self.newcomer
        newcomer.press("Write my profile meanwhile")
        newcomer.page.locator("input[name=photo]").set_input_files(
            {"name": "me.jpg", "mimeType": "image/jpeg", "buffer": picture()}
        )
        newcomer.fill("In one sentence", "Couples, and those who were couples.")
        newcomer.tick("Offers consultation")
        newcomer.press("Save my profile")
        newcomer.reads("Kept. Members see it once you are in.")

    def is_let_in(self):
        moderator = self.moderator
        moderator.goto(self.desk)
        moderator.reads("The Board of Behavioral Sciences, since 2016.")
        moderator.press("Approve")
        self.newcomer.follow(self.newcomer.mail("Welcome to East Bay Therapists"), "/")
        self.newcomer.reads("Waiting for you", "First steps")

    def offers_hours(self):
        newcomer = self.newcomer
        newcomer.goto("/spaces/offices/")
        newcomer.press("Add an office")
        newcomer.fill("Street and number", "27 Ayala Avenue")
        newcomer.fill("ZIP", "94618")
        newcomer.fill("Neighbourhood", "Rockridge")
        newcomer.fill("Name", "The heron room")
        newcomer.press("Add the office")
        newcomer.reads("Your office is here. Now paint the hours you offer.")
        newcomer.paint("Thu", "17:00", "19:00")
        newcomer.fill("Price for an hour", "18")
        newcomer.press("Offer these hours")
        newcomer.reads("$18 / hour, Thu 17:00–19:00")

    def writes_to_a_colleague(self):
        newcomer, colleague = self.newcomer, self.colleague
        newcomer.press("Directory", within="header")
        newcomer.fill("Name or word", "Luz Castelorin")
        newcomer.press("Luz Castellorin")
        newcomer.press("Write to Luz")
        newcomer.fill("Your message", "My client Anna, 34, asks for a second opinion.")
        newcomer.press("Send")
        newcomer.reads(re.compile("looks as if it were about a client"))
        newcomer.fill("Your message", "Would you have coffee one of these days?")
        newcomer.press("Send")
        newcomer.reads("Sent. They get it by mail, without your address.")

        letter = colleague.mail("Nerys")
        assert newcomer.email not in str(letter.message)
        colleague.sign_in()
        colleague.follow(letter, "/messages/")
        colleague.reads("Would you have coffee one of these days?")
        colleague.fill("Your message", "Not this year, thank you.")
        colleague.press("Send")
        newcomer.follow(newcomer.mail("Luz"), "/messages/")
        newcomer.reads("Not this year, thank you.")

    def is_blocked(self):
        newcomer, colleague = self.newcomer, self.colleague
        conversation = newcomer.page.url
        colleague.press("Block Nerys")
        colleague.reads("You and Nerys Hollowbrook no longer meet here.")
        assert newcomer.goto(conversation).status == 404
        newcomer.goto("/directory/?q=Luz+Castellorin")
        newcomer.reads("0 colleagues")
        colleague.goto("/directory/?q=Nerys")
        colleague.reads("0 colleagues")

    def leaves_and_comes_back(self):
        newcomer = self.newcomer
        newcomer.goto("/directory/settings/")
        newcomer.press("Leave the community")
        newcomer.press("Download everything of mine first")
        newcomer.press("Put it together")
        with newcomer.page.expect_download() as download:
            newcomer.press("Download it")
        with ZipFile(download.value.path()) as everything:
            assert b"Nerys Hollowbrook" in everything.read("everything.json")
        newcomer.goto("/directory/leave/")
        newcomer.press("Leave")
        newcomer.reads("You have left")
        assert newcomer.goto("/directory/").status == 404
        newcomer.follow(newcomer.mail("You have left"), "/")
        newcomer.press("Take it back")
        newcomer.reads("Good to have you back.")
        newcomer.goto("/spaces/offices/")
        newcomer.reads("The heron room")


@pytest.fixture
def walk(person, town):
    return Walk(person, town)


def test_joins_writes_parts_and_leaves(walk):
    for step in (
        walk.knocks,
        walk.is_asked_and_answers,
        walk.writes_a_profile_meanwhile,
        walk.is_let_in,
        walk.offers_hours,
        walk.writes_to_a_colleague,
        walk.is_blocked,
        walk.leaves_and_comes_back,
    ):
        step()
        assert_fits(walk.newcomer.page)
