"""The desk stays quick however many rows there are: every list and page of it, whatever model somebody adds."""

import re
from datetime import date, timedelta

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.contrib.admin.models import CHANGE, LogEntry
from django.db import connection
from django.forms import ModelChoiceField
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from directory import models as people
from directory.enums import TermKind
from spaces import models as places
from spaces.models.reply import Reply
from tests.factories import directory as of_people
from tests.factories import spaces as of_places
from tests.spaces.rooms import open_office

pytestmark = pytest.mark.django_db
LATER = timezone.now() + timedelta(days=7)
STATES = iter(["NY", "OR", "WA", "NV", "AZ"])
NUMBER = iter(range(1000))
MANY = {  # whoever is chosen from these is looked up, not scrolled to
    people.Therapist,
    people.User,
    people.Term,
    places.Building,
    places.Office,
    places.Booking,
    places.Incident,
    places.Need,
}

INLINE = re.compile(
    r"<script(?![^>]*\b(?:src=|type=.application/json))[^>]*>|<style\b|\sstyle=[^ >]+|\son[a-z]+=\"[^\"]*",
    re.IGNORECASE,
)


def report():
    return people.Report.objects.create(
        about=of_people.TherapistFactory(),
        reporter=of_people.TherapistFactory(),
        text="Rude.",
    )


def rule():
    return people.SupervisionRule.objects.create(
        kind=of_people.TermFactory(kind=TermKind.CREDENTIAL),
        jurisdiction=f"US-{next(STATES)}",
        party="supervisor",
        says="x",
        source="x",
        looked_up_on=date(2026, 11, 1),
    )


def way_back():
    return places.WayBack.objects.create(
        incident=of_places.IncidentFactory(status="over"),
        guest=of_people.TherapistFactory(),
        answer_by=LATER,
    )


def borrowed():
    return places.BorrowedRoom.objects.create(
        booking=of_places.BookingFactory(),
        incident=of_places.IncidentFactory(status="over"),
        answer_by=LATER,
    )


def post():
    office = of_places.OfficeFactory()
    return places.BuildingPost.objects.create(
        building=office.building, author=office.hosts.get(), text="The lift is stuck."
    )


def user_session():
    user = of_people.UserFactory()
    return UserSession.objects.create(
        user=user, ip="127.0.0.1", session_key=f"k{user.pk}", user_agent="x"
    )


def with_history(person):
    of_people.StandingEventFactory(therapist=person, new="member")
    of_people.LicenceFactory(therapist=person)
    of_people.SupervisionFactory(trainee=person)
    return person


def wave():
    found = of_places.WaveFactory()
    of_places.WaveRecipientFactory(wave=found)
    return found


def booking():
    found = of_places.BookingFactory()
    of_places.OccurrenceFactory(booking=found)
    return found


MAKERS = {
    EmailAddress: lambda: EmailAddress.objects.create(
        user=of_people.UserFactory(), email=f"other{next(NUMBER)}@example.org"
    ),
    Authenticator: lambda: of_people.AuthenticatorFactory(user=of_people.UserFactory()),
    UserSession: user_session,
    LogEntry: lambda: LogEntry.objects.create(
        user=of_people.UserFactory(), action_flag=CHANGE, object_repr="x"
    ),
    people.Absence: of_people.AbsenceFactory,
    people.Community: lambda: (
        people.Community.objects.first() or of_people.CommunityFactory()
    ),
    people.Delivery: of_people.DeliveryFactory,
    people.Licence: lambda: of_people.LicenceFactory(renews_until=LATER.date()),
    people.LicenceRegister: lambda: people.LicenceRegister.objects.get_or_create(
        jurisdiction=f"US-{['CA', 'TX', 'FL', 'UT'][next(NUMBER) % 4]}",
        defaults={"url": "https://register.example.org"},
    )[0],
    people.Report: report,
    people.SupervisionRule: rule,
    people.Term: of_people.TermFactory,
    people.Therapist: lambda: with_history(of_people.TherapistFactory()),
    people.User: lambda: of_people.TherapistFactory().user,
    places.Booking: booking,
    places.BorrowedRoom: borrowed,
    places.Building: lambda: of_places.OfficeFactory().building,
    places.BuildingPost: post,
    places.Closure: of_places.ClosureFactory,
    places.Drill: lambda: places.Drill.objects.create(by=of_people.ModeratorFactory()),
    places.HandOn: of_places.HandOnFactory,
    places.Incident: of_places.IncidentFactory,
    places.Need: of_places.NeedFactory,
    places.Offer: of_places.OfferFactory,
    places.Office: open_office,
    places.Opening: of_places.OpeningFactory,
    places.Pledge: of_places.PledgeFactory,
    Reply: lambda: Reply.objects.create(
        told=of_places.WaveRecipientFactory(), key=f"{next(NUMBER)}"
    ),
    places.WaitlistEntry: of_places.WaitlistEntryFactory,
    places.Wave: wave,
    places.WayBack: way_back,
}


@pytest.fixture
def desk(client, moderator):
    """An administrator's browser."""
    moderator.user.is_superuser = True
    moderator.user.save()
    return client


def test_every_model_of_the_desk_is_walked():
    assert set(MAKERS) == set(admin.site._registry)  # noqa: SLF001 -- what is registered


@pytest.mark.parametrize("model", MAKERS, ids=lambda model: model._meta.model_name)  # noqa: SLF001
def test_lists_and_pages_ask_as_much_for_many_rows_as_for_one(desk, model, subtests):
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}"  # noqa: SLF001
    everything = reverse(f"{name}_changelist")
    if model is people.Therapist:
        everything += "?standing=all"
    row = MAKERS[model]()
    page = reverse(f"{name}_change", args=[row.pk])

    def queries(url):
        with CaptureQueriesContext(connection) as asked:
            answer = desk.get(url)
        assert answer.status_code == 200
        inline.update(INLINE.findall(answer.content.decode()))
        return len(asked)

    inline = set()
    queries(page)  # what is kept for a while is kept now
    before = queries(everything), queries(page)
    for _more in range(2):
        MAKERS[model]()

    with subtests.test("list"):
        assert queries(everything) == before[0]
    with subtests.test("page"):
        assert queries(page) == before[1]
    with subtests.test("no script or style stands in the page"):
        assert inline == set()
    with subtests.test("search"):
        assert desk.get(reverse(f"{name}_changelist"), {"q": "x y"}).status_code == 200


@pytest.mark.parametrize("model", MAKERS, ids=lambda model: model._meta.model_name)  # noqa: SLF001
def test_nothing_is_chosen_from_a_list_of_thousands(moderator, model):
    request = RequestFactory().get("/")
    request.user, request.therapist = moderator.user, moderator
    moderator.user.is_superuser = True
    desk = admin.site._registry[model]  # noqa: SLF001
    forms = [desk.get_form(request, change=True)]
    forms += [
        rows.get_formset(request).form
        for rows in desk.get_inline_instances(request)
        if rows.has_change_permission(request, None)
    ]

    scrolled = [
        f"{form.__name__}.{name}"
        for form in forms
        for name, field in form.base_fields.items()
        if isinstance(field, ModelChoiceField)
        and field.queryset.model in MANY
        and hasattr(field.widget, "widget")
        and field.widget.widget.__class__.__name__ in {"Select", "SelectMultiple"}
    ]

    assert scrolled == []
