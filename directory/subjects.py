"""What each message about people is about, in a few words, for the page that says why mail comes."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

SUBJECTS: dict[str, str | Promise] = {
    "account_mail": _("Your sign-in"),
    "application_approved": _("Welcome to the community"),
    "application_declined": _("The decision about your application"),
    "application_message": _("A message about an application"),
    "application_received": _("Somebody asks to join"),
    "colleagues_found": _("Colleagues you look out for"),
    "desk_digest": _("What waits at the desk"),
    "digest": _("What is new"),
    "fast_lane": _("Joining quickly in an emergency"),
    "invitation": _("An invitation"),
    "licence_expires": _("Your licence ends soon"),
    "licence_lapsed": _("Your licence has lapsed"),
    "licence_refused": _("The check of your licence"),
    "licence_renewed": _("Your licence was renewed"),
    "mail_limit": _("The mail provider’s limit"),
    "member_message": _("A message from a member"),
    "membership_left": _("You left the community"),
    "membership_reinstated": _("You are back in the community"),
    "membership_suspended": _("Your membership was suspended"),
    "profile_confirm": _("Is your profile still true?"),
    "profiles_merged": _("Your two profiles were made one"),
    "report_decided": _("The decision about a report"),
    "report_received": _("A member was reported"),
    "seen_as": _("A moderator looked at your pages"),
    "sign_in_code": _("Your sign-in code"),
    "supervision_accepted": _("Supervision agreed"),
    "supervision_asked": _("Somebody names you as supervisor"),
    "supervision_ended": _("Supervision ended"),
}
