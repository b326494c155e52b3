[pytest]
DJANGO_SETTINGS_MODULE = acme.settings
pythonpath = . @arrivals@
# Throw-away servers, unless DATABASE_URL and REDIS_URL name others.
addopts = -p tests.servers
testpaths = tests_acme
