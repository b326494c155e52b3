"""Sessions of this database are limited by the server, so that it holds whatever stands in between."""

from django.db import migrations

from accounts.database.timeouts import limit_server


def limit(apps, schema_editor):
    limit_server(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_language"),
    ]

    operations = [migrations.RunPython(limit, migrations.RunPython.noop, elidable=False)]
