from django.urls import path

from spaces.views import (
    booking,
    booking_detail,
    building,
    emergency,
    feed,
    host_entry,
    incident,
    need,
    offer,
    office,
    office_calendar,
    opening,
    saved_search,
    search,
    suggestions,
    wave,
)

app_name = "spaces"

# --- Exchange: offices, hours, bookings -----------------------------------------
urlpatterns = [
    path("", search.office_search, name="office_search"),
    path("suggestions/", suggestions.suggestions, name="suggestions"),
    path("searches/", saved_search.saved_search_list, name="saved_search_list"),
    path("searches/new/", saved_search.saved_search_new, name="saved_search_new"),
    path(
        "searches/stop/<str:token>/",
        saved_search.saved_search_stop,
        name="saved_search_stop",
    ),
    path(
        "searches/<int:pk>/",
        saved_search.saved_search_change,
        name="saved_search_change",
    ),
    path(
        "searches/<int:pk>/forget/",
        saved_search.saved_search_forget,
        name="saved_search_forget",
    ),
    path("offices/", office.my_offices, name="my_offices"),
    path("offices/new/", office.office_new, name="office_new"),
    path("offices/<int:pk>/", office.office_detail, name="office_detail"),
    path("offices/<int:pk>/edit/", office.office_edit, name="office_edit"),
    path("offices/<int:pk>/enter/", host_entry.office_enter, name="office_enter"),
    path(
        "offices/<int:pk>/calendar/",
        office_calendar.office_calendar,
        name="office_calendar",
    ),
    path("guests/<str:token>/", host_entry.guest_link, name="guest_link"),
    path("offices/<int:pk>/usual-hours/", office.usual_hours, name="usual_hours"),
    path("offices/<int:pk>/closures/new/", office.closure_new, name="closure_new"),
    path("closures/<int:pk>/end/", office.closure_end, name="closure_end"),
    path("offices/<int:pk>/hours/new/", opening.opening_new, name="opening_new"),
    path(
        "offices/<int:pk>/hours/confirm/",
        opening.openings_confirm,
        name="openings_confirm",
    ),
    path("hours/<int:pk>/end/", opening.opening_end, name="opening_end"),
    path("offices/<int:pk>/ask/", booking.booking_request, name="booking_request"),
    path("bookings/", booking.booking_list, name="booking_list"),
    path("bookings/<int:pk>/", booking_detail.booking_detail, name="booking_detail"),
    path(
        "bookings/<int:pk>/not-agreed/",
        host_entry.booking_refuse,
        name="booking_refuse",
    ),
    path(
        "bookings/<int:pk>/<str:status>/", booking.booking_answer, name="booking_answer"
    ),
    path("buildings/<int:pk>/", building.building_detail, name="building_detail"),
    path("feed/", feed.feed_settings, name="feed_settings"),
    path("feed/<str:token>.ics", feed.feed, name="feed"),
    path("feed/offices/<str:link>.ics", feed.office_feed, name="office_feed"),
    path("offices/<int:pk>/feed/", feed.office_feed_renew, name="office_feed_renew"),
]

# --- Emergency: incidents, needs, offers, waves -----------------------------------
urlpatterns += [
    path("emergency/", emergency.emergency, name="emergency"),
    path("incidents/new/", incident.incident_report, name="incident_report"),
    path("incidents/word/<str:token>/", incident.incident_word, name="incident_word"),
    path("incidents/<int:pk>/", incident.incident_detail, name="incident_detail"),
    path("incidents/<int:pk>/word/", incident.incident_speak, name="incident_speak"),
    path("incidents/<int:pk>/news/", incident.incident_update, name="incident_update"),
    path("incidents/<int:pk>/rooms/", incident.incident_room, name="incident_room"),
    path(
        "incidents/<int:pk>/places/<int:scope_pk>/",
        incident.incident_reopening,
        name="incident_reopening",
    ),
    path(
        "incidents/<int:pk>/<str:status>/",
        incident.incident_answer,
        name="incident_answer",
    ),
    path("needs/new/", need.need_new, name="need_new"),
    path("needs/link/<str:token>/", need.need_link, name="need_link"),
    path("needs/<int:pk>/", need.need_detail, name="need_detail"),
    path("needs/<int:pk>/edit/", need.need_edit, name="need_edit"),
    path("needs/<int:pk>/publish/", need.need_publish, name="need_publish"),
    path("needs/<int:pk>/close/", need.need_close, name="need_close"),
    path(
        "needs/<int:pk>/offers/<int:offer_pk>/accept/",
        offer.offer_accept,
        name="offer_accept",
    ),
    path(
        "needs/<int:pk>/offers/<int:offer_pk>/decline/",
        offer.offer_decline,
        name="offer_decline",
    ),
    path(
        "needs/<int:pk>/waves/<int:wave_pk>/<str:state>/",
        wave.wave_answer,
        name="wave_answer",
    ),
    path("offers/<int:pk>/withdraw/", offer.offer_withdraw, name="offer_withdraw"),
    path("help/<str:token>/", offer.offer_answer, name="offer_answer"),
]
