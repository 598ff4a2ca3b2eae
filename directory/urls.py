from django.urls import path

from directory.views.unsubscribe import unsubscribe

app_name = "directory"
urlpatterns = [
    path("mail-off/<str:token>/", unsubscribe, name="unsubscribe"),
]
