"""The application's URLs as they are with DEMO=1."""

from django.urls import include, path

from community.urls import urlpatterns as ordinary

urlpatterns = [*ordinary, path("demo/", include("community.demo.urls"))]
