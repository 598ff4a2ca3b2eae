"""The words people choose from: seeded again without harm, retired without losing anybody."""

import pytest
from django.contrib.messages import get_messages
from django.core.management import call_command
from django.db.models import F
from django.urls import reverse

from directory.domain.vocabulary import retire_term
from directory.enums import TermKind
from directory.errors import DomainError, NotAllowedError
from directory.models import Term
from tests.factories.directory import LicenceFactory, TermFactory, TherapistFactory
from tests.factories.spaces import OfficeFactory

pytestmark = pytest.mark.django_db
LIST = reverse("directory:therapist_list")


def term(kind, slug):
    return Term.objects.get(kind=kind, slug=slug)


def test_seeding_adds_what_is_missing_and_leaves_what_moderators_changed(capsys):
    term(TermKind.SPECIALTY, "smoking").delete()
    sleep = Term.objects.filter(kind="specialty", slug="sleep")
    sleep.update(label="Rest", synonyms=["Insomnia"])
    anger = Term.objects.filter(kind="specialty", slug="anger")
    anger.update(retired=True, synonyms=[])
    own = TermFactory(kind="specialty", slug="own", label="mood")  # as moderators wrote
    Term.objects.filter(kind="specialty", slug="mood").delete()
    before = Term.objects.count()

    call_command("seed_vocabularies")
    first = capsys.readouterr().out
    call_command("seed_vocabularies")

    assert first == "1 new terms, 1 with new synonyms.\n"
    assert capsys.readouterr().out == "0 new terms, 0 with new synonyms.\n"
    assert Term.objects.count() == before + 1
    assert (sleep.get().label, anger.get().retired) == ("Rest", True)
    assert "Sleep or insomnia" in sleep.get().synonyms
    assert anger.get().synonyms == []
    assert Term.objects.filter(label__iexact="mood").get() == own
    assert {"ase", "cmn", "yue"} <= set(
        Term.objects.of_kind("language").values_list("slug", flat=True)
    )


def test_a_term_retired_into_another_takes_everybody_along(
    client, therapist, moderator
):
    old = TermFactory(kind="specialty", slug="temper", label="Temper", synonyms=["Ire"])
    new = term(TermKind.SPECIALTY, "anger")
    only_old, both = TherapistFactory.create_batch(2)
    only_old.terms.add(old)
    both.terms.add(old, new)
    LicenceFactory(therapist=only_old, kind=old, number="1")
    for kind in (old, new):
        LicenceFactory(therapist=both, kind=kind, number="2")
    office = OfficeFactory()
    office.attributes.add(old)

    for wrong, by, error in [
        (term(TermKind.LANGUAGE, "es"), moderator, DomainError),
        (old, moderator, DomainError),
        (TermFactory(kind="specialty", slug="x", retired=True), moderator, DomainError),
        (new, therapist, NotAllowedError),
    ]:
        with pytest.raises(error):
            retire_term(old, into=wrong, by=by)
    retire_term(old, into=new, by=moderator)

    old.refresh_from_db()
    assert (old.retired, old.replaced_by) == (True, new)
    assert only_old.terms.get() == both.terms.get() == office.attributes.get() == new
    assert only_old.licences.get().kind == new
    assert both.licences.filter(kind=F("kind")).count() == 2  # entered twice: stays
    for asked in ({"q": "temper"}, {"q": "ire"}, {"specialty": "temper"}):
        cards = client.get(LIST, asked).context["cards"]
        assert {card.person for card in cards} == {only_old, both}, asked


def test_the_desk_retires_terms_and_says_why_not(client, moderator):
    client.force_login(moderator.user)
    old, new = (
        TermFactory(kind="school", slug=slug, label=slug) for slug in ("meridiem", "mi")
    )
    url = reverse("admin:directory_term_changelist")
    asked = {"action": "retire", "_selected_action": [old.pk]}

    page = client.post(url, asked)
    refused = client.post(url, {**asked, "into": old.pk})
    done = client.post(url, {**asked, "into": new.pk})

    assert b"takes its place" in page.content
    assert "same vocabulary" in str([*get_messages(refused.wsgi_request)])
    assert done.status_code == 302
    old.refresh_from_db()
    assert old.replaced_by == new
    page = client.get(reverse("admin:directory_term_change", args=[old.pk]))
    assert b'name="retired"' not in page.content
