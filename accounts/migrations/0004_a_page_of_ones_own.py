"""What a page of one's own shows and changes. Sessions that are open already are found again by it."""

from datetime import timedelta

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.db import migrations, models
from django.utils import timezone

BATCH = 1000


def adopt_sessions(apps, schema_editor):
    """From which browser is not known of them; when they were last saved is."""
    sessions, logins = apps.get_model("sessions", "Session"), apps.get_model("accounts", "Login")
    known = {str(pk) for pk in apps.get_model("accounts", "Account").objects.values_list("pk", flat=True)}
    rows = []
    for session in sessions.objects.filter(expire_date__gt=timezone.now()).iterator(BATCH):
        owner = SessionStore().decode(session.session_data).get("_auth_user_id")
        if owner in known:
            since = session.expire_date - timedelta(seconds=settings.SESSION_COOKIE_AGE)
            rows.append(logins(account_id=owner, session_id=session.pk, at=since))
    logins.objects.bulk_create(rows, batch_size=BATCH, ignore_conflicts=True)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_limits"),
        ("sessions", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="accessrequest",
            name="to",
            field=models.EmailField(
                blank=True, db_default="", default="", help_text="If not to `email`.", max_length=254
            ),
        ),
        migrations.AddField(
            model_name="account",
            name="zone",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="The one they chose. Empty: pages show their browser's.",
                max_length=64,
                verbose_name="time zone",
            ),
        ),
        migrations.AddField(
            model_name="signupclaim",
            name="company",
            field=models.CharField(blank=True, db_default="", default="", max_length=300),
        ),
        migrations.AddField(
            model_name="signupclaim",
            name="phone",
            field=models.CharField(blank=True, db_default="", default="", max_length=200),
        ),
        migrations.AlterField(
            model_name="accessrequest",
            name="kind",
            field=models.CharField(
                choices=[
                    ("reset", "asked to choose a new password"),
                    ("resend", "asked for the letter again"),
                    ("password_changed", "chose a new password"),
                    ("move", "asked to have another address"),
                    ("moved", "has another address"),
                ],
                max_length=16,
            ),
        ),
        migrations.AlterField(
            model_name="account",
            name="language",
            field=models.CharField(
                db_default="en",
                default="en",
                help_text="The one they signed up in, or chose since: our letters are written in it.",
                max_length=8,
                verbose_name="language",
            ),
        ),
        migrations.AlterField(
            model_name="mailboxlink",
            name="email",
            field=models.EmailField(
                help_text="Where it was sent; void once the account has another address.", max_length=254
            ),
        ),
        migrations.AlterField(
            model_name="mailboxlink",
            name="purpose",
            field=models.CharField(
                choices=[
                    ("confirm", "confirm the address"),
                    ("already_here", "decide about a second sign-up"),
                    ("reset", "choose a new password"),
                    ("move", "have another address"),
                ],
                max_length=12,
            ),
        ),
        migrations.CreateModel(
            name="Login",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("browser", models.CharField(blank=True, max_length=20)),
                ("system", models.CharField(blank=True, max_length=20)),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "session",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="sessions.session",
                        db_constraint=False,
                    ),
                ),
            ],
        ),
        migrations.RunPython(adopt_sessions, migrations.RunPython.noop, elidable=True),
    ]
