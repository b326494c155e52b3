"""Without standing in the way of whoever writes meanwhile."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("provisioning", "0006_postmarks")]

    operations = [
        AddIndexConcurrently(
            model_name="step",
            index=models.Index(fields=["account"], condition=models.Q(("state", "dead")), name="steps_given_up"),
        ),
    ]
