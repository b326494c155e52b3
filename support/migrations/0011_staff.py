"""The permission to manage staff, which owners have."""

from django.db import migrations


def grant(apps, schema_editor):
    """Django makes permissions only after all migrations, so that of the role is made here."""
    kind, _ = apps.get_model("contenttypes", "ContentType").objects.get_or_create(app_label="support", model="ticket")
    permission, _ = apps.get_model("auth", "Permission").objects.get_or_create(
        content_type=kind, codename="manage_staff", defaults={"name": "Invite staff, and change their access"}
    )
    for group in apps.get_model("auth", "Group").objects.filter(name="owner"):
        group.permissions.add(permission)


class Migration(migrations.Migration):
    dependencies = [
        ("support", "0010_week_introduction_and_requests"),
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
                    ("manage_staff", "Invite staff, and change their access"),
                ]
            },
        ),
        migrations.RunPython(grant, migrations.RunPython.noop),
    ]
