from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from community.webhooks import webhooks_of
from spaces.views.home import home

# /healthz/ and /readyz/ are answered by community.health, ahead of every other middleware.
urlpatterns: list[URLPattern | URLResolver] = [
    path("", home, name="home"),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("directory/", include("directory.urls")),
    path("spaces/", include("spaces.urls")),
]
if settings.WEBHOOK_PROVIDER:
    urlpatterns += [path("anymail/", include(webhooks_of(settings.WEBHOOK_PROVIDER)))]
if settings.DEMO:
    urlpatterns += [path("demo/", include("community.demo.urls"))]
