"""Every page that is looked at by test_every_page: for whom, and where in tests/browser/world.py's community."""

from django.urls import reverse
from django.utils import timezone

from directory.links import sign
from spaces.notifications.agreement import approval_path
from spaces.notifications.entry import guest_path
from spaces.notifications.hours import true_path
from spaces.notifications.links import closing_path, help_path, word_path
from spaces.notifications.pledge import pledge_path
from spaces.notifications.reopening import borrowed_path, way_back_path
from spaces.notifications.search import stop_path
from tests.periods import hours

SEARCH = "?hours=1-540-780&hours=3-1020-1260&weeks=26&near=94618&radius=8"

PAGES = {
    "stranger": {
        "welcome": lambda world: reverse("home"),
        "sign in": lambda world: reverse("account_login"),
        "sign in by code": lambda world: reverse("account_request_login_code"),
        "sign up": lambda world: reverse("account_signup"),
        "what we keep": lambda world: reverse("directory:what_we_keep"),
        "password reset": lambda world: reverse("account_reset_password"),
        "nothing here": lambda world: "/nothing-here/",
        "can you help": lambda world: help_path(world.wave, world.other),
        "true or not": lambda world: word_path(world.report, world.member),
        "back or not, by link": lambda world: way_back_path(world.way_back),
        "borrowed, by link": lambda world: borrowed_path(world.lent, world.member),
        "approval": lambda world: approval_path(world.awaiting, world.member),
        "hours booked for you": lambda world: guest_path(world.invited),
        "still true": lambda world: true_path(world.office, world.member),
        "pledge still true": lambda world: pledge_path(world.pledge),
        "a broken link": lambda world: help_path(world.wave, world.other)[:-4] + "x/",
        "stop a search": lambda world: stop_path(world.search),
        "no more mail": lambda world: reverse(
            "directory:unsubscribe",
            args=[sign("unsubscribe", therapist=world.other.pk, topic="emergencies")],
        ),
    },
    "visitor": {
        "home": lambda world: reverse("home"),
        "join": lambda world: reverse("directory:join"),
    },
    "applicant": {
        "waiting": lambda world: reverse("home"),
        "application": lambda world: reverse("directory:application"),
        "hours prepared": lambda world: reverse("spaces:my_offices"),
        "room prepared": lambda world: reverse("spaces:office_new"),
        "sign-in": lambda world: reverse("mfa_index"),
    },
    "gone": {
        "left": lambda world: reverse("home"),
        "everything of mine, ready": lambda world: reverse("directory:everything"),
    },
    "newcomer": {
        "empty home": lambda world: reverse("home"),
        "no offices": lambda world: reverse("spaces:my_offices"),
        "no pledges": lambda world: reverse("spaces:pledge_list"),
        "no searches": lambda world: reverse("spaces:saved_search_list"),
        "no bookings": lambda world: reverse("spaces:booking_list"),
        "invite": lambda world: reverse("directory:invite"),
        "licence and insurance": lambda world: reverse("directory:licences"),
        "who supervises me": lambda world: reverse("directory:supervision"),
    },
    "member": {
        "home": lambda world: reverse("home"),
        "search": lambda world: reverse("spaces:office_search"),
        "suggestions": lambda world: reverse("spaces:suggestions") + SEARCH,
        "searches": lambda world: reverse("spaces:saved_search_list"),
        "search results": lambda world: reverse("spaces:office_search") + SEARCH,
        "my offices": lambda world: reverse("spaces:my_offices"),
        "new office": lambda world: reverse("spaces:office_new"),
        "own office": lambda world: reverse(
            "spaces:office_detail", args=[world.office.pk]
        ),
        "an office": lambda world: reverse("spaces:office_detail", args=[world.far.pk]),
        "edit office": lambda world: reverse(
            "spaces:office_edit", args=[world.office.pk]
        ),
        "post hours": lambda world: reverse(
            "spaces:opening_new", args=[world.office.pk]
        ),
        **{
            f"office calendar, {view}": lambda world, view=view: (
                reverse("spaces:office_calendar", args=[world.office.pk])
                + f"?view={view}&date={hours(17, 20, day=7).lower:%Y-%m-%d}"
            )
            for view in ("day", "week", "month")
        },
        "enter a booking": lambda world: reverse(
            "spaces:office_enter", args=[world.office.pk]
        ),
        "change hours": lambda world: reverse(
            "spaces:opening_edit", args=[world.opening.pk]
        ),
        "end hours": lambda world: reverse(
            "spaces:opening_end", args=[world.opening.pk]
        ),
        "copy a week": lambda world: reverse(
            "spaces:opening_copy", args=[world.office.pk]
        ),
        "photos": lambda world: reverse("spaces:office_photos", args=[world.office.pk]),
        "hosts": lambda world: (
            reverse("spaces:office_hosts", args=[world.office.pk]) + "?q=Feather"
        ),
        "usual hours": lambda world: reverse(
            "spaces:usual_hours", args=[world.office.pk]
        ),
        "close": lambda world: reverse("spaces:closure_new", args=[world.office.pk]),
        "ask": lambda world: (
            reverse("spaces:booking_request", args=[world.far.pk]) + SEARCH
        ),
        "bookings": lambda world: reverse("spaces:booking_list"),
        "a request": lambda world: reverse(
            "spaces:booking_detail", args=[world.booking.pk]
        ),
        "a booking": lambda world: reverse(
            "spaces:booking_detail", args=[world.confirmed.pk]
        ),
        "to approve": lambda world: world.awaiting.get_absolute_url(),
        "held": lambda world: world.held.get_absolute_url(),
        "any room": lambda world: world.any_room.get_absolute_url(),
        "wait": lambda world: (
            reverse("spaces:booking_request", args=[world.wait_at.pk])
            + f"?hours={world.wait_for}&first_date={world.wait_day}&any_room=on"
        ),
        "change dates": lambda world: reverse(
            "spaces:booking_dates", args=[world.confirmed.pk]
        ),
        "move a date": lambda world: (
            reverse(
                "spaces:date_move",
                args=[world.confirmed.pk, world.confirmed.occurrences.first().pk],
            )
            + "?starts=09:00&ends=10:00&day="
            + world.wait_day.isoformat()
        ),
        "other hours from then on": lambda world: (
            reverse("spaces:dates_change", args=[world.confirmed.pk])
            + f"?hours=1-540-660&day={timezone.localdate()}"
        ),
        "end from then on": lambda world: (
            reverse("spaces:dates_end", args=[world.confirmed.pk])
            + f"?day={timezone.localdate()}"
        ),
        "another room": lambda world: reverse(
            "spaces:booking_move", args=[world.mine_let.pk]
        ),
        "another time": lambda world: reverse(
            "spaces:proposal_new",
            args=[world.mine_let.pk, world.mine_let.occurrences.first().pk],
        ),
        "hand on": lambda world: (
            reverse("spaces:hand_on_new", args=[world.handed.booking_id]) + "?name=Nia"
        ),
        "hand on to": lambda world: (
            reverse("spaces:hand_on_new", args=[world.handed.booking_id])
            + f"?to={world.newcomer.pk}"
        ),
        "on offer": lambda world: reverse(
            "spaces:hand_on_detail", args=[world.handed.pk]
        ),
        "agreement": lambda world: reverse(
            "spaces:agreement", args=[world.confirmed.pk]
        ),
        "statement": lambda world: reverse("spaces:statement") + world.confirmed_month,
        "empty statement": lambda world: reverse("spaces:statement") + "?month=2001-01",
        "supervision": lambda world: reverse("directory:supervision"),
        "building": lambda world: reverse(
            "spaces:building_detail", args=[world.office.building_id]
        ),
        "feed": lambda world: reverse("spaces:feed_settings"),
        "busy elsewhere": lambda world: reverse("spaces:busy_list"),
        "directory": lambda world: reverse("directory:therapist_list"),
        "directory search": lambda world: (
            reverse("directory:therapist_list") + "?q=Featherstone"
        ),
        "nobody found": lambda world: reverse("directory:therapist_list") + "?q=zzzzzz",
        "profile": lambda world: reverse(
            "directory:therapist_detail", args=[world.other.pk]
        ),
        "own profile": lambda world: reverse(
            "directory:therapist_detail", args=[world.member.pk]
        ),
        "messages": lambda world: reverse("directory:conversation_list"),
        "conversation": lambda world: reverse(
            "directory:conversation", args=[world.other.pk]
        ),
        "report a colleague": lambda world: reverse(
            "directory:therapist_report", args=[world.other.pk]
        ),
        "colleagues looked out for": lambda world: reverse(
            "directory:colleague_search_list"
        ),
        "edit profile": lambda world: reverse("directory:profile_edit"),
        "settings": lambda world: reverse("directory:settings"),
        "mail log": lambda world: reverse("directory:mail_log"),
        "leave": lambda world: reverse("directory:leave"),
        "everything of mine": lambda world: reverse("directory:everything"),
        "emergency": lambda world: reverse("spaces:emergency"),
        "report": lambda world: reverse("spaces:incident_report"),
        "fire": lambda world: world.fire.get_absolute_url(),
        "so far": lambda world: closing_path(world.fire),
        "what was done": lambda world: closing_path(world.past),
        "pledges": lambda world: reverse("spaces:pledge_list"),
        "pledge hours": lambda world: reverse("spaces:pledge_new"),
        "change a pledge": lambda world: world.pledge.get_absolute_url(),
        "reported": lambda world: world.report.get_absolute_url(),
        "more buildings": lambda world: (
            reverse("spaces:incident_places", args=[world.report.pk]) + "?around=5000"
        ),
        "back or not": lambda world: world.way_back.get_absolute_url(),
        "borrowed room": lambda world: world.used.get_absolute_url(),
        "sublet proposed": lambda world: world.lent.get_absolute_url(),
        "new need": lambda world: reverse("spaces:need_new"),
        "need": lambda world: world.need.get_absolute_url(),
        "edit need": lambda world: reverse("spaces:need_edit", args=[world.need.pk]),
        "sign-in": lambda world: reverse("mfa_index"),
        "addresses": lambda world: reverse("account_email"),
        "passkeys": lambda world: reverse("mfa_list_webauthn"),
        "add a passkey": lambda world: reverse("mfa_add_webauthn"),
        "authenticator app": lambda world: reverse("mfa_activate_totp"),
        "signed in where": lambda world: reverse("usersessions_list"),
        "set a password": lambda world: reverse("account_set_password"),
        "sign out": lambda world: reverse("account_logout"),
        "nothing here": lambda world: "/nothing-here/",
    },
    "moderator": {
        "drills": lambda world: reverse("spaces:drill_list"),
        "a drill": lambda world: world.drill.get_absolute_url(),
    },
}

REFUSED = {"nothing here", "a broken link"}  # with words, and a status that says so
