"""The weekly email, the introduction of the desk, no emails at night, and deletion on request."""

from django.db import migrations, models

NEW = [
    ("ticket", "delete_on_request", "Delete an account on its holder's request"),
    ("desk", "change_desk", "Can change desk"),
    ("away", "change_away", "Can change away"),
    ("away", "delete_away", "Can delete away"),
]


def grant(apps, schema_editor):
    """Django makes permissions only after all migrations, so those a role needs are made here."""
    kinds = apps.get_model("contenttypes", "ContentType").objects
    permissions = apps.get_model("auth", "Permission").objects
    made = []
    for model, codename, name in NEW:
        kind, _ = kinds.get_or_create(app_label="support", model=model)
        made.append(permissions.get_or_create(content_type=kind, codename=codename, defaults={"name": name})[0])
    for group in apps.get_model("auth", "Group").objects.filter(name__in=("support", "owner")):
        group.permissions.add(*made)


class Migration(migrations.Migration):
    dependencies = [
        ("support", "0009_letter_epoch"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="ticket",
            options={
                "permissions": [
                    ("recover", "Recover an account"),
                    ("recover_all", "Recover everybody in an incident"),
                    ("let_in", "Let somebody in, finish later"),
                    ("correct_address", "Correct an address after proof"),
                    ("vouch", "Vouch for somebody and send a new-password link"),
                    ("reply", "Write to people"),
                    ("put_aside", "Put a ticket aside"),
                    ("hand_over", "Hand a ticket over to the owner"),
                    ("mark_abusive", "Hide a message"),
                    ("close", "Close a ticket"),
                    ("correct_company", "Correct a company name"),
                    ("link_account", "Link a stranger's ticket to an account"),
                    ("delete_on_request", "Delete an account on its holder's request"),
                ]
            },
        ),
        migrations.AddField(
            model_name="desk",
            name="introduced_at",
            field=models.DateTimeField(
                editable=False, help_text="When the agent gave name, hours and zone, or said “not now”.", null=True
            ),
        ),
        migrations.AddField(
            model_name="desk",
            name="wake_at_night",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="Otherwise the email about an incident waits until somebody is at work.",
                verbose_name="email about incidents at night",
            ),
        ),
        migrations.AlterField(
            model_name="dayletter",
            name="kind",
            field=models.CharField(
                choices=[
                    ("morning", "morning"),
                    ("evening", "evening"),
                    ("owner", "more than one person can do"),
                    ("backup", "somebody is stuck and nobody is at work"),
                    ("week", "what waits for the owner, once a week"),
                ],
                max_length=8,
            ),
        ),
        migrations.RunPython(grant, migrations.RunPython.noop),
    ]
