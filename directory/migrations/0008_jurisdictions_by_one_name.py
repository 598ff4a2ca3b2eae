"""“CA”, “ca.” and “california” are California: rules are looked up by one name. Nothing of the tables changes.

Where two rows become the same, one stays: of a licence the one that was checked, with the later end; of a rule the
one that was looked up last.
"""

from collections import defaultdict
from collections.abc import Callable
from datetime import date
from typing import Any

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

import directory.jurisdictions

ENDLESS = date.max.toordinal()


def name_by_one_name(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Safe to run twice."""
    licence = apps.get_model("directory", "Licence")
    rule = apps.get_model("directory", "SupervisionRule")
    _rename(licence, ["therapist_id", "kind_id", "number"], _checked_and_long)
    _rename(rule, ["kind_id"], lambda found: (found.looked_up_on, found.pk))
    for community in apps.get_model("directory", "Community").objects.all():
        community.save(update_fields=["jurisdiction"])


def _rename(model: Any, names: list[str], worth: Callable[[Any], Any]) -> None:
    same = defaultdict(list)
    for row in model.objects.all():
        named = directory.jurisdictions.jurisdiction_named(row.jurisdiction)
        same[named, *(getattr(row, name) for name in names)].append(row)
    for rows in same.values():
        kept = max(rows, key=worth)
        model.objects.filter(pk__in=[row.pk for row in rows if row != kept]).delete()
        kept.save(update_fields=["jurisdiction"])


def _checked_and_long(licence: Any) -> Any:
    ends = licence.expires_on.toordinal() if licence.expires_on else ENDLESS
    return licence.checked_at is not None, ends, licence.pk


class Migration(migrations.Migration):
    dependencies = [("directory", "0007_seed_office_vocabulary")]

    operations = [
        migrations.AlterField(
            model_name="community",
            name="jurisdiction",
            field=directory.jurisdictions.JurisdictionField(
                default="California", max_length=60, verbose_name="jurisdiction"
            ),
        ),
        migrations.AlterField(
            model_name="licence",
            name="jurisdiction",
            field=directory.jurisdictions.JurisdictionField(
                max_length=60, verbose_name="state"
            ),
        ),
        migrations.AlterField(
            model_name="supervisionrule",
            name="jurisdiction",
            field=directory.jurisdictions.JurisdictionField(
                max_length=60, verbose_name="state"
            ),
        ),
        migrations.RunPython(name_by_one_name, migrations.RunPython.noop),
    ]
