"""The terms and synonyms of directory/vocabularies.toml that no migration brought before."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from directory.domain.vocabulary import seed_vocabularies


def seed(apps: Apps, schema_editor: BaseDatabaseSchemaEditor | None) -> None:
    seed_vocabularies(apps.get_model("directory", "Term"))


class Migration(migrations.Migration):
    dependencies = [("directory", "0018_term_replaced_by")]

    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]
