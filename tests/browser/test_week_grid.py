import pytest

from tests.browser.conftest import assert_accessible, assert_fits

TUESDAY_EVENING = "Tue 18:00–21:00"


@pytest.fixture(autouse=True)
def _with_a_page_for_a_week(settings):
    settings.ROOT_URLCONF = "tests.browser.urls"


def cell(page, value):
    return page.locator(f'input[name="hours"][value="{value}"]')


def centre(page, value):
    box = cell(page, value).bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def said(page):
    return page.locator(".week-said output")


def show(page, value):
    cell(page, value).evaluate("box => box.scrollIntoView({block: 'center'})")


def drag(page, *values):
    show(page, values[0])
    page.mouse.move(*centre(page, values[0]))
    page.mouse.down()
    for value in values[1:]:
        page.mouse.move(*centre(page, value), steps=4)
    page.mouse.up()


class Finger:
    def __init__(self, page):
        self.page = page
        self.session = page.context.new_cdp_session(page)

    def down(self, value):
        self._send("touchStart", value)

    def move(self, value):
        self._send("touchMove", value)

    def up(self):
        self._send("touchEnd")

    def _send(self, kind, value=None):
        x, y = centre(self.page, value) if value else (0, 0)
        points = [{"x": x, "y": y}] if value else []
        self.session.send(
            "Input.dispatchTouchEvent", {"type": kind, "touchPoints": points}
        )


def wait_for_words(page, words):
    said(page).filter(has_text=words).wait_for()


def test_mouse_paints_a_rectangle(visit):
    page = visit("/week/")

    drag(page, "1-1080", "3-1230")

    wait_for_words(
        page, "Tue 18:00–21:00, Wed 18:00–21:00, Thu 18:00–21:00 · 9 hours a week"
    )


def test_mouse_gives_back_what_it_leaves(visit):
    page = visit("/week/")

    drag(page, "1-1080", "3-1230", "1-1230")

    wait_for_words(page, "Tue 18:00–21:00 · 3 hours a week")


def test_mouse_on_what_is_painted_erases(visit):
    page = visit("/week/")
    drag(page, "1-1080", "1-1230")

    drag(page, "1-1080", "1-1110")

    wait_for_words(page, "Tue 19:00–21:00 · 2 hours a week")


def test_a_click_toggles_one_cell(visit):
    page = visit("/week/")

    cell(page, "1-1080").click()
    wait_for_words(page, "Tue 18:00–18:30 · 0.5 hours a week")
    cell(page, "1-1080").click()

    wait_for_words(page, "Nothing painted yet.")


def test_keyboard_paints_with_space_shift_and_arrows(visit):
    page = visit("/week/")
    page.get_by_label("Mon 08:00").focus()

    page.keyboard.press("ArrowRight")
    for _ in range(5):
        page.keyboard.press("PageDown")
    page.keyboard.press("Space")
    for _ in range(5):
        page.keyboard.press("Shift+ArrowDown")

    wait_for_words(page, f"{TUESDAY_EVENING} · 3 hours a week")


def test_keyboard_erases_when_space_erased(visit):
    page = visit("/week/?hours=1-1080-1260")
    cell(page, "1-1080").focus()

    page.keyboard.press("Space")
    page.keyboard.press("Shift+ArrowDown")

    wait_for_words(page, "Tue 19:00–21:00")


def test_the_grid_is_one_tab_stop(visit):
    page = visit("/week/")
    cell(page, "0-480").focus()

    page.keyboard.press("Tab")

    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"


def test_arrows_do_not_enter_folded_hours(visit):
    page = visit("/week/")
    cell(page, "0-480").focus()

    page.keyboard.press("ArrowUp")
    assert page.evaluate("document.activeElement.value") == "0-480"
    page.locator(".week-more summary").first.click()
    cell(page, "0-480").focus()
    page.keyboard.press("ArrowUp")

    assert page.evaluate("document.activeElement.value") == "0-450"


def test_a_finger_that_rests_paints(visit):
    page = visit("/week/", width=390, touch=True)
    show(page, "1-720")
    finger = Finger(page)

    finger.down("1-720")
    page.locator(".is-painting").wait_for()
    finger.move("1-780")
    finger.move("1-810")
    finger.up()

    wait_for_words(page, "Tue 12:00–14:00 · 2 hours a week")


def test_a_finger_that_swipes_scrolls(visit):
    page = visit("/week/", width=390, touch=True)
    show(page, "1-720")
    finger = Finger(page)

    finger.down("1-720")
    finger.move("1-660")
    finger.move("1-600")
    finger.up()

    assert page.locator('input[name="hours"]:checked').count() == 0


def test_a_tap_toggles_one_cell(visit):
    page = visit("/week/", width=390, touch=True)

    cell(page, "1-720").tap()

    wait_for_words(page, "Tue 12:00–12:30")


def test_a_phone_shows_one_day_with_rows_for_fingers(visit):
    page = visit("/week/", width=390, touch=True)

    page.get_by_role("button", name="Tue").click()
    cell(page, "1-1080").tap()

    assert not cell(page, "0-1080").is_visible()
    assert cell(page, "1-1110").bounding_box()["height"] >= 44
    wait_for_words(page, "Tue 18:00–18:30")
    assert_accessible(page)


def test_lists_paint_without_dragging(visit):
    page = visit("/week/")
    page.get_by_text("Rather choose from lists?").click()

    page.get_by_label("Day", exact=True).select_option("Sat")
    page.get_by_label("From", exact=True).select_option("22:00")
    page.get_by_label("To", exact=True).select_option("24:00")
    page.get_by_role("button", name="Add these hours").click()

    wait_for_words(page, "Sat 22:00–24:00 · 2 hours a week")
    assert cell(page, "5-1320").is_visible()


def test_clearing_can_be_taken_back(visit):
    page = visit("/week/?hours=1-1080-1260")

    page.get_by_role("button", name="Clear the week").click()
    wait_for_words(page, "Nothing painted yet.")
    page.get_by_role("button", name="Bring the hours back").click()

    wait_for_words(page, TUESDAY_EVENING)


def test_what_is_sent_is_a_short_address_that_works_again(visit):
    page = visit("/week/")
    drag(page, "1-1080", "1-1230")

    page.get_by_role("button", name="Find rooms").click()
    page.locator("#answer", has_text=TUESDAY_EVENING).wait_for()

    assert page.url.endswith("/week/?near=&hours=1-1080-1260") or page.url.endswith(
        "?hours=1-1080-1260&near="
    )
    page.reload()
    assert said(page).text_content().startswith(TUESDAY_EVENING)


def test_early_hours_are_shown_when_painted(visit):
    page = visit("/week/?early=1")

    assert cell(page, "2-360").is_visible()
    assert not cell(page, "2-1320").is_visible()


def test_nothing_painted_is_said_beside_the_grid(visit):
    page = visit("/week/?near=94618", javascript=False)

    assert page.get_by_text("Paint at least half an hour").is_visible()


def test_without_javascript_boxes_are_ticked(visit):
    page = visit("/week/", javascript=False)

    cell(page, "1-1080").check()
    cell(page, "1-1110").check()
    page.get_by_role("button", name="Find rooms").click()

    assert page.locator("#answer").text_content() == "Tue 18:00–19:00"
    assert cell(page, "1-1110").is_checked()


def test_without_javascript_lists_repaint_the_grid(visit):
    page = visit("/week/", javascript=False)
    cell(page, "0-540").check()
    page.get_by_text("Rather choose from lists?").click()
    for number, (day, start, end) in enumerate(
        [("Tue", "18:00", "21:00"), ("Sat", "05:00", "06:00")]
    ):
        page.get_by_label("Day", exact=True).nth(number).select_option(day)
        page.get_by_label("From", exact=True).nth(number).select_option(start)
        page.get_by_label("To", exact=True).nth(number).select_option(end)

    page.get_by_role("button", name="Add these hours").click()

    assert (
        said(page).text_content()
        == "Mon 09:00–09:30, Tue 18:00–21:00, Sat 05:00–06:00 · 4.5 hours a week"
    )
    assert page.locator("#answer").text_content() == "no answer"
    assert cell(page, "5-300").is_visible()


def test_without_javascript_backwards_hours_are_explained(visit):
    page = visit("/week/", javascript=False)
    page.get_by_text("Rather choose from lists?").click()
    page.get_by_label("Day", exact=True).first.select_option("Tue")
    page.get_by_label("From", exact=True).first.select_option("21:00")
    page.get_by_label("To", exact=True).first.select_option("18:00")

    page.get_by_role("button", name="Add these hours").click()

    assert page.get_by_text("The end has to come after the start, on Tue.").is_visible()


def test_the_grid_is_accessible_and_fits(visit):
    page = visit("/week/?hours=1-1080-1260&hours=0-360-420", width=390)

    assert_accessible(page)
    for width in (320, 390, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        assert_fits(page)
