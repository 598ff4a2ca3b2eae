"""What California says of renting by people under supervision: information with its source, not legal advice.

Moderators correct it in the admin; what they changed stays.
"""

from datetime import date

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

SAYS = (
    "California's licensing laws say, in substance, that {who} works as an employee or volunteer, has no proprietary "
    "interest in the employer's business, and does not lease or rent space, pay for furnishings, equipment or supplies, "
    "or in any other way pay for the obligations of the employer. So the supervisor approves a booking here and owes "
    "what is due. This is information, not legal advice; ask your board or a lawyer what holds for you."
)
SOURCE = (
    "California Business and Professions Code, section {section} (leginfo.legislature.ca.gov). Wording known from "
    "secondary sources; section number and present wording not verified against the code: check before relying on it."
)
RULES = {  # licence: who it is, section
    "amft": ("an associate marriage and family therapist", "4980.43.3"),
    "acsw": ("an associate clinical social worker", "4996.23.2"),
    "apcc": ("an associate professional clinical counselor", "4999.46.3"),
    "trainee": ("a trainee in marriage and family therapy or counseling", "4980.43.3"),
}


def seed(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Safe to run twice: a rule that exists stays as it is. Without the vocabulary there is nothing to rule."""
    term = apps.get_model("directory", "Term")
    rule = apps.get_model("directory", "SupervisionRule")
    kinds = {
        kind.slug: kind
        for kind in term.objects.filter(kind="credential", slug__in=RULES)
    }
    rule.objects.bulk_create(
        [
            rule(
                jurisdiction="California",
                kind=kinds[slug],
                party="supervisor",
                says=SAYS.format(who=who),
                source=SOURCE.format(section=section),
                looked_up_on=date(2026, 11, 22),
            )
            for slug, (who, section) in RULES.items()
            if slug in kinds
        ],
        ignore_conflicts=True,
    )


class Migration(migrations.Migration):
    dependencies = [("directory", "0004_supervision_rule")]

    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]
