import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "community.settings")

application = get_wsgi_application()

# What was loaded to start stays for good: it need not be looked through again, and a page of 20 rooms makes too little
# that refers to itself for a look at every 700 objects (a fifth of its time).
gc.collect()
gc.freeze()
gc.set_threshold(20_000, 20, 50)
