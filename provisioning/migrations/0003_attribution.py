"""Who failed is remembered instead of how many.

The columns `failing` and `several` stay in the table for workers of the release before; the release after this
one drops them.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("provisioning", "0002_faults")]

    operations = [
        migrations.AddField(
            "dependency",
            "evidence",
            models.JSONField(default=dict, db_default={}, help_text="Who failed, who went through: attribution.py"),
        ),
        migrations.AddField(
            "step",
            "theirs",
            models.PositiveIntegerField(
                default=0, db_default=0, help_text="How often it failed while others went through."
            ),
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.AlterField("dependency", "several", models.BooleanField(default=False, db_default=False)),
            ],
            state_operations=[
                migrations.RemoveField("dependency", "failing"),
                migrations.RemoveField("dependency", "several"),
            ],
        ),
    ]
