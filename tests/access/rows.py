"""Who gets in where: a row for every address of the application. In ``tests/access/world.py``'s community the member
Dana is the ``owner`` of what the rows name; everybody else is somebody with no tie to it.

Each letter of a row is the answer to one of ``ROLES``, in their order:
s(ign in first), h(ome, which says how things stand), n(othing here: 404), r(efused in words: they may see it, and
changed nothing), i(n).
"""

from collections.abc import Callable
from types import SimpleNamespace

from django.urls import reverse
from django.utils.text import slugify

from directory.links import sign
from directory.news import CONFIRM
from spaces.notifications.agreement import approval_path
from spaces.notifications.entry import guest_path
from spaces.notifications.hours import true_path
from spaces.notifications.links import help_path, word_path
from spaces.notifications.pledge import pledge_path
from spaces.notifications.proposal import proposal_path
from spaces.notifications.reopening import borrowed_path, way_back_path
from spaces.notifications.search import stop_path

ROLES = (
    "stranger",
    "applicant",
    "suspended",
    "owner",
    "other",
    "lapsed",
    "moderator",
    "administrator",
)
EVERYBODY = "iiiiiiii"
MEMBERS = "shhiiiii"
LICENSED = "shhiinii"
OWNER = "shhinnnn"
DRAFTERS = "sihiiiii"  # applicants, too: what nobody sees before they are in
OWNER_OR_DRAFTER = "snhinnnn"  # of their own
MODERATORS = "shhnnnii"
OWNER_AND_MODERATORS = "shhinnii"
TIED = "shhirrii"

Row = tuple[str, Callable[[SimpleNamespace], list[object]] | str]


def of(*names: str) -> Callable[[SimpleNamespace], list[object]]:
    """What the address names: things of the world, or words said as they are."""

    def args(world: SimpleNamespace) -> list[object]:
        return [
            getattr(world, name).pk if hasattr(world, name) else name for name in names
        ]

    return args


PAGES: dict[str, Row] = {
    "home": (EVERYBODY, of()),
    "directory:therapist_list": (MEMBERS, of()),
    "directory:join": ("ihhhhhhh", of()),
    "directory:profile_edit": ("sihiiiii", of()),
    "directory:application": ("siihhhhh", of()),
    "directory:invite": (MEMBERS, of()),
    "directory:vouch": (
        MEMBERS,
        lambda world: [sign("vouch", applicant=world.applicant.pk)],
    ),
    "directory:settings": (MEMBERS, of()),
    "directory:mail_log": (MEMBERS, of()),
    "directory:mail_works": (MEMBERS, of()),
    "directory:supervision": (MEMBERS, of()),
    "directory:supervision_accept": (OWNER, of("asked_supervision")),
    "directory:supervision_end": (OWNER, of("supervision")),
    "directory:licences": (MEMBERS, of()),
    "directory:licence_renew": (OWNER, of("licence")),
    "directory:insurance": (MEMBERS, of()),
    "directory:certificate": (OWNER_AND_MODERATORS, of("owner")),
    "directory:everything": ("siiiiiii", of()),
    "directory:everything_file": ("snnnnnnn", of()),
    "directory:leave": ("siiiiiii", of()),
    "directory:seeing_stop": ("shhhhhhh", of()),
    "directory:come_back": ("snnnnnnn", of()),
    "directory:what_we_keep": (EVERYBODY, of()),
    "directory:therapist_detail": (MEMBERS, of("owner")),
    "directory:therapist_vcard": (MEMBERS, of("owner")),
    "directory:therapist_block": (MEMBERS, of("newcomer")),
    "directory:therapist_unblock": (OWNER, of("blocked")),
    "directory:therapist_photo": ("nnniiiii", of("owner", "small")),
    "directory:public_profile": (
        EVERYBODY,
        lambda world: [world.owner.pk, slugify(world.owner.name)],
    ),
    "directory:conversation_list": (MEMBERS, of()),
    "directory:conversation": (MEMBERS, of("newcomer")),
    "directory:therapist_report": (MEMBERS, of("newcomer")),
    "directory:colleague_search_list": (MEMBERS, of()),
    "directory:colleague_search_new": (MEMBERS, of()),
    "directory:colleague_search_change": (OWNER, of("colleague_search")),
    "directory:colleague_search_forget": (OWNER, of("colleague_search")),
    # hours offered
    "spaces:my_offices": (DRAFTERS, of()),
    "spaces:office_new": (DRAFTERS, of()),
    "spaces:office_detail": ("snhiinii", of("office")),
    "spaces:office_edit": (OWNER_OR_DRAFTER, of("office")),
    "spaces:office_enter": (OWNER, of("office")),
    "spaces:office_calendar": (OWNER, of("office")),
    "spaces:usual_hours": (OWNER_OR_DRAFTER, of("office")),
    "spaces:closure_new": (OWNER, of("office")),
    "spaces:closure_end": (OWNER, of("closure")),
    "spaces:opening_new": (OWNER_OR_DRAFTER, of("office")),
    "spaces:openings_confirm": (OWNER, of("office")),
    "spaces:opening_copy": (OWNER, of("office")),
    "spaces:opening_edit": (OWNER_OR_DRAFTER, of("opening")),
    "spaces:opening_end": (OWNER_OR_DRAFTER, of("opening")),
    "spaces:office_hosts": (OWNER, of("office")),
    "spaces:office_leave": (OWNER, of("office")),
    "spaces:office_photos": (OWNER, of("office")),
    "spaces:office_photo": (LICENSED, of("photo", "medium")),
    "spaces:office_photo_words": (OWNER, of("photo")),
    "spaces:office_photo_move": (OWNER, of("photo")),
    "spaces:office_photo_delete": (OWNER, of("photo")),
    "spaces:office_feed_renew": (OWNER, of("office")),
    # hours found
    "spaces:office_search": (MEMBERS, of()),
    "spaces:suggestions": (MEMBERS, of()),
    "spaces:saved_search_list": (MEMBERS, of()),
    "spaces:saved_search_new": (MEMBERS, of()),
    "spaces:saved_search_change": (OWNER, of("search")),
    "spaces:saved_search_forget": (OWNER, of("search")),
    # hours asked for and kept
    "spaces:booking_request": (LICENSED, of("far")),
    "spaces:waitlist_join": (LICENSED, of("far")),
    "spaces:waitlist_leave": (OWNER, of("waiting")),
    "spaces:waitlist_rejoin": (OWNER, of("waiting")),
    "spaces:booking_list": (MEMBERS, of()),
    "spaces:booking_detail": (OWNER, of("confirmed")),
    "spaces:booking_refuse": (OWNER, of("awaiting")),
    "spaces:booking_approve": (OWNER, of("awaiting")),
    "spaces:booking_answer": (OWNER, of("booking", "declined")),
    "spaces:agreement": (OWNER, of("confirmed")),
    "spaces:booking_message": (OWNER, of("confirmed")),
    "spaces:booking_calendar": (OWNER, of("confirmed")),
    "spaces:booking_move": (OWNER, of("mine_let")),
    "spaces:booking_dates": (OWNER, of("confirmed")),
    "spaces:booking_unused": (OWNER, of("confirmed")),
    "spaces:booking_keep": (OWNER, of("confirmed")),
    "spaces:dates_leave_out": (OWNER, of("confirmed")),
    "spaces:dates_skip": (OWNER, of("confirmed")),
    "spaces:dates_readd": (OWNER, of("confirmed")),
    "spaces:dates_change": (OWNER, of("confirmed")),
    "spaces:dates_end": (OWNER, of("confirmed")),
    "spaces:date_move": (OWNER, of("confirmed", "confirmed_date")),
    "spaces:proposal_new": (OWNER, of("mine_let", "let_date")),
    "spaces:proposal_withdraw": (OWNER, of("proposal")),
    "spaces:statement": (MEMBERS, of()),
    "spaces:statement_csv": (MEMBERS, of()),
    "spaces:statement_due": (OWNER, of("let_date")),
    "spaces:hand_on_new": (OWNER, of("handed_booking")),
    "spaces:hand_on_detail": (OWNER, of("handed")),
    "spaces:hand_on_answer": (OWNER, of("handed", "withdrawn")),
    "spaces:feed_settings": (MEMBERS, of()),
    "spaces:busy_list": (MEMBERS, of()),
    "spaces:busy_refresh": (OWNER, of("calendar")),
    "spaces:busy_remove": (OWNER, of("calendar")),
    # the bad day
    "spaces:building_detail": (OWNER_AND_MODERATORS, of("building")),
    "spaces:building_post": (OWNER_AND_MODERATORS, of("building")),
    "spaces:post_report": (OWNER_AND_MODERATORS, of("building", "post")),
    "spaces:post_remove": (OWNER_AND_MODERATORS, of("building", "post")),
    "spaces:emergency": (MEMBERS, of()),
    "spaces:incident_report": (OWNER, of()),
    "spaces:incident_detail": (MEMBERS, of("fire")),
    "spaces:incident_closing": (MEMBERS, of("fire")),
    "spaces:incident_speak": (OWNER_AND_MODERATORS, of("report")),
    "spaces:incident_update": (TIED, of("fire")),
    "spaces:incident_places": (OWNER_AND_MODERATORS, of("report")),
    "spaces:incident_room": (TIED, of("fire")),
    "spaces:incident_reopening": (TIED, of("fire", "scope")),
    "spaces:incident_answer": (OWNER_AND_MODERATORS, of("report", "dismissed")),
    "spaces:loan_new": (MEMBERS, of("fire")),
    "spaces:loan_detail": (OWNER_AND_MODERATORS, of("loan")),
    "spaces:loan_write": ("shhinnrr", of("loan")),
    "spaces:loan_answer": (OWNER_AND_MODERATORS, of("loan", "withdrawn")),
    "spaces:way_back": (OWNER, of("way_back")),
    "spaces:borrowed_room": (OWNER, of("used")),
    "spaces:drill_list": (MODERATORS, of()),
    "spaces:drill_detail": (MODERATORS, of("drill")),
    "spaces:pledge_list": (MEMBERS, of()),
    "spaces:pledge_new": (OWNER, of()),
    "spaces:pledge_edit": (OWNER, of("pledge")),
    "spaces:pledge_confirm": (OWNER, of("pledge")),
    "spaces:pledge_end": (OWNER, of("pledge")),
    "spaces:need_new": (MEMBERS, of()),
    "spaces:need_detail": (OWNER_AND_MODERATORS, of("need")),
    "spaces:need_edit": (OWNER, of("need")),
    "spaces:need_publish": (OWNER, of("need")),
    "spaces:need_close": (OWNER_AND_MODERATORS, of("need")),
    "spaces:offer_accept_plan": (OWNER, of("need")),
    "spaces:offer_accept": (OWNER, of("need", "offer")),
    "spaces:offer_decline": (OWNER, of("need", "offer")),
    "spaces:wave_answer": (OWNER_AND_MODERATORS, of("need", "wave", "paused")),
    "spaces:offer_withdraw": (OWNER, of("own_offer")),
}

# What is sent where an empty form would be refused whoever sends it.
SAID: dict[str, Callable[[SimpleNamespace], dict[str, object]]] = {
    "spaces:incident_update": lambda world: {"text": "Power is back."},
    "spaces:incident_room": lambda world: {
        "room-office": world.office.pk,
        "room-until": world.reopens,
    },
    "spaces:incident_reopening": lambda world: {
        f"scope{world.scope.pk}-until": world.reopens
    },
    "spaces:loan_write": lambda world: {"note": "Friday?"},
}

# The signed link is the permission: it works for whoever holds it, wherever they are signed in; another one never.
LINKS: dict[str, Callable[[SimpleNamespace], str]] = {
    "directory:unsubscribe": lambda world: world.mail_off,
    "directory:confirm": lambda world: reverse(
        "directory:confirm", args=[sign(CONFIRM, therapist=world.owner.pk)]
    ),
    "spaces:saved_search_stop": lambda world: stop_path(world.search),
    "spaces:guest_link": lambda world: guest_path(world.invited),
    "spaces:openings_true": lambda world: true_path(world.office, world.owner),
    "spaces:approval_link": lambda world: approval_path(world.awaiting, world.owner),
    "spaces:proposal_link": lambda world: proposal_path(world.proposal),
    "spaces:feed": lambda world: world.feed,
    "spaces:office_feed": lambda world: world.office_feed,
    "spaces:incident_word": lambda world: word_path(world.report, world.owner),
    "spaces:way_back_link": lambda world: way_back_path(world.way_back),
    "spaces:borrowed_link": lambda world: borrowed_path(world.lent, world.owner),
    "spaces:pledge_true": lambda world: pledge_path(world.pledge),
    "spaces:need_link": lambda world: world.need_link,
    "spaces:offer_answer": lambda world: help_path(world.wave, world.other),
}

# allauth's, in one's own account alone; what they ask for first is theirs to say, but a stranger reads nobody's.
FOR_STRANGERS = {
    "account_login",
    "account_logout",
    "account_inactive",
    "account_signup",
    "account_email_verification_sent",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done",
    "account_request_login_code",
    "account_confirm_login_code",
    "mfa_authenticate",
    "mfa_login_webauthn",
}
OF_ONES_OWN = {
    "account_reauthenticate",
    "account_email",
    "account_change_password",
    "account_set_password",
    "mfa_index",
    "mfa_reauthenticate",
    "mfa_activate_totp",
    "mfa_deactivate_totp",
    "mfa_view_recovery_codes",
    "mfa_generate_recovery_codes",
    "mfa_download_recovery_codes",
    "mfa_list_webauthn",
    "mfa_add_webauthn",
    "mfa_reauthenticate_webauthn",
    "mfa_remove_webauthn",
    "mfa_edit_webauthn",
    "usersessions_list",
}
# The provider's: behind a secret of its own, see tests/spaces/views/test_inbound.py
WEBHOOKS = {"anymail:postmark_inbound_webhook", "anymail:postmark_tracking_webhook"}
# At the desk: who may sign in, and how the community behaves.
ADMINISTRATORS_ONLY = {
    "directory_community",
    "directory_user",
    "account_emailaddress",
    "mfa_authenticator",
    "usersessions_usersession",
}
