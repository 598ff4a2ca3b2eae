from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from directory.models.therapist import Therapist


class ConversationQuerySet(models.QuerySet["Conversation"]):
    def of(self, therapist: Therapist) -> "ConversationQuerySet":
        return self.filter(Q(first=therapist) | Q(second=therapist))

    def between(self, one: Therapist, other: Therapist) -> "ConversationQuerySet":
        first, second = sorted([one.pk, other.pk])
        return self.filter(first=first, second=second)

    def with_people(self) -> "ConversationQuerySet":
        return self.select_related("first", "second")


class Conversation(models.Model):
    """What two members write to each other. One for each two: ``first`` is who has the smaller number."""

    first = models.ForeignKey(Therapist, models.CASCADE, related_name="+")
    second = models.ForeignKey(Therapist, models.CASCADE, related_name="+")
    begun_by = models.ForeignKey(
        Therapist, models.CASCADE, related_name="conversations_begun"
    )
    created_at = models.DateTimeField(default=timezone.now)
    written_at = models.DateTimeField(_("last written"), default=timezone.now)

    objects = ConversationQuerySet.as_manager()

    class Meta:
        ordering = ["-written_at", "-pk"]
        verbose_name = _("conversation")
        verbose_name_plural = _("conversations")
        constraints = [
            models.UniqueConstraint(
                fields=["first", "second"], name="directory_conversation_once"
            ),
            models.CheckConstraint(
                name="directory_conversation_ordered",
                condition=Q(first__lt=F("second")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.first} – {self.second}"

    def other_than(self, therapist: Therapist) -> Therapist:
        return self.second if self.first_id == therapist.pk else self.first


class Message(models.Model):
    conversation = models.ForeignKey(
        Conversation, models.CASCADE, related_name="messages"
    )
    author = models.ForeignKey(Therapist, models.CASCADE, related_name="+")
    text = models.TextField(_("message"))
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["created_at", "pk"]
        verbose_name = _("message")
        verbose_name_plural = _("messages")

    def __str__(self) -> str:
        return f"{self.author}, {self.created_at:%Y-%m-%d %H:%M}"
