from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

REGISTERS = {
    "California": "https://search.dca.ca.gov/",
    "New York": "https://www.op.nysed.gov/verification-search",
    "Norway": "https://register.helsedirektoratet.no/",
}


def seed(apps: Apps, schema_editor: BaseDatabaseSchemaEditor | None) -> None:
    register = apps.get_model("directory", "LicenceRegister")
    for jurisdiction, url in REGISTERS.items():
        register.objects.get_or_create(jurisdiction=jurisdiction, defaults={"url": url})


class Migration(migrations.Migration):
    dependencies = [("directory", "0013_licence_renewal")]

    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]
