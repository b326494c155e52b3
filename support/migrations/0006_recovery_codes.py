"""Recovery codes of the second step; and people are found by a word of their company, a mail domain or a phone number."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models.functions import Now

DIGITS = "regexp_replace(replace(phone, '(0)', ''), '[^0-9]', '', 'g')"
WORDS = "to_tsvector('simple', translate(name || ' ' || company, './-@_&+,:;()', '            '))"


def index(name, using):
    return migrations.RunSQL(f"CREATE INDEX {name} ON accounts_account {using}", f"DROP INDEX {name}")


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("accounts", "0005_one_form_of_an_address"),
        ("support", "0005_mail_as_it_came"),
    ]
    operations = [
        migrations.CreateModel(
            name="RecoveryCode",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code_hash", models.CharField(max_length=64, unique=True)),
                ("made_at", models.DateTimeField(db_default=Now())),
                ("used_at", models.DateTimeField(null=True)),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["account"], condition=models.Q(used_at=None), name="recovery_codes_left")
                ]
            },
        ),
        index("find_by_domain", "((split_part(lower(email), '@', 2)) text_pattern_ops)"),
        index("find_by_phone", f"(({DIGITS}) text_pattern_ops)"),
        index("find_by_last_digits", f"((reverse({DIGITS})) text_pattern_ops)"),
        index("find_by_word", f"USING gin (({WORDS}))"),
    ]
