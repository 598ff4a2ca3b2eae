from django.urls import path

from spaces.views import booking, building, feed, office, opening, search

app_name = "spaces"

# --- Exchange: offices, hours, bookings -----------------------------------------
urlpatterns = [
    path("", search.office_search, name="office_search"),
    path("offices/", office.my_offices, name="my_offices"),
    path("offices/new/", office.office_new, name="office_new"),
    path("offices/<int:pk>/", office.office_detail, name="office_detail"),
    path("offices/<int:pk>/edit/", office.office_edit, name="office_edit"),
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
    path("bookings/<int:pk>/", booking.booking_detail, name="booking_detail"),
    path(
        "bookings/<int:pk>/<str:status>/", booking.booking_answer, name="booking_answer"
    ),
    path("buildings/<int:pk>/", building.building_detail, name="building_detail"),
    path("feed/", feed.feed_settings, name="feed_settings"),
    path("feed/<str:token>.ics", feed.feed, name="feed"),
]
