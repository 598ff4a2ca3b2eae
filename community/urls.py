from importlib.util import find_spec

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

urlpatterns: list[URLPattern | URLResolver] = [
    path("accounts/", include("allauth.urls")),
    path("admin/login/", RedirectView.as_view(pattern_name="account_login", query_string=True)),
    path("admin/", admin.site.urls),
]
if find_spec("directory.urls"):
    urlpatterns += [path("directory/", include("directory.urls"))]
if find_spec("spaces.views.home"):
    from spaces.views.home import home

    urlpatterns += [path("", home, name="home")]
if find_spec("spaces.urls"):
    urlpatterns += [path("spaces/", include("spaces.urls"))]
if settings.DEMO:
    urlpatterns += [path("demo/", include("community.demo.urls"))]
