"""WSGI application, with the system checks that a web process makes at start."""

import os

from django.core.wsgi import get_wsgi_application

from config.checks import refuse_a_key_of_its_own, tell

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_wsgi_application()
refuse_a_key_of_its_own()
tell()
