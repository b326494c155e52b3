"""Notes on accounts, saved replies, recoveries of selected people, who is locked out; and messages are found by words."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models.functions import Now

import support.models.notes

WORDS = "to_tsvector('simple', translate(left(subject || ' ' || body, 50000), './-@_&+,:;()', '            '))"
NEW = [
    ("ticket", "correct_company", "Correct a company name"),
    ("ticket", "link_account", "Link a stranger's ticket to an account"),
    ("note", "add_note", "Can add note"),
    ("note", "view_note", "Can view note"),
    *(
        ("savedreply", f"{verb}_savedreply", f"Can {verb} saved reply")
        for verb in ("add", "change", "delete", "view")
    ),
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


def by_words(table):
    name = f"find_by_words_{table}"
    return migrations.RunSQL(f"CREATE INDEX {name} ON {table} USING gin (({WORDS}))", f"DROP INDEX {name}")


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("support", "0006_recovery_codes"),
    ]
    operations = [
        migrations.CreateModel(
            name="SavedReply",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("title", models.CharField(max_length=80, unique=True)),
                (
                    "body",
                    models.TextField(
                        help_text="{name}, {next_try} and {login} are filled in. A sentence whose fact is not known is"
                        " left out.",
                        validators=[support.models.notes.check_placeholders],
                    ),
                ),
            ],
            options={"verbose_name_plural": "saved replies", "ordering": ["title"]},
        ),
        migrations.CreateModel(
            name="Note",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("body", models.TextField()),
                ("at", models.DateTimeField(db_default=Now())),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "author",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="ticket",
            name="locked_out",
            field=models.BooleanField(db_default=False, default=False, help_text="They cannot get in."),
        ),
        migrations.AlterField(
            model_name="recovery",
            name="incident",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="support.incident"
            ),
        ),
        migrations.AddIndex(
            model_name="ticket",
            index=models.Index(
                condition=models.Q(("account", None)),
                fields=["email"],
                name="tickets_of_strangers",
                opclasses=["text_pattern_ops"],
            ),
        ),
        migrations.AlterModelOptions(
            name="ticket",
            options={
                "permissions": [
                    ("recover", "Recover an account"),
                    ("recover_all", "Recover everybody of an incident"),
                    ("let_in", "Let somebody in with a debt"),
                    ("correct_address", "Correct an address after proof"),
                    ("vouch", "Vouch for somebody and start a reset"),
                    ("reply", "Write to people"),
                    ("put_aside", "Put a ticket aside"),
                    ("hand_over", "Hand a ticket to the owner"),
                    ("mark_abusive", "Hide the words of a message"),
                    ("close", "Close a ticket"),
                    ("correct_company", "Correct a company name"),
                    ("link_account", "Link a stranger's ticket to an account"),
                ]
            },
        ),
        by_words("support_message"),
        by_words("support_letter"),
        migrations.RunPython(grant, migrations.RunPython.noop),
    ]
