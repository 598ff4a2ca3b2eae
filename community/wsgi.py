import os

from django.core.wsgi import get_wsgi_application

from community.garbage import look_less_often

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "community.settings")

application = get_wsgi_application()
look_less_often()
