"""Settings shared by the peers' Django sites: a database of its own on the same server, named by the benchmark."""

import os

EVERY_SITE = {
    "SECRET_KEY": "for-measuring-only-and-nobodys-secret-at-all-0123456789",
    "DATABASES": {
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": os.environ["BENCH_DATABASE"],
            "USER": os.environ["BENCH_USER"],
            "HOST": os.environ["BENCH_HOST"],
            "CONN_MAX_AGE": 60,
        }
    },
}
