"""The words that people choose from: where they begin, and how one gives way to another."""

import tomllib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from directory.errors import DomainError, NotAllowedError
from directory.models import Term, Therapist

BEGINNING = Path(__file__).parent.parent / "vocabularies.toml"


# --- Where they begin ---------------------------------------------------------------


@transaction.atomic
def seed_vocabularies(model: type[Term] = Term) -> tuple[int, int]:
    """How many terms came, and how many known ones learnt a synonym. May be run at any time; ``model``: a migration's.

    What moderators changed stays: a label, a heading, what is retired, and what is a word of another term by now.
    """
    known = {(term.kind, term.slug): term for term in model.objects.all()}
    said = {
        (term.kind, word.casefold())
        for term in known.values()
        for word in (term.label, *term.synonyms)
    }
    new: list[Term] = []
    learnt: list[Term] = []
    for term in _beginning(model):
        there = known.get((term.kind, term.slug))
        unsaid = [
            word for word in term.synonyms if (term.kind, word.casefold()) not in said
        ]
        if there is None and (term.kind, term.label.casefold()) not in said:
            new.append(term)
        elif there is not None and unsaid and not there.retired:
            there.synonyms = [*there.synonyms, *unsaid]
            learnt.append(there)
    model.objects.bulk_create(new)
    model.objects.bulk_update(learnt, ["synonyms"])
    return len(new), len(learnt)


def _beginning(model: type[Term]) -> Iterator[Term]:
    for kind, terms in tomllib.loads(BEGINNING.read_text("utf-8")).items():
        for name, said in terms.items():
            is_heading = isinstance(said, dict)
            under = said if is_heading else {name: said}
            group = name if is_heading else ""
            for slug, (label, *synonyms) in under.items():
                yield model(
                    kind=kind, slug=slug, label=label, synonyms=synonyms, group=group
                )


# --- Giving way ---------------------------------------------------------------------


@transaction.atomic
def retire_term(term: Term, *, into: Term, by: Therapist) -> None:
    """Whoever chose ``term`` has ``into`` instead, which is found by the old words, too. Links to the old one go on."""
    if not by.is_moderator:
        raise NotAllowedError(_("Only moderators keep the vocabularies."))
    locked = Term.objects.select_for_update(no_key=True).order_by("pk")
    rows = {row.pk: row for row in locked.filter(pk__in=[term.pk, into.pk])}
    term, into = rows[term.pk], rows[into.pk]
    if term.pk == into.pk or term.kind != into.kind:
        raise DomainError(_("Choose another term of the same vocabulary."))
    if into.retired:
        raise DomainError(_("“%(term)s” is retired itself.") % {"term": into})
    known = {word.casefold() for word in (into.label, *into.synonyms)}
    words = dict.fromkeys([term.label, *term.synonyms])
    into.synonyms = [
        *into.synonyms,
        *(word for word in words if word.casefold() not in known),
    ]
    into.save(update_fields=["synonyms"])
    Term.objects.filter(replaced_by=term).update(replaced_by=into)
    term.retired, term.replaced_by = True, into
    term.save(update_fields=["retired", "replaced_by"])
    for relation in _relations():
        _move(relation, term, into)


def _relations() -> Iterator[Any]:
    """Of every app; the tables between two others stand for the relation they carry."""
    options = Term._meta  # noqa: SLF001 -- Django's own way to ask
    for field in options.get_fields(include_hidden=True):
        if field.is_relation and field.auto_created and not field.concrete:
            model: Any = field.related_model
            if model is not Term and not model._meta.auto_created:  # noqa: SLF001
                yield field


def _move(relation: Any, old: Term, new: Term) -> None:
    """Whatever points at the old term, in any app."""
    name = relation.field.name
    if relation.many_to_many:
        owner = relation.field.m2m_field_name()
        name = relation.field.m2m_reverse_field_name()
        rows = relation.through.objects.all()
        has_both = rows.filter(**{name: new}).values(owner)
        rows.filter(**{name: old, f"{owner}__in": has_both}).delete()
        rows.filter(**{name: old}).update(**{name: new})
    else:
        rows = relation.related_model.objects.all()
        for pk in rows.filter(**{name: old}).values_list("pk", flat=True):
            with suppress(IntegrityError), transaction.atomic():  # entered twice: stays
                rows.filter(pk=pk).update(**{name: new})
