from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("provisioning", "0005_what_was_being_done"),
    ]

    operations = [
        migrations.CreateModel(
            name="Postmark",
            fields=[
                (
                    "key",
                    models.UUIDField(
                        help_text="The letter's, the same at every try.", primary_key=True, serialize=False
                    ),
                ),
                ("mailbox", models.CharField(max_length=64)),
                (
                    "address",
                    models.CharField(help_text="One of several that lead to this mailbox.", max_length=64),
                ),
                ("sort", models.CharField(max_length=60)),
                ("at", models.DateTimeField()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["mailbox", "at"], name="letters_to_a_mailbox"),
                    models.Index(fields=["at"], name="postmarks_by_age"),
                ],
            },
        ),
    ]
