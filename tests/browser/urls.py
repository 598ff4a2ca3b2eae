"""The application with a few pages more: a form with nothing but a week to paint, and what goes wrong."""

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import render
from django.template import engines
from django.urls import path

from community.urls import urlpatterns as application
from spaces.forms.fields import WeekField, WeekFormMixin
from spaces.hours import Span
from spaces.week import say_spans

PAGE = """
{% extends "base.html" %}
{% block title %}A week{% endblock %}
{% block content %}
<h1>A week</h1>
<form method="get" class="form" hx-get="" hx-trigger="submit" hx-target="#answer" hx-select="#answer" hx-swap="outerHTML" hx-push-url="true">
  {{ form.as_div }}
  <button type="submit" class="button">Find rooms</button>
</form>
<p id="answer" aria-live="polite">{{ answer }}</p>
{% endblock %}
"""


class WeekForm(WeekFormMixin, forms.Form):
    hours = WeekField(label="When do you need a room?")
    near = forms.CharField(label="Near", required=False)


def week(request):
    early = [Span(2, 360, 450)] if "early" in request.GET else []
    bound = {"hours", "hours_day"} & set(request.GET) or "near" in request.GET
    form = WeekForm(request.GET if bound else None, initial={"hours": early})
    answer = say_spans(form.cleaned_data["hours"]) if form.is_valid() else "no answer"
    page = engines["django"].from_string(PAGE)
    return HttpResponse(page.render({"form": form, "answer": answer}, request))


def not_yours(request):
    raise PermissionDenied


def broken(request):
    raise ValueError


def too_often(request):
    return render(request, "429.html", status=429)


urlpatterns = [
    path("week/", week),
    path("403/", not_yours),
    path("429/", too_often),
    path("500/", broken),
    *application,
]
