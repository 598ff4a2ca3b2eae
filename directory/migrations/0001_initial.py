import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
from django.conf import settings
from django.contrib.postgres.operations import (
    CreateExtension,
    TrigramExtension,
    UnaccentExtension,
)
from django.db import migrations, models

import directory.geo
import directory.models.therapist

PLAIN = """
CREATE FUNCTION directory_plain(text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN lower(unaccent($1))
"""


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [
        # Trigrams and plain letters for names, cube and earth for distances.
        TrigramExtension(),
        UnaccentExtension(),
        CreateExtension("cube"),
        CreateExtension("earthdistance"),
        migrations.RunSQL(PLAIN, "DROP FUNCTION directory_plain(text)"),
        migrations.CreateModel(
            name="User",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                ("password", models.CharField(max_length=128, verbose_name="password")),
                (
                    "last_login",
                    models.DateTimeField(
                        blank=True, null=True, verbose_name="last login"
                    ),
                ),
                (
                    "is_superuser",
                    models.BooleanField(
                        default=False,
                        help_text="Designates that this user has all permissions without explicitly assigning them.",
                        verbose_name="superuser status",
                    ),
                ),
                (
                    "email",
                    models.EmailField(
                        max_length=254, unique=True, verbose_name="email"
                    ),
                ),
                (
                    "is_active",
                    models.BooleanField(default=True, verbose_name="may sign in"),
                ),
                (
                    "is_staff",
                    models.BooleanField(
                        default=False,
                        help_text="May open the moderation desk and is mailed what waits there.",
                        verbose_name="moderator",
                    ),
                ),
                (
                    "date_joined",
                    models.DateTimeField(
                        default=django.utils.timezone.now, verbose_name="first seen"
                    ),
                ),
                (
                    "groups",
                    models.ManyToManyField(
                        blank=True,
                        help_text="The groups this user belongs to. A user will get all permissions granted to each of their groups.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.group",
                        verbose_name="groups",
                    ),
                ),
                (
                    "user_permissions",
                    models.ManyToManyField(
                        blank=True,
                        help_text="Specific permissions for this user.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.permission",
                        verbose_name="user permissions",
                    ),
                ),
            ],
            options={
                "verbose_name": "sign-in",
                "verbose_name_plural": "sign-ins",
                "ordering": ["email"],
            },
        ),
        migrations.CreateModel(
            name="Community",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        default="Therapists", max_length=120, verbose_name="name"
                    ),
                ),
                (
                    "area",
                    models.CharField(
                        blank=True,
                        help_text="“Berkeley and Oakland”",
                        max_length=120,
                        verbose_name="area",
                    ),
                ),
                (
                    "timezone",
                    models.CharField(
                        default="America/Los_Angeles",
                        max_length=64,
                        verbose_name="time zone",
                    ),
                ),
                (
                    "distance_unit",
                    models.CharField(
                        choices=[("km", "kilometres"), ("mi", "miles")],
                        default="km",
                        max_length=2,
                        verbose_name="distances in",
                    ),
                ),
                (
                    "currency",
                    models.CharField(
                        default="USD", max_length=3, verbose_name="currency"
                    ),
                ),
                (
                    "jurisdiction",
                    models.CharField(
                        default="California", max_length=60, verbose_name="jurisdiction"
                    ),
                ),
                (
                    "latitude",
                    models.FloatField(
                        default=37.85,
                        validators=[
                            django.core.validators.MinValueValidator(-90),
                            django.core.validators.MaxValueValidator(90),
                        ],
                        verbose_name="latitude of the centre",
                    ),
                ),
                (
                    "longitude",
                    models.FloatField(
                        default=-122.25,
                        validators=[
                            django.core.validators.MinValueValidator(-180),
                            django.core.validators.MaxValueValidator(180),
                        ],
                        verbose_name="longitude of the centre",
                    ),
                ),
                (
                    "wave_minutes",
                    models.PositiveSmallIntegerField(
                        default=75, verbose_name="minutes between waves"
                    ),
                ),
                (
                    "urgent_wave_minutes",
                    models.PositiveSmallIntegerField(
                        default=20, verbose_name="minutes between urgent waves"
                    ),
                ),
                (
                    "wave_size",
                    models.PositiveSmallIntegerField(
                        default=40, verbose_name="people in the first wave"
                    ),
                ),
                (
                    "wave_growth_percent",
                    models.PositiveSmallIntegerField(
                        default=150,
                        verbose_name="each next wave, percent of the one before",
                    ),
                ),
                (
                    "wave_limit",
                    models.PositiveSmallIntegerField(
                        default=6, verbose_name="waves at most"
                    ),
                ),
                (
                    "daily_cap",
                    models.PositiveSmallIntegerField(
                        default=5, verbose_name="mails a day at most"
                    ),
                ),
                (
                    "answer_days",
                    models.PositiveSmallIntegerField(
                        default=3, verbose_name="days to answer a request"
                    ),
                ),
                (
                    "agreement",
                    models.TextField(
                        default="I am licensed, or work under a supervisor's licence, and say so truthfully. What I read here about colleagues stays here. I write nothing about a client anywhere on these pages.",
                        verbose_name="what members agree to",
                    ),
                ),
            ],
            options={
                "verbose_name": "community",
                "verbose_name_plural": "community",
                "constraints": [
                    models.UniqueConstraint(
                        models.Value(1),
                        name="directory_community_single",
                        violation_error_message="There is one community; edit that one.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("distance_unit__in", ["km", "mi"])),
                        name="directory_community_distance_unit_known",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Term",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("specialty", "specialty"),
                            ("modality", "modality"),
                            ("language", "language"),
                            ("population", "works with"),
                            ("credential", "licence or credential"),
                            ("office_attribute", "office attribute"),
                        ],
                        max_length=20,
                        verbose_name="vocabulary",
                    ),
                ),
                (
                    "slug",
                    models.SlugField(
                        help_text="For languages the BCP 47 code.",
                        max_length=60,
                        verbose_name="code",
                    ),
                ),
                ("label", models.CharField(max_length=120, verbose_name="label")),
                (
                    "synonyms",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=120),
                        blank=True,
                        default=list,
                        size=None,
                        verbose_name="synonyms",
                    ),
                ),
                (
                    "retired",
                    models.BooleanField(
                        default=False,
                        help_text="Kept where chosen, no longer offered.",
                        verbose_name="retired",
                    ),
                ),
            ],
            options={
                "verbose_name": "term",
                "verbose_name_plural": "terms",
                "ordering": ["kind", "label", "pk"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("kind", "slug"), name="directory_term_slug_unique"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "kind__in",
                                [
                                    "specialty",
                                    "modality",
                                    "language",
                                    "population",
                                    "credential",
                                    "office_attribute",
                                ],
                            )
                        ),
                        name="directory_term_kind_known",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Therapist",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                (
                    "standing",
                    models.CharField(
                        choices=[
                            ("invited", "invited"),
                            ("applicant", "applicant"),
                            ("member", "member"),
                            ("suspended", "suspended"),
                            ("left", "left"),
                        ],
                        default="applicant",
                        max_length=12,
                        verbose_name="standing",
                    ),
                ),
                ("name", models.CharField(max_length=200, verbose_name="name")),
                (
                    "email",
                    models.EmailField(
                        blank=True,
                        help_text="Of someone invited, who has no sign-in yet.",
                        max_length=254,
                        verbose_name="email",
                    ),
                ),
                (
                    "pronouns",
                    models.CharField(
                        blank=True, max_length=40, verbose_name="pronouns"
                    ),
                ),
                (
                    "credentials",
                    models.CharField(
                        blank=True, max_length=120, verbose_name="credentials"
                    ),
                ),
                (
                    "headline",
                    models.CharField(
                        blank=True, max_length=200, verbose_name="in one sentence"
                    ),
                ),
                (
                    "bio",
                    models.TextField(
                        blank=True, max_length=4000, verbose_name="about my work"
                    ),
                ),
                (
                    "phone",
                    models.CharField(blank=True, max_length=40, verbose_name="phone"),
                ),
                ("website", models.URLField(blank=True, verbose_name="website")),
                (
                    "neighbourhood",
                    models.CharField(
                        blank=True, max_length=80, verbose_name="neighbourhood"
                    ),
                ),
                (
                    "zip_code",
                    models.CharField(
                        blank=True, max_length=10, verbose_name="ZIP code"
                    ),
                ),
                (
                    "latitude",
                    models.FloatField(blank=True, null=True, verbose_name="latitude"),
                ),
                (
                    "longitude",
                    models.FloatField(blank=True, null=True, verbose_name="longitude"),
                ),
                (
                    "consults",
                    models.BooleanField(
                        default=False, verbose_name="offers consultation"
                    ),
                ),
                (
                    "supervises",
                    models.CharField(
                        blank=True,
                        help_text="Which licences?",
                        max_length=120,
                        verbose_name="supervises",
                    ),
                ),
                (
                    "takes_referrals",
                    models.BooleanField(
                        default=False, verbose_name="takes referrals now"
                    ),
                ),
                (
                    "has_spare_hours",
                    models.BooleanField(
                        default=False, editable=False, verbose_name="has spare hours"
                    ),
                ),
                (
                    "seeks_hours",
                    models.BooleanField(
                        default=False, editable=False, verbose_name="seeks hours"
                    ),
                ),
                (
                    "co_leads_groups",
                    models.BooleanField(default=False, verbose_name="co-leads groups"),
                ),
                (
                    "would_have_coffee",
                    models.BooleanField(
                        default=False, verbose_name="would have coffee"
                    ),
                ),
                (
                    "helps_in_emergencies",
                    models.BooleanField(
                        default=False, verbose_name="would help in an emergency"
                    ),
                ),
                (
                    "emergency_radius_km",
                    models.PositiveSmallIntegerField(
                        default=8,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(100),
                        ],
                        verbose_name="up to how many kilometres away",
                    ),
                ),
                (
                    "quiet_from_minute",
                    models.PositiveSmallIntegerField(
                        default=1260, verbose_name="quiet from"
                    ),
                ),
                (
                    "quiet_to_minute",
                    models.PositiveSmallIntegerField(
                        default=480, verbose_name="quiet until"
                    ),
                ),
                (
                    "daily_cap",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(50),
                        ],
                        verbose_name="mails a day at most",
                    ),
                ),
                (
                    "agrees_to_be_named",
                    models.BooleanField(
                        default=False,
                        verbose_name="may be named on building and thank-you pages",
                    ),
                ),
                (
                    "joined_at",
                    models.DateTimeField(
                        blank=True, null=True, verbose_name="member since"
                    ),
                ),
                (
                    "agreed_at",
                    models.DateTimeField(
                        blank=True, null=True, verbose_name="agreed on"
                    ),
                ),
                (
                    "bounced_at",
                    models.DateTimeField(
                        blank=True, null=True, verbose_name="mail bounced on"
                    ),
                ),
                (
                    "feed_token",
                    models.CharField(
                        default=directory.models.therapist.new_feed_token,
                        max_length=40,
                        unique=True,
                        verbose_name="secret of the calendar feed",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now,
                        editable=False,
                        verbose_name="created",
                    ),
                ),
                (
                    "invited_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="invited",
                        to="directory.therapist",
                        verbose_name="invited by",
                    ),
                ),
                (
                    "terms",
                    models.ManyToManyField(
                        blank=True,
                        related_name="therapists",
                        to="directory.term",
                        verbose_name="terms",
                    ),
                ),
                (
                    "user",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="therapist",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="sign-in",
                    ),
                ),
            ],
            options={
                "verbose_name": "therapist",
                "verbose_name_plural": "therapists",
                "ordering": ["name", "pk"],
            },
        ),
        migrations.CreateModel(
            name="Supervision",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                (
                    "supervisor_name",
                    models.CharField(max_length=200, verbose_name="supervisor's name"),
                ),
                (
                    "employer",
                    models.CharField(
                        blank=True, max_length=200, verbose_name="employer"
                    ),
                ),
                (
                    "accepted_at",
                    models.DateTimeField(
                        blank=True, null=True, verbose_name="accepted on"
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(auto_now_add=True, verbose_name="created"),
                ),
                (
                    "supervisor",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="supervisions_given",
                        to="directory.therapist",
                        verbose_name="supervisor",
                    ),
                ),
                (
                    "trainee",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="supervisions_received",
                        to="directory.therapist",
                        verbose_name="trainee",
                    ),
                ),
            ],
            options={
                "verbose_name": "supervision",
                "verbose_name_plural": "supervisions",
                "ordering": ["-created_at", "-pk"],
            },
        ),
        migrations.CreateModel(
            name="StandingEvent",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                (
                    "old",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("invited", "invited"),
                            ("applicant", "applicant"),
                            ("member", "member"),
                            ("suspended", "suspended"),
                            ("left", "left"),
                        ],
                        max_length=12,
                        verbose_name="from",
                    ),
                ),
                (
                    "new",
                    models.CharField(
                        choices=[
                            ("invited", "invited"),
                            ("applicant", "applicant"),
                            ("member", "member"),
                            ("suspended", "suspended"),
                            ("left", "left"),
                        ],
                        max_length=12,
                        verbose_name="to",
                    ),
                ),
                ("reason", models.TextField(blank=True, verbose_name="reason")),
                (
                    "created_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, verbose_name="when"
                    ),
                ),
                (
                    "actor",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="directory.therapist",
                    ),
                ),
                (
                    "therapist",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="standing_events",
                        to="directory.therapist",
                    ),
                ),
            ],
            options={
                "verbose_name": "change of standing",
                "verbose_name_plural": "changes of standing",
                "ordering": ["created_at", "pk"],
            },
        ),
        migrations.CreateModel(
            name="Preference",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                (
                    "topic",
                    models.CharField(
                        choices=[
                            ("emergencies", "calls for help in an emergency"),
                            ("hours", "hours and rooms"),
                            ("community", "news of the community"),
                        ],
                        max_length=20,
                        verbose_name="topic",
                    ),
                ),
                (
                    "frequency",
                    models.CharField(
                        choices=[
                            ("at_once", "at once"),
                            ("daily", "once a day"),
                            ("off", "not at all"),
                        ],
                        default="at_once",
                        max_length=10,
                        verbose_name="how often",
                    ),
                ),
                (
                    "therapist",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="preferences",
                        to="directory.therapist",
                    ),
                ),
            ],
            options={
                "verbose_name": "preference",
                "verbose_name_plural": "preferences",
                "ordering": ["therapist", "topic"],
            },
        ),
        migrations.CreateModel(
            name="Licence",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                ("number", models.CharField(max_length=40, verbose_name="number")),
                ("jurisdiction", models.CharField(max_length=60, verbose_name="state")),
                (
                    "expires_on",
                    models.DateField(blank=True, null=True, verbose_name="valid until"),
                ),
                (
                    "checked_at",
                    models.DateTimeField(
                        blank=True, null=True, verbose_name="checked on"
                    ),
                ),
                (
                    "kind",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="directory.term",
                        verbose_name="licence",
                    ),
                ),
                (
                    "checked_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="directory.therapist",
                        verbose_name="checked by",
                    ),
                ),
                (
                    "therapist",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="licences",
                        to="directory.therapist",
                        verbose_name="therapist",
                    ),
                ),
            ],
            options={
                "verbose_name": "licence",
                "verbose_name_plural": "licences",
                "ordering": ["therapist", "pk"],
            },
        ),
        migrations.CreateModel(
            name="Delivery",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                ("kind", models.CharField(max_length=60, verbose_name="message")),
                (
                    "address",
                    models.EmailField(
                        blank=True,
                        help_text="Only of someone who is no therapist yet.",
                        max_length=254,
                        verbose_name="address",
                    ),
                ),
                ("cause", models.CharField(max_length=200, verbose_name="cause")),
                (
                    "payload",
                    models.JSONField(blank=True, default=dict, verbose_name="payload"),
                ),
                (
                    "priority",
                    models.PositiveSmallIntegerField(
                        choices=[
                            (0, "sign-in code"),
                            (1, "essential"),
                            (2, "call for help"),
                            (3, "news and digests"),
                        ],
                        verbose_name="priority",
                    ),
                ),
                (
                    "not_before",
                    models.DateTimeField(
                        blank=True, null=True, verbose_name="not before"
                    ),
                ),
                (
                    "expires_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="expires"),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "waiting"),
                            ("claimed", "claimed"),
                            ("attempting", "being sent"),
                            ("sent", "sent"),
                            ("failed", "failed"),
                            ("uncertain", "uncertain"),
                            ("skipped", "skipped"),
                        ],
                        default="pending",
                        max_length=12,
                        verbose_name="state",
                    ),
                ),
                (
                    "drain",
                    models.BigIntegerField(
                        blank=True,
                        help_text="The advisory lock its sender holds while it lives.",
                        null=True,
                        verbose_name="drain",
                    ),
                ),
                (
                    "attempts",
                    models.PositiveSmallIntegerField(
                        default=0, verbose_name="attempts"
                    ),
                ),
                (
                    "message_id",
                    models.CharField(
                        blank=True, max_length=200, verbose_name="Message-ID"
                    ),
                ),
                ("reason", models.TextField(blank=True, verbose_name="reason")),
                (
                    "created_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, verbose_name="written"
                    ),
                ),
                (
                    "claimed_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="claimed"),
                ),
                (
                    "sent_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="sent"),
                ),
                (
                    "next_attempt_at",
                    models.DateTimeField(
                        blank=True,
                        default=django.utils.timezone.now,
                        null=True,
                        verbose_name="due",
                    ),
                ),
                (
                    "uncertain_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="When its fate was lost; it is sent again once.",
                        null=True,
                        verbose_name="uncertain since",
                    ),
                ),
                (
                    "recipient",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="deliveries",
                        to="directory.therapist",
                        verbose_name="to",
                    ),
                ),
            ],
            options={
                "verbose_name": "delivery",
                "verbose_name_plural": "deliveries",
                "ordering": ["-pk"],
            },
        ),
        migrations.CreateModel(
            name="Block",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "blocked",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="blocks_received",
                        to="directory.therapist",
                    ),
                ),
                (
                    "blocker",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="blocks_made",
                        to="directory.therapist",
                    ),
                ),
            ],
            options={
                "verbose_name": "block",
                "verbose_name_plural": "blocks",
                "ordering": ["-created_at", "-pk"],
            },
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.UniqueConstraint(
                django.db.models.functions.text.Lower("email"),
                name="directory_user_email_unique",
                violation_error_message="This address has its sign-in already.",
            ),
        ),
        migrations.AddIndex(
            model_name="therapist",
            index=django.contrib.postgres.indexes.GinIndex(
                django.contrib.postgres.indexes.OpClass(
                    directory.models.therapist.Plain("name"), name="gin_trgm_ops"
                ),
                name="directory_therapist_name",
            ),
        ),
        migrations.AddIndex(
            model_name="therapist",
            index=django.contrib.postgres.indexes.GistIndex(
                directory.geo.Point(models.F("latitude"), models.F("longitude")),
                name="directory_therapist_point",
            ),
        ),
        migrations.AddIndex(
            model_name="therapist",
            index=models.Index(
                fields=["standing", "name"], name="directory_therapist_standing"
            ),
        ),
        migrations.AddConstraint(
            model_name="therapist",
            constraint=models.UniqueConstraint(
                django.db.models.functions.text.Lower("email"),
                condition=models.Q(
                    ("user", None), models.Q(("email", ""), _negated=True)
                ),
                name="directory_therapist_one_invitation",
                violation_error_message="Someone with this address is invited already.",
            ),
        ),
        migrations.AddConstraint(
            model_name="therapist",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "standing__in",
                        ["invited", "applicant", "member", "suspended", "left"],
                    )
                ),
                name="directory_therapist_standing_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="therapist",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("quiet_from_minute__lte", 1440), ("quiet_to_minute__lte", 1440)
                ),
                name="directory_therapist_quiet_in_day",
            ),
        ),
        migrations.AddConstraint(
            model_name="therapist",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("latitude", None), ("longitude", None)),
                    models.Q(
                        ("latitude__isnull", False),
                        ("latitude__range", (-90, 90)),
                        ("longitude__isnull", False),
                        ("longitude__range", (-180, 180)),
                    ),
                    _connector="OR",
                ),
                name="directory_therapist_point_whole",
                violation_error_message="Give both latitude and longitude, or neither.",
            ),
        ),
        migrations.AddConstraint(
            model_name="supervision",
            constraint=models.CheckConstraint(
                condition=models.Q(("trainee", models.F("supervisor")), _negated=True),
                name="directory_supervision_of_another",
                violation_error_message="Nobody supervises themself.",
            ),
        ),
        migrations.AddConstraint(
            model_name="supervision",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("accepted_at", None),
                    ("supervisor__isnull", False),
                    _connector="OR",
                ),
                name="directory_supervision_accepted_by_someone",
            ),
        ),
        migrations.AddConstraint(
            model_name="preference",
            constraint=models.UniqueConstraint(
                fields=("therapist", "topic"), name="directory_preference_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="preference",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("frequency__in", ["at_once", "daily", "off"]),
                    ("topic__in", ["emergencies", "hours", "community"]),
                ),
                name="directory_preference_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="licence",
            constraint=models.UniqueConstraint(
                fields=("therapist", "kind", "jurisdiction", "number"),
                name="directory_licence_once",
                violation_error_message="This licence is entered already.",
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("state__in", ["pending", "uncertain"])),
                fields=["priority", "id"],
                name="directory_delivery_due",
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("state__in", ["claimed", "attempting"])),
                fields=["drain"],
                name="directory_delivery_under_way",
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                fields=["recipient", "sent_at"], name="directory_delivery_sent"
            ),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.UniqueConstraint(
                condition=models.Q(("recipient__isnull", False)),
                fields=("kind", "recipient", "cause"),
                name="directory_delivery_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.UniqueConstraint(
                condition=models.Q(("recipient__isnull", True)),
                fields=("kind", "address", "cause"),
                name="directory_delivery_once_to_address",
            ),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "state__in",
                        [
                            "pending",
                            "claimed",
                            "attempting",
                            "sent",
                            "failed",
                            "uncertain",
                            "skipped",
                        ],
                    )
                ),
                name="directory_delivery_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("recipient__isnull", False),
                    models.Q(("address", ""), _negated=True),
                    _connector="OR",
                ),
                name="directory_delivery_goes_somewhere",
            ),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state__in", ["claimed", "attempting"]), _negated=True),
                    ("drain__isnull", False),
                    _connector="OR",
                ),
                name="directory_delivery_drain_when_under_way",
            ),
        ),
        migrations.AddConstraint(
            model_name="block",
            constraint=models.UniqueConstraint(
                fields=("blocker", "blocked"), name="directory_block_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="block",
            constraint=models.CheckConstraint(
                condition=models.Q(("blocker", models.F("blocked")), _negated=True),
                name="directory_block_of_another",
            ),
        ),
    ]
