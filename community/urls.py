from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from spaces.views.home import home

# /healthz/ and /readyz/ are answered by community.health, ahead of every other middleware.
urlpatterns: list[URLPattern | URLResolver] = [
    path("", home, name="home"),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("directory/", include("directory.urls")),
    path("spaces/", include("spaces.urls")),
]
if settings.DEMO:
    urlpatterns += [path("demo/", include("community.demo.urls"))]
