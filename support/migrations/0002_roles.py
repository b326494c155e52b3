"""The roles *support* and *owner*, and the indexes that make finding a person fast among a million."""

from django.db import migrations

SEEN = {
    "accounts": ["account"],
    "provisioning": ["outage", "dependency", "workspace"],
    "support": ["ticket", "incident", "letter", "desk", "away", "promise", "trustrepair", "question"],
}
MORE = {
    "support": [("away", "add"), ("trustrepair", "change")],
    "owner": [("away", "add"), ("away", "change"), ("desk", "change"), ("question", "change")],
}
ACTS = {
    "recover": "Recover an account",
    "recover_all": "Recover everybody of an incident",
    "let_in": "Let somebody in with a debt",
    "correct_address": "Correct an address after proof",
    "vouch": "Vouch for somebody and start a reset",
    "reply": "Write to people",
    "put_aside": "Put a ticket aside",
    "hand_over": "Hand a ticket to the owner",
    "mark_abusive": "Hide the words of a message",
    "close": "Close a ticket",
}


def make_roles(apps, schema_editor):
    """Django makes permissions only after all migrations, so those a role needs are made here."""
    Group = apps.get_model("auth", "Group")
    permissions = [*_permissions_to_look(apps), *_permissions_to_act(apps)]
    for name, more in MORE.items():
        group, _ = Group.objects.get_or_create(name=name)
        own = [_permission(apps, "support", model, f"{verb}_{model}", f"Can {verb} {model}") for model, verb in more]
        group.permissions.add(*permissions, *own)


def _permissions_to_look(apps):
    return [
        _permission(apps, app, model, f"view_{model}", f"Can view {model}")
        for app, models in SEEN.items()
        for model in models
    ]


def _permissions_to_act(apps):
    return [_permission(apps, "support", "ticket", codename, name) for codename, name in ACTS.items()]


def _permission(apps, app, model, codename, name):
    kind, _ = apps.get_model("contenttypes", "ContentType").objects.get_or_create(app_label=app, model=model)
    permissions = apps.get_model("auth", "Permission").objects
    return permissions.get_or_create(content_type=kind, codename=codename, defaults={"name": name})[0]


def index(name, expression, where=""):
    table = "accounts_event" if where else "accounts_account"
    return migrations.RunSQL(
        f"CREATE INDEX {name} ON {table} (({expression}) text_pattern_ops) {where}", f"DROP INDEX {name}"
    )


class Migration(migrations.Migration):
    dependencies = [
        ("support", "0001_initial"),
        ("accounts", "0001_initial"),
        ("provisioning", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]
    operations = [
        migrations.RunPython(make_roles, migrations.RunPython.noop),
        index("find_by_email", "lower(email)"),
        index("find_by_name", "lower(name)"),
        index("find_by_company", "lower(company)"),
        index("find_typed_address", "address", "WHERE address <> ''"),
    ]
