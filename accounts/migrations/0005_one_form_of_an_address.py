"""Addresses at domains outside ASCII are kept in the one form that any door looks for, and phones have more room.

An address whose other form is somebody's account already stays as it is: both are one mailbox, whose owner gets into
the other account by a letter.
"""

from django.core.exceptions import ValidationError
from django.db import IntegrityError, migrations, models, transaction

from accounts.text.addresses import check_address, normal_email

OUTSIDE_ASCII = "[^ -~]"
KEPT_IN = [
    ("Account", "email"),
    ("Account", "address_taken"),
    ("SignupClaim", "email"),
    ("MailboxLink", "email"),
    ("AccessRequest", "email"),
    ("Event", "address"),
]


def bring_into_one_form(apps, schema_editor):
    for model, column in KEPT_IN:
        rows = apps.get_model("accounts", model).objects.using(schema_editor.connection.alias)
        odd = rows.filter(**{f"{column}__regex": OUTSIDE_ASCII})
        for address in list(odd.values_list(column, flat=True).distinct()):
            rename(rows.filter(**{column: address}), column, address)


def rename(rows, column, address):
    try:
        email = normal_email(address)
        check_address(email)
        with transaction.atomic(using=rows.db):
            rows.update(**{column: email})
    except (ValidationError, IntegrityError):
        pass


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_a_page_of_ones_own"),
    ]

    operations = [
        migrations.AlterField(
            model_name="account",
            name="phone",
            field=models.CharField(blank=True, max_length=200, verbose_name="phone"),
        ),
        migrations.RunPython(bring_into_one_form, migrations.RunPython.noop, elidable=True),
    ]
