"""Who may use the desk is found without reading everybody."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # on a large table, beside those who sign up

    dependencies = [
        ("accounts", "0010_canary"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="account",
            index=models.Index(condition=models.Q(("is_staff", True)), fields=["id"], name="who_is_staff"),
        ),
    ]
