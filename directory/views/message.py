"""What members write to each other, and telling the moderators of somebody."""

from django.contrib import messages
from django.db.models import OuterRef, Subquery
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from directory.domain.message import can_write, have_both_written, write_to
from directory.domain.report import report_member
from directory.errors import DomainError
from directory.forms.message import MessageForm, ReportForm
from directory.http import TherapistRequest, member_required
from directory.limits import REPORTS, WRITING, limited
from directory.models import Conversation, Message, Therapist
from directory.queries import hidden_from

MOST_SHOWN = 200  # messages of a conversation, conversations of a person


@require_safe
@member_required
def conversation_list(request: TherapistRequest) -> HttpResponse:
    me = request.therapist
    latest = Message.objects.filter(conversation=OuterRef("pk")).order_by("-pk")
    found = (
        Conversation.objects.of(me)
        .with_people()
        .annotate(
            last=Subquery(latest.values("text")[:1]),
            last_author=Subquery(latest.values("author")[:1]),
        )[:MOST_SHOWN]
    )
    parted = set(me.blocked_either_way())
    lines = [
        {"person": other, "conversation": row, "is_mine": row.last_author == me.pk}
        for row in found
        if (other := row.other_than(me)).pk not in parted
    ]
    return render(request, "directory/conversation_list.html", {"lines": lines})


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
@limited(WRITING)
def conversation(request: TherapistRequest, pk: int) -> HttpResponse:
    """With one colleague. What was written stays readable when one of the two has left; parted people find nothing."""
    me = request.therapist
    person = get_object_or_404(
        Therapist.objects.unblocked_for(me).exclude(pk=me.pk), pk=pk
    )
    found = Conversation.objects.between(me, person).first()
    is_open = can_write(person, by=me)
    if found is None and (not is_open or person.pk in hidden_from(me)):
        raise Http404
    form = MessageForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            write_to(person, by=me, **form.cleaned_data)
        except DomainError as error:
            form.add_error("text", str(error))
        else:
            messages.success(
                request, _("Sent. They get it by mail, without your address.")
            )
            return redirect("directory:conversation", person.pk)
    written = (
        list(found.messages.select_related("author").order_by("-pk")[:MOST_SHOWN])[::-1]
        if found
        else []
    )
    context = {
        "person": person,
        "written": written,
        "form": form if is_open else None,
        "knows_address": found is not None and have_both_written(found),
    }
    return render(request, "directory/conversation.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
@limited(REPORTS)
def therapist_report(request: TherapistRequest, pk: int) -> HttpResponse:
    me = request.therapist
    people = Therapist.objects.members().exclude(pk__in=[me.pk, *hidden_from(me)])
    person = get_object_or_404(people, pk=pk)
    between = Conversation.objects.between(me, person).first()
    form = ReportForm(request.POST or None, has_conversation=between is not None)
    if request.method == "POST" and form.is_valid():
        try:
            report_member(
                person,
                by=me,
                text=form.cleaned_data["text"],
                conversation=between if form.cleaned_data["with_messages"] else None,
            )
        except DomainError as error:
            form.add_error("text", str(error))
        else:
            messages.success(
                request,
                _(
                    "Thank you. A moderator looks at it and writes to you. %(name)s is not told who reported."
                )
                % {"name": person},
            )
            return redirect("directory:therapist_list")
    return render(
        request, "directory/therapist_report.html", {"person": person, "form": form}
    )
