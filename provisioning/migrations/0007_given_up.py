"""Not concurrently: that waits for every open transaction, also for those of hosts that wait for this migration."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("provisioning", "0006_postmarks")]

    operations = [
        migrations.AddIndex(
            model_name="step",
            index=models.Index(fields=["account"], condition=models.Q(("state", "dead")), name="steps_given_up"),
        ),
    ]
