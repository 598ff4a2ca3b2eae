"""Somebody with a browser and a mailbox."""

import re

from tests.passkeys import give_authenticator


def minutes(clock):
    hour, minute = clock.split(":")
    return int(hour) * 60 + int(minute)


def clock_of(minute):
    return f"{minute // 60:02}:{minute % 60:02}"


def centre(thing):
    box = thing.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


class Person:
    def __init__(self, browser, town, post, email, *, is_on_phone=False):
        self.browser = browser
        self.town = town
        self.post = post
        self.email = email.lower()
        self.is_on_phone = is_on_phone
        self.complaints = []
        self._read = set()
        self._page = None

    # --- The mailbox --------------------------------------------------------------

    def mail(self, *contains, seconds=25):
        """The first unread letter to this person whose subject has all these words, as soon as it is there."""

        def is_it(letter):
            return letter.id not in self._read and self._is_mine(letter, contains)

        letter = self.post.wait_for(
            is_it, seconds, what=f"Mail to {self.email} about {contains}"
        )
        self._read.add(letter.id)
        return letter

    def letters(self, *contains):
        return [
            letter for letter in self.post.letters if self._is_mine(letter, contains)
        ]

    def _is_mine(self, letter, contains):
        subject = letter.subject.lower()
        return letter.to == self.email and all(
            words.lower() in subject for words in contains
        )

    # --- The browser ----------------------------------------------------------------

    @property
    def page(self):
        if self._page is None:
            size = (
                {"width": 390, "height": 844}
                if self.is_on_phone
                else {"width": 1280, "height": 900}
            )
            self.context = self.browser.new_context(
                base_url=self.town.address,
                viewport=size,
                has_touch=self.is_on_phone,
                locale="en-US",
                timezone_id="America/New_York",  # theirs is not the building's
                accept_downloads=True,
            )
            self._page = self.context.new_page()
            self._page.set_default_timeout(30_000)
            self._page.on("console", self._listen)
            self._page.on("pageerror", lambda error: self.complaints.append(str(error)))
        return self._page

    def _listen(self, message):
        is_ours = message.type in ("error", "warning")
        is_late = message.text.startswith(
            ("htmx:afterRequest", "htmx:sendAbort")
        )  # a newer question replaced it
        if is_ours and not is_late and "Failed to load resource" not in message.text:
            self.complaints.append(f"{self.page.url}: {message.text}")

    def goto(self, address):
        """Wherever it is, it is no error page of ours."""
        response = self.page.goto(address)
        assert response.status < 500, (
            f"{address}: {response.status}\n{self.town.parts['web'].words[-4000:]}"
        )
        return response

    def follow(self, letter, contains):
        return self.goto(letter.link(contains))

    def press(self, name, within="main"):
        """A button or a link, by the words on it."""
        place = self.page.locator(within)
        is_exact = isinstance(name, str)
        button = place.get_by_role("button", name=name, exact=is_exact)
        button.or_(place.get_by_role("link", name=name, exact=is_exact)).first.click()

    def fill(self, label, text):
        """A field by its label, which may go on: "(optional)"."""
        labelled = self.page.locator("main").get_by_label(
            re.compile(rf"^\s*{re.escape(label)}")
        )
        field = labelled.and_(self.page.locator("input, textarea")).first
        self.unfold(field)
        field.fill(str(text))

    def choose(self, label, option):
        self.page.locator("main").get_by_label(label).first.select_option(label=option)

    def tick(self, name, *, is_ticked=True):
        """A box or a radio button, unfolding what hides it."""
        main, is_exact = self.page.locator("main"), isinstance(name, str)
        box = main.get_by_role(
            "checkbox", name=name, exact=is_exact, include_hidden=True
        )
        radio = main.get_by_role(
            "radio", name=name, exact=is_exact, include_hidden=True
        )
        choice = box.or_(radio).first
        self.unfold(choice)
        choice.set_checked(is_ticked)

    def unfold(self, thing):
        folds = thing.locator("xpath=ancestor::details[not(@open)]")
        for fold in folds.all():
            if fold.locator("> summary").is_visible():
                fold.locator("> summary").click()

    def paint(self, day, start, end):
        """Hours of one day, by keyboard: space paints, shift and the arrows extend."""
        first = self.page.get_by_role(
            "checkbox", name=f"{day} {start}", exact=True, include_hidden=True
        )
        self.unfold(first)
        first.focus()
        self.page.keyboard.press("Space")
        for _each in range((minutes(end) - minutes(start)) // 30 - 1):
            self.page.keyboard.press("Shift+ArrowDown")

    def drag(self, day, start, end):
        """The same with the mouse."""
        first, last = (
            self.page.get_by_role("checkbox", name=f"{day} {clock}", exact=True)
            for clock in (start, clock_of(minutes(end) - 30))
        )
        first.scroll_into_view_if_needed()
        self.page.mouse.move(*centre(first))
        self.page.mouse.down()
        self.page.mouse.move(*centre(last), steps=6)
        self.page.mouse.up()

    def reads(self, *texts):
        """Waits until all of it is to be seen."""
        for text in texts:
            self.page.locator("main").get_by_text(text).first.wait_for()

    def does_not_read(self, *texts):
        words = self.page.locator("main").inner_text()
        for text in texts:
            assert not re.search(
                text if isinstance(text, re.Pattern) else re.escape(text), words
            ), text

    @property
    def words(self):
        return self.page.locator("main").inner_text()

    @property
    def last_sight(self):
        if self._page is None:
            return "nothing yet"
        words = " ".join(self.page.locator("body").inner_text().split())
        return f"{self.page.url}\n{words[-3000:]}"

    # --- What everybody does ------------------------------------------------------------

    def sign_in(self):
        self.goto("/")
        self.press("Sign in", within="header")
        self.fill("Your email address", self.email)
        self._read |= {letter.id for letter in self.letters("your code")}  # used up
        self.press("Send me a code")
        self.fill("The code we sent you", self.mail("your code").code)
        self.press("Sign in")
        self.page.wait_for_url("/")
        return self

    def add_a_passkey(self):
        """Their laptop's own, which always says yes."""
        self.goto("/accounts/2fa/webauthn/add/")
        give_authenticator(self.page)
        self.press("Make a passkey on this device")
        self.page.wait_for_url(re.compile("/accounts/2fa/(?!webauthn/add)"))

    def close(self):
        if self._page is not None:
            self.context.close()
