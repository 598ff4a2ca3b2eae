"""Somebody with a browser and a mailbox."""

import re


class Person:
    def __init__(self, browser, town, post, email, *, is_on_phone=False):
        self.browser = browser
        self.town = town
        self.post = post
        self.email = email.lower()
        self.is_on_phone = is_on_phone
        self.complaints = []
        self._read = 0  # letters read
        self._page = None

    # --- The mailbox --------------------------------------------------------------

    def mail(self, *contains, seconds=25):
        """The next letter to this person, after those read before, whose subject has all these words."""

        def is_next(letter):
            position = self.post.letters.index(letter)
            subject = letter.subject.lower()
            return (
                position >= self._read
                and letter.to == self.email
                and all(words.lower() in subject for words in contains)
            )

        letter = self.post.wait_for(
            is_next, seconds, what=f"Mail to {self.email} about {contains}"
        )
        self._read = self.post.letters.index(letter) + 1
        return letter

    def letters(self, *contains):
        return [
            letter
            for letter in self.post.letters
            if letter.to == self.email
            and all(words.lower() in letter.subject.lower() for words in contains)
        ]

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
            self._page.set_default_timeout(20_000)
            self._page.on("console", self._listen)
            self._page.on("pageerror", lambda error: self.complaints.append(str(error)))
        return self._page

    def _listen(self, message):
        if (
            message.type in ("error", "warning")
            and "Failed to load resource" not in message.text
        ):
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
        self.page.get_by_label(label).first.fill(str(text))

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

    # --- What everybody does ------------------------------------------------------------

    def sign_in(self):
        self.goto("/")
        self.press("Sign in", within="header")
        self.fill("Your email address", self.email)
        self.press("Send me a code")
        self.fill("The code we sent you", self.mail("your code").code)
        self.press("Sign in")
        self.page.wait_for_url("/")
        return self

    def close(self):
        if self._page is not None:
            self.context.close()
