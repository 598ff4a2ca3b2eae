from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("directory", "0005_seed_supervision_rules"),
    ]

    operations = [
        migrations.AddField(
            model_name="term",
            name="group",
            field=models.CharField(
                blank=True,
                choices=[
                    ("room", "The room itself"),
                    ("privacy", "Sound and privacy"),
                    ("common", "Waiting, kitchen and the like"),
                    ("access", "Getting in and around"),
                    ("building", "The house, evenings and weekends"),
                    ("insurance", "Insurance and licence"),
                    ("ending", "For how long, and calling off"),
                    ("paying", "Paying, and what is included"),
                    ("use", "What the room is for"),
                ],
                default="",
                help_text="Of what rooms have and the terms they are let on.",
                max_length=20,
                verbose_name="heading",
            ),
            preserve_default=False,
        ),
        migrations.AddConstraint(
            model_name="term",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "group__in",
                        [
                            "",
                            "room",
                            "privacy",
                            "common",
                            "access",
                            "building",
                            "insurance",
                            "ending",
                            "paying",
                            "use",
                        ],
                    )
                ),
                name="directory_term_group_known",
            ),
        ),
    ]
