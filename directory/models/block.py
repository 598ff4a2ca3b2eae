from django.db import models
from django.utils.translation import gettext_lazy as _

from directory.models.therapist import Therapist


class Block(models.Model):
    """Two members no longer meet, anywhere, both ways. Neither is told."""

    blocker = models.ForeignKey(Therapist, models.CASCADE, related_name="blocks_made")
    blocked = models.ForeignKey(
        Therapist, models.CASCADE, related_name="blocks_received"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("block")
        verbose_name_plural = _("blocks")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["blocker", "blocked"], name="directory_block_once"
            ),
            models.CheckConstraint(
                name="directory_block_of_another",
                condition=~models.Q(blocker=models.F("blocked")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.blocker} – {self.blocked}"
