"""A moderator decides nothing that names themselves: each such matter, at the desk, is refused in words."""

from datetime import timedelta

import pytest
from django.apps import apps
from django.urls import reverse
from django.utils import timezone

from directory.domain.application import vouch_for
from directory.domain.invitation import invite_person
from directory.domain.membership import approve_applicant
from directory.enums import Standing
from directory.models import (
    ApplicationMessage,
    Licence,
    Report,
    StandingEvent,
    Supervision,
    Therapist,
)
from tests.factories.directory import (
    LicenceFactory,
    ModeratorFactory,
    StandingEventFactory,
    SupervisionFactory,
    TherapistFactory,
)

pytestmark = pytest.mark.django_db
PEOPLE = "admin:directory_therapist"
LICENCES = reverse("admin:directory_licence_changelist")


def applicant(**fields):
    return TherapistFactory(standing=Standing.APPLICANT, joined_at=None, **fields)


def decide(person, to):
    data = {"to": to, "reason": "Because."}
    return reverse(f"{PEOPLE}_decide", args=[person.pk]), data


def standing_of_me(me):
    return decide(me, Standing.SUSPENDED)


def whom_i_vouched_for(me):
    person = applicant()
    vouch_for(person, by=me)
    return decide(person, Standing.MEMBER)


def whom_i_invited(me, to=Standing.MEMBER):
    person = invite_person(name="Noor", email="noor@example.org", by=me)
    Therapist.objects.filter(pk=person.pk).update(standing=Standing.APPLICANT)
    return decide(person, to)


def whom_i_invited_and_send_away(me):
    return whom_i_invited(me, Standing.LEFT)


def whom_i_vouched_for_in_the_queue(me):
    person = applicant()
    vouch_for(person, by=me)
    data = {"action": "approve", "_selected_action": [person.pk]}
    return reverse(f"{PEOPLE}_changelist"), data


def appeal_against_me(me):
    person = applicant()
    before = timezone.now() - timedelta(hours=1)
    StandingEventFactory(therapist=person, actor=me, new="left", created_at=before)
    ApplicationMessage.objects.create(
        applicant=person, author=person, text="Look again.", is_appeal=True
    )
    return decide(person, Standing.MEMBER)


def licence_of_mine(me, action="checked"):
    renewed = timezone.localdate() + timedelta(days=400)
    licence = LicenceFactory(therapist=me, renews_until=renewed)
    data = {"action": action, "_selected_action": [licence.pk], "reason": "x"}
    return f"{LICENCES}?renewal=all", data


def renewal_of_mine(me):
    return licence_of_mine(me, "refuse")


def report(about, reporter):
    report = Report.objects.create(about=about, reporter=reporter, text="So it was.")
    url = reverse("admin:directory_report_decide", args=[report.pk])
    return url, {"outcome": "nothing", "reason": "Nothing to it."}


def report_about_me(me):
    return report(me, TherapistFactory())


def report_by_me(me):
    return report(TherapistFactory(), me)


def merged_into_me(me):
    data = {"duplicate": TherapistFactory().pk, "reason": "x", "confirm": "1"}
    return reverse(f"{PEOPLE}_merge", args=[me.pk]), data


def merged_into_another(me):
    data = {"duplicate": me.pk, "reason": "x", "confirm": "1"}
    return reverse(f"{PEOPLE}_merge", args=[TherapistFactory().pk]), data


def seen_as_me(me):
    return reverse(f"{PEOPLE}_see", args=[me.pk]), {"reason": "To see."}


OWN_CASES = [
    (standing_of_me, "This is about you"),
    (whom_i_vouched_for, "another moderator decides"),
    (whom_i_vouched_for_in_the_queue, "another moderator decides"),
    (whom_i_invited, "another moderator decides"),
    (whom_i_invited_and_send_away, "another moderator decides"),
    (appeal_against_me, "an appeal is read by another moderator"),
    (licence_of_mine, "Another moderator has to check this licence"),
    (renewal_of_mine, "Another moderator has to check this licence"),
    (report_about_me, "A moderator decides who is not themself part"),
    (report_by_me, "A moderator decides who is not themself part"),
    (merged_into_me, "Somebody else decides what is about you"),
    (merged_into_another, "Somebody else decides what is about you"),
    (seen_as_me, "That is you: you see it anyway"),
]


def everything():
    """Of all that could have been decided."""
    models = [Therapist, StandingEvent, Licence, Report, Supervision]
    models.append(apps.get_model("directory", "LicenceCheck"))
    return [list(model.objects.order_by("pk").values()) for model in models]


def test_what_names_oneself_is_left_to_others(client, moderator, subtests):
    ModeratorFactory()
    for case, words in OWN_CASES:
        with subtests.test(case.__name__):
            url, data = case(moderator)
            before = everything()

            answer = client.post(url, data, follow=True)

            assert words in answer.text
            assert everything() == before


def test_who_asked_somebody_decides_where_there_is_nobody_else(client, moderator):
    """And what an imported list brought is nobody's own."""
    url, data = whom_i_invited(moderator)

    client.post(url, data)

    assert Therapist.objects.get(name="Noor").standing == Standing.MEMBER
    ModeratorFactory()
    listed = applicant()
    told = {"new": Standing.INVITED, "reason": "Imported list."}
    StandingEventFactory(therapist=listed, actor=moderator, **told)
    approve_applicant(listed, by=moderator)


def test_ones_own_rows_are_only_shown(client, moderator):
    """A supervision counts once both have said yes; a licence, once another looked it up. Insurance is one's own word."""
    SupervisionFactory(trainee=moderator)
    LicenceFactory(therapist=moderator)
    own = reverse(f"{PEOPLE}_change", args=[moderator.pk])
    other = reverse(f"{PEOPLE}_change", args=[TherapistFactory().pk])
    changeable = [
        {
            formset.opts.model.__name__
            for formset in client.get(url).context["inline_admin_formsets"]
            if formset.has_change_permission
        }
        for url in (own, other)
    ]

    assert changeable[0].isdisjoint({"Supervision", "Licence"})
    assert changeable[1] >= {"Supervision", "Licence"}
    assert "Insurance" not in changeable[0] | changeable[1]
