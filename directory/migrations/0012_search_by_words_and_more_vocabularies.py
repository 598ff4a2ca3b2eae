"""What colleagues ask for beside specialty and language, and an index of the words that people write of themselves."""

import django.contrib.postgres.indexes
from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

import directory.models.therapist

KINDS = [
    "specialty",
    "modality",
    "language",
    "population",
    "age",
    "format",
    "payer",
    "supervised",
    "credential",
    "office_attribute",
    "office_term",
]
AGES = [  # that stood among populations
    "small-children",
    "children",
    "preteens",
    "teens",
    "adults",
    "older-adults",
]
VOCABULARIES = {
    "age": {
        "small-children": ("Small children", ["Toddlers", "Toddler", "0-5"]),
        "children": ("Children", ["6-10"]),
        "preteens": ("Preteens", ["11-13", "Tweens"]),
        "teens": ("Teens", ["Adolescents", "Teenagers", "14-18"]),
        "adults": ("Adults", []),
        "older-adults": ("Older adults", ["Seniors", "Elders", "Elderly", "65+"]),
    },
    "format": {
        "in-person": ("In person", ["Office", "Face to face"]),
        "online": ("By video", ["Online", "Telehealth", "Teletherapy", "Video"]),
        "phone": ("By phone", ["Telephone"]),
        "outdoors": ("Outdoors", ["Walk and talk"]),
        "home": ("At the client's home", ["Home visits"]),
    },
    "payer": {
        "self-pay": ("Self-pay", ["Private pay", "Cash"]),
        "sliding-scale": ("Sliding scale", ["Reduced fee", "Low fee"]),
        "out-of-network": ("Out of network", ["Superbill", "OON"]),
        "eap": ("Employee assistance", ["EAP"]),
        "aetna": ("Aetna", []),
        "anthem": ("Anthem", []),
        "bcbs": ("Blue Cross Blue Shield", ["BCBS", "Blue Shield"]),
        "carelon": ("Carelon", ["Beacon"]),
        "cigna": ("Cigna", ["Evernorth"]),
        "humana": ("Humana", []),
        "kaiser": ("Kaiser", []),
        "magellan": ("Magellan", []),
        "medicaid": ("Medicaid", ["Medi-Cal"]),
        "medicare": ("Medicare", []),
        "mhn": ("MHN", ["Health Net"]),
        "military-onesource": ("Military OneSource", []),
        "multiplan": ("MultiPlan", []),
        "optum": ("Optum", ["United Behavioral Health", "UBH"]),
        "oscar": ("Oscar", []),
        "oxford": ("Oxford", []),
        "tricare": ("TRICARE", []),
        "triwest": ("TriWest", []),
        "united": ("UnitedHealthcare", ["United", "UHC"]),
        "wellcare": ("WellCare", []),
    },
    "supervised": {
        "ca-amft": ("AMFT (California)", ["Associate marriage and family therapist"]),
        "ca-apcc": ("APCC (California)", ["Associate professional clinical counselor"]),
        "ca-acsw": ("ACSW (California)", ["ASW", "Associate clinical social worker"]),
        "ca-psychological-associate": ("Psychological associate (California)", []),
        "ca-trainee": ("Trainees (California)", ["Students", "Practicum"]),
        "ny-lmsw": ("LMSW (New York)", ["Licensed master social worker"]),
        "ny-mhc-lp": ("MHC-LP (New York)", ["Limited permit"]),
        "wa-lmhca": ("LMHCA (Washington)", ["Licensed mental health associate"]),
        "or-associate": ("Registered associates (Oregon)", []),
        "tx-lpc-associate": ("LPC Associate (Texas)", []),
    },
}
WORDS = """
CREATE FUNCTION directory_words(headline text, bio text, audience jsonb) RETURNS tsvector
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN setweight(to_tsvector('english', CASE WHEN audience ->> 'headline' = 'me' THEN '' ELSE directory_plain(headline) END), 'A')
    || setweight(to_tsvector('english', CASE WHEN audience ->> 'bio' = 'me' THEN '' ELSE directory_plain(bio) END), 'C')
"""
CHOSEN = """
CREATE INDEX directory_therapist_terms_chosen ON directory_therapist_terms (term_id, therapist_id)
"""


def seed(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Safe to run twice, and over what moderators changed. Age groups move out of the populations with all who chose
    them."""
    term = apps.get_model("directory", "Term")
    known = set(term.objects.filter(kind="age").values_list("slug", flat=True))
    moving = term.objects.filter(kind="population", slug__in=AGES)
    moving.exclude(slug__in=known).update(kind="age")
    term.objects.bulk_create(
        [
            term(kind=kind, slug=slug, label=label, synonyms=synonyms)
            for kind, terms in VOCABULARIES.items()
            for slug, (label, synonyms) in terms.items()
        ],
        ignore_conflicts=True,
    )


class Migration(migrations.Migration):
    dependencies = [("directory", "0011_topic_of_buildings")]

    operations = [
        migrations.RunSQL(WORDS, "DROP FUNCTION directory_words(text, text, jsonb)"),
        migrations.RunSQL(CHOSEN, "DROP INDEX directory_therapist_terms_chosen"),
        migrations.AlterField(
            model_name="term",
            name="kind",
            field=models.CharField(
                choices=[
                    ("specialty", "specialty"),
                    ("modality", "modality"),
                    ("language", "language"),
                    ("population", "works with"),
                    ("age", "age group"),
                    ("format", "how sessions take place"),
                    ("payer", "who pays"),
                    ("supervised", "licence that is supervised"),
                    ("credential", "licence or credential"),
                    ("office_attribute", "office attribute"),
                    ("office_term", "term an office is let on"),
                ],
                max_length=20,
                verbose_name="vocabulary",
            ),
        ),
        migrations.RemoveConstraint("term", "directory_term_kind_known"),
        migrations.AddConstraint(
            "term",
            models.CheckConstraint(
                name="directory_term_kind_known",
                condition=models.Q(kind__in=KINDS),
            ),
        ),
        migrations.AddField(
            "therapist",
            "audience",
            models.JSONField(
                blank=True,
                default=dict,
                help_text="Of what is not for members alone: “me” or “public”.",
                verbose_name="who sees what",
            ),
        ),
        migrations.RunPython(seed, migrations.RunPython.noop),
        migrations.AddIndex(
            "therapist",
            django.contrib.postgres.indexes.GinIndex(
                directory.models.therapist.Words(),
                name="directory_therapist_words",
            ),
        ),
    ]
