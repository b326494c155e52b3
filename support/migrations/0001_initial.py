import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

import support.models.desk
import support.models.why


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("provisioning", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Away",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("start", models.DateTimeField()),
                ("until", models.DateTimeField(blank=True, null=True)),
                (
                    "stepped",
                    models.BooleanField(default=False, editable=False, help_text="By the button, not planned."),
                ),
            ],
            options={
                "verbose_name_plural": "away",
                "ordering": ["-start"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("until", None), ("until__gte", models.F("start")), _connector="OR"),
                        name="away_ends_later",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="DayLetter",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("morning", "morning"),
                            ("evening", "evening"),
                            ("owner", "more than one person can do"),
                            ("backup", "somebody is blocked and nobody is at work"),
                        ],
                        max_length=8,
                    ),
                ),
                ("day", models.DateField()),
                ("to", models.EmailField(max_length=254)),
                ("facts", models.JSONField()),
                ("made_at", models.DateTimeField()),
                ("due_at", models.DateTimeField(help_text="When to send it, or to try again.")),
                ("tries", models.PositiveIntegerField(default=0)),
                ("sent_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(condition=models.Q(("sent_at", None)), fields=["due_at"], name="day_letters_to_send")
                ],
                "constraints": [models.UniqueConstraint(fields=("kind", "day"), name="one_letter_a_day")],
            },
        ),
        migrations.CreateModel(
            name="Desk",
            fields=[
                (
                    "id",
                    models.PositiveSmallIntegerField(default=1, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "name",
                    models.CharField(
                        default="Support", help_text="As people are told: Jordan answers …", max_length=80
                    ),
                ),
                (
                    "sign_off",
                    models.CharField(
                        blank=True, help_text="Under her letters: Jordan Reis, support.", max_length=120
                    ),
                ),
                (
                    "email",
                    models.EmailField(
                        blank=True,
                        help_text="Where her day's letters go. Empty: the support address.",
                        max_length=254,
                    ),
                ),
                (
                    "time_zone",
                    models.CharField(default="UTC", max_length=60, validators=[support.models.desk.check_zone]),
                ),
                (
                    "monday",
                    models.CharField(
                        blank=True,
                        default="9:00-17:30",
                        help_text="Like 9:00-12:30, 13:30-17:30. Empty: not at work. 22:00-6:00 ends the next morning.",
                        max_length=80,
                        validators=[support.models.desk.check_hours],
                    ),
                ),
                (
                    "tuesday",
                    models.CharField(
                        blank=True,
                        default="9:00-17:30",
                        help_text="Like 9:00-12:30, 13:30-17:30. Empty: not at work. 22:00-6:00 ends the next morning.",
                        max_length=80,
                        validators=[support.models.desk.check_hours],
                    ),
                ),
                (
                    "wednesday",
                    models.CharField(
                        blank=True,
                        default="9:00-17:30",
                        help_text="Like 9:00-12:30, 13:30-17:30. Empty: not at work. 22:00-6:00 ends the next morning.",
                        max_length=80,
                        validators=[support.models.desk.check_hours],
                    ),
                ),
                (
                    "thursday",
                    models.CharField(
                        blank=True,
                        default="9:00-17:30",
                        help_text="Like 9:00-12:30, 13:30-17:30. Empty: not at work. 22:00-6:00 ends the next morning.",
                        max_length=80,
                        validators=[support.models.desk.check_hours],
                    ),
                ),
                (
                    "friday",
                    models.CharField(
                        blank=True,
                        default="9:00-17:30",
                        help_text="Like 9:00-12:30, 13:30-17:30. Empty: not at work. 22:00-6:00 ends the next morning.",
                        max_length=80,
                        validators=[support.models.desk.check_hours],
                    ),
                ),
                (
                    "saturday",
                    models.CharField(
                        blank=True,
                        default="",
                        help_text="Like 9:00-12:30, 13:30-17:30. Empty: not at work. 22:00-6:00 ends the next morning.",
                        max_length=80,
                        validators=[support.models.desk.check_hours],
                    ),
                ),
                (
                    "sunday",
                    models.CharField(
                        blank=True,
                        default="",
                        help_text="Like 9:00-12:30, 13:30-17:30. Empty: not at work. 22:00-6:00 ends the next morning.",
                        max_length=80,
                        validators=[support.models.desk.check_hours],
                    ),
                ),
                (
                    "holidays_country",
                    models.CharField(blank=True, help_text="Like PT. Empty: no public holidays.", max_length=2),
                ),
                (
                    "holidays_subdivision",
                    models.CharField(blank=True, help_text="Where they differ, like BY in DE.", max_length=10),
                ),
                (
                    "backup_email",
                    models.EmailField(
                        blank=True, help_text="Written to if people would be blocked for too long.", max_length=254
                    ),
                ),
                (
                    "blocked_limit",
                    models.PositiveIntegerField(
                        default=720,
                        help_text="Minutes somebody may stay blocked while nobody is at work, before the backup is told.",
                    ),
                ),
                (
                    "offer",
                    models.TextField(
                        blank=True,
                        help_text="What may be offered to somebody who was harmed, in words for the letter.",
                    ),
                ),
                (
                    "let_in_by_rule",
                    models.BooleanField(
                        default=False,
                        help_text="While nobody is at work: let in, with debt, whoever named a deadline and has proved who they are.",
                    ),
                ),
                (
                    "rule_after",
                    models.PositiveIntegerField(
                        default=30,
                        help_text="Minutes that what they wait for must have been down before the rule acts.",
                    ),
                ),
                (
                    "debt_days",
                    models.PositiveIntegerField(
                        default=3, help_text="Days in which the rule promises to pay a debt."
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "desk",
                "constraints": [models.CheckConstraint(condition=models.Q(("pk", 1)), name="one_desk")],
            },
        ),
        migrations.CreateModel(
            name="Lost",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "how",
                    models.CharField(
                        choices=[("silent", "never came back"), ("deleted", "had everything deleted")], max_length=8
                    ),
                ),
                ("at", models.DateTimeField()),
                (
                    "outage",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="provisioning.outage",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "lost by us",
            },
        ),
        migrations.CreateModel(
            name="Ticket",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("email", models.EmailField(help_text="Where the answer goes.", max_length=254)),
                (
                    "why",
                    models.CharField(
                        choices=[("gave_up", "the machine gave up"), ("wrote", "they wrote to us")], max_length=8
                    ),
                ),
                ("opened_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("closed_at", models.DateTimeField(null=True)),
                ("closed_because", models.TextField(blank=True)),
                (
                    "account",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Promise",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("email", models.EmailField(max_length=254)),
                ("said_in", models.CharField(help_text="The message or page that named the time.", max_length=80)),
                ("made_at", models.DateTimeField()),
                ("due", models.DateTimeField()),
                ("kept_at", models.DateTimeField(help_text="When it was answered, in time or not.", null=True)),
                ("broken_at", models.DateTimeField(null=True)),
                (
                    "told_at",
                    models.DateTimeField(help_text="When we said ourselves that it would be broken.", null=True),
                ),
                (
                    "account",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "instead_of",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="support.promise"
                    ),
                ),
                (
                    "outage",
                    models.ForeignKey(
                        help_text="All of one outage are one thing.",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="provisioning.outage",
                    ),
                ),
                (
                    "ticket",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="support.ticket"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Message",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("email", models.EmailField(max_length=254)),
                ("body", models.TextField()),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("read_at", models.DateTimeField(help_text="When the machine began the repair.", null=True)),
                ("settled_at", models.DateTimeField(help_text="When it became a ticket or needed none.", null=True)),
                (
                    "account",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "ticket",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="support.ticket"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="TrustRepair",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "incident",
                    models.CharField(help_text="“outage 12”, or “alone”: what it is one apology for.", max_length=40),
                ),
                (
                    "level",
                    models.CharField(
                        choices=[
                            ("none", "nothing"),
                            ("automatic", "a line from us"),
                            ("personal", "a word from a person"),
                        ],
                        max_length=9,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("not_needed", "not needed"),
                            ("owed", "owed"),
                            ("sent", "sent"),
                            ("answered", "answered"),
                            ("closed_silent", "closed, no answer"),
                        ],
                        max_length=13,
                    ),
                ),
                ("harms", models.JSONField(help_text="Minutes waited, doors tried, untrue sentences, …")),
                ("reasons", models.JSONField(default=list, help_text="Which of them made it this level.")),
                ("ready_at", models.DateTimeField(help_text="Since when it works.")),
                ("opened_at", models.DateTimeField()),
                ("words", models.TextField(blank=True, help_text="The draft, and once sent what was sent.")),
                ("draft", models.TextField(blank=True, help_text="As the machine drafted it.")),
                ("restitution", models.TextField(blank=True)),
                ("sent_at", models.DateTimeField(null=True)),
                ("follow_up_on", models.DateTimeField(null=True)),
                ("followed_up_at", models.DateTimeField(null=True)),
                ("followed_up_with", models.CharField(blank=True, max_length=12)),
                (
                    "answer",
                    models.CharField(blank=True, choices=[("yes", "yes"), ("not_yet", "not yet")], max_length=8),
                ),
                ("closed_at", models.DateTimeField(null=True)),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "actor",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "outage",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="provisioning.outage",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Question",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("month", models.DateField(help_text="Its first day.", null=True)),
                ("key", models.CharField(max_length=30)),
                ("asked_at", models.DateTimeField()),
                (
                    "choice",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("do", "we do this"),
                            ("accept", "we accept it as it is"),
                            ("unknown", "we don't know yet"),
                        ],
                        max_length=8,
                    ),
                ),
                ("words", models.TextField(blank=True, validators=[support.models.why.check_cause])),
                ("who", models.CharField(blank=True, max_length=80)),
                ("by", models.DateField(null=True)),
                ("answered_at", models.DateTimeField(null=True)),
                (
                    "outage",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="provisioning.outage",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("month", None)), fields=("outage", "key"), name="one_question_an_outage"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("outage", None)), fields=("month", "key"), name="one_question_a_month"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("answered_at", None),
                            models.Q(
                                models.Q(("choice", ""), _negated=True),
                                models.Q(("who", ""), _negated=True),
                                models.Q(("by", None), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="an_answer_has_a_name_and_a_date",
                    ),
                ],
            },
        ),
        migrations.AddIndex(
            model_name="ticket",
            index=models.Index(condition=models.Q(("closed_at", None)), fields=["opened_at"], name="open_tickets"),
        ),
        migrations.AddConstraint(
            model_name="ticket",
            constraint=models.UniqueConstraint(
                condition=models.Q(("account__isnull", False), ("closed_at", None)),
                fields=("account",),
                name="one_open_ticket_an_account",
            ),
        ),
        migrations.AddConstraint(
            model_name="ticket",
            constraint=models.UniqueConstraint(
                condition=models.Q(("account", None), ("closed_at", None)),
                fields=("email",),
                name="one_open_ticket_a_stranger",
            ),
        ),
        migrations.AddIndex(
            model_name="promise",
            index=models.Index(condition=models.Q(("kept_at", None)), fields=["due"], name="promises_open"),
        ),
        migrations.AddIndex(
            model_name="promise",
            index=models.Index(fields=["ticket"], name="promises_of_a_ticket"),
        ),
        migrations.AddConstraint(
            model_name="promise",
            constraint=models.UniqueConstraint(
                condition=models.Q(("broken_at", None), ("kept_at", None), ("ticket__isnull", False)),
                fields=("ticket",),
                name="one_open_promise_a_ticket",
            ),
        ),
        migrations.AddConstraint(
            model_name="promise",
            constraint=models.CheckConstraint(
                condition=models.Q(("due__gte", models.F("made_at"))), name="never_due_in_the_past"
            ),
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(condition=models.Q(("settled_at", None)), fields=["at"], name="messages_to_settle"),
        ),
        migrations.AddIndex(
            model_name="trustrepair",
            index=models.Index(
                condition=models.Q(("closed_at", None)), fields=["state", "opened_at"], name="trust_open"
            ),
        ),
        migrations.AddConstraint(
            model_name="trustrepair",
            constraint=models.UniqueConstraint(
                fields=("account", "incident"), name="one_apology_a_person_and_incident"
            ),
        ),
        migrations.AddConstraint(
            model_name="trustrepair",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "not_needed"), _negated=True), ("level", "none"), _connector="OR"
                ),
                name="what_is_owed_is_needed",
            ),
        ),
    ]
