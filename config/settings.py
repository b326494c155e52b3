"""Django settings: one file, from the environment, with defaults that run. The README describes every variable."""

import secrets
import tomllib
from datetime import timedelta
from email.utils import formataddr
from pathlib import Path
from urllib.parse import urlsplit

from csp.constants import NONE, SELF
from kombu import Exchange, Queue

from config import env, folders, hosts, languages, logs
from launcher import private_servers, programs

BASE_DIR = Path(__file__).resolve().parent.parent
VERSION = tomllib.loads((BASE_DIR / "pyproject.toml").read_text())["project"]["version"]
ARRIVALS_HOME = folders.home("ARRIVALS_HOME", BASE_DIR / ".arrivals")
folders.programs("ARRIVALS_POSTGRES_BIN")
DEBUG = env.flag("DEBUG")

SECRET_KEY_NAMED = bool(env.text("SECRET_KEY", ""))
SECRET_KEY = env.secret_key(
    "SECRET_KEY", "" if SECRET_KEY_NAMED else folders.kept_secret(ARRIVALS_HOME / "secret_key")
)

# What people read as the name of all this.
PRODUCT_NAME = env.product_name("PRODUCT_NAME", "Arrivals")
PRODUCT_COLOR = env.color("PRODUCT_COLOR")
PRODUCT_LOGO = env.picture("PRODUCT_LOGO")
PORT = env.whole_number("PORT", 8000, 1, 65535)
HOST = env.listening_host("HOST", "127.0.0.1")
SITE_URL = env.site("SITE_URL", f"http://localhost:{PORT}")
ON_HTTPS = SITE_URL.startswith("https://")
SITE_HOST = urlsplit(SITE_URL).hostname or "localhost"
ALLOWED_HOSTS = env.hosts_list(
    "ALLOWED_HOSTS", ",".join(dict.fromkeys((hosts.in_url(SITE_HOST), "localhost", "127.0.0.1", "[::1]")))
)
CSRF_TRUSTED_ORIGINS = [SITE_URL] if ON_HTTPS else []

# Our own lines from LOG_LEVEL on, others' from WARNING; JSON where a machine reads, readable where a person does.
LOG_LEVEL = env.choice("LOG_LEVEL", "INFO", logs.LEVELS)
LOG_FORMAT = env.choice("LOG_FORMAT", logs.usual_format(DEBUG), logs.FORMATS)
LOGGING = logs.configuration(LOG_LEVEL, LOG_FORMAT)
SENTRY_DSN = env.reports("SENTRY_DSN")

PRIVATE_POSTGRES = not env.text("DATABASE_URL", "")
PRIVATE_VALKEY = not env.text("REDIS_URL", "")
DATABASES = {"default": env.database("DATABASE_URL", private_servers.database_url(ARRIVALS_HOME))}
REDIS_URL = env.broker("REDIS_URL", private_servers.redis_url(ARRIVALS_HOME))
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

MAIL_SERVICE = ""  # whose API takes our letters
ANYMAIL: dict = {}
globals().update(env.mail("EMAIL_URL", ARRIVALS_HOME / "mail"))
EMAIL_TIMEOUT = 10
_OUR_DOMAIN = hosts.in_mailbox(SITE_HOST)
DEFAULT_FROM_EMAIL = env.address("DEFAULT_FROM_EMAIL", formataddr((PRODUCT_NAME, f"hello@{_OUR_DOMAIN}")))
SUPPORT_EMAIL = env.address("SUPPORT_EMAIL", f"support@{_OUR_DOMAIN}")
OWNER_EMAIL = env.address("OWNER_EMAIL", f"owner@{_OUR_DOMAIN}")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
# Who may deliver mail to /mail/<service>/inbound/, and tell at /mail/<service>/tracking/ what came back, as
# user:password. Nobody can where none is named.
ANYMAIL |= {
    "REQUESTS_TIMEOUT": EMAIL_TIMEOUT,
    "WEBHOOK_SECRET": env.user_and_password("WEBHOOK_SECRET") or f"arrivals:{secrets.token_urlsafe(32)}",
    **env.signing_keys(MAIL_SERVICE, "WEBHOOK_SIGNING_KEY", "INBOUND_SIGNING_KEY"),
}

INSTALLED_APPS = [
    "accounts",
    "provisioning",
    "product",
    "oauth2_provider",
    "support",
    "django_celery_beat",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "config.admin_site.ConsoleConfig",
    "anymail",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "csp",
    "launcher",
    "config",  # last: when every room is ready, it looks through what the settings name
]
MIDDLEWARE = [
    "config.middleware.requests.Requests",
    "config.middleware.requests.Front",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "config.middleware.refusals.Headers",
    "accounts.middleware.database_away.DatabaseAway",
    "config.middleware.refusals.Readable",
    "accounts.middleware.database_away.Sessions",
    "config.middleware.language.Language",
    "accounts.middleware.link_repair.WholeLinks",
    "django.middleware.common.CommonMiddleware",
    "config.middleware.refusals.Refusals",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.preferences.Preferences",
    "django_otp.middleware.OTPMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "accounts.middleware.rate_limits.Limits",
    "accounts.middleware.onward_policy.FormAction",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "accounts.middleware.preferences.signed_in",
                "django.template.context_processors.i18n",
                "provisioning.context_processors.outage_notices",
            ],
            "builtins": ["config.branding"],
        },
    }
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

AUTH_USER_MODEL = "accounts.Account"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
AUTHENTICATION_BACKENDS = ["accounts.backends.ThrottledBackend"]
# The first writes; the others read what was brought along (accounts/passwords/), once for each account.
PASSWORD_HASHERS = [
    "accounts.hashers.BoundedArgon2",
    *(
        f"django.contrib.auth.hashers.{name}PasswordHasher"
        for name in ("PBKDF2", "PBKDF2SHA1", "Scrypt", "BCryptSHA256", "BCrypt", "MD5")
    ),
]
# How many pages are made at once, in one process: it is one queue for the hashes, so no core waits while people do.
WEB_THREADS = 32
# Seconds between two rounds of the canary; 0: there is none. It is written to at this address, with a plus.
CANARY_ADDRESS = env.address("CANARY_ADDRESS", f"canary@{_OUR_DOMAIN}")
CANARY_EVERY = env.whole_number("CANARY_EVERY", 0, 0, 86_400)
HASHES_AT_ONCE = env.whole_number("HASHES_AT_ONCE", env.CORES, 1, 1000)
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "accounts.validators.AsCompared", "OPTIONS": {"validator": validator} | options}
    for validator, options in (
        (
            "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
            {"user_attributes": ("name", "email", "company"), "max_similarity": 0.7},
        ),
        ("django.contrib.auth.password_validation.MinimumLengthValidator", {"min_length": 8}),
        ("django.contrib.auth.password_validation.CommonPasswordValidator", {}),
        ("accounts.validators.ContextWords", {}),
        ("accounts.validators.NoBlankEnds", {}),
    )
]

SESSION_COOKIE_AGE = 14 * 86400
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = ON_HTTPS
SESSION_COOKIE_NAME = "__Host-session" if ON_HTTPS else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if ON_HTTPS else "csrf"
CLAIM_COOKIE_NAME = "__Host-claim" if ON_HTTPS else "claim"
KNOWN_COOKIE_NAME = "__Host-known" if ON_HTTPS else "known"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"  # a cookie would show what is said
CSRF_FAILURE_VIEW = "support.desk.refusals.csrf_failure"
CLAIM_COOKIE_AGE = 7 * 86400

SECURE_SSL_REDIRECT = ON_HTTPS
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|repairz)$"]  # a load balancer asks over http
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if ON_HTTPS else None
SECURE_HSTS_SECONDS = 2 * 365 * 86400 if ON_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = ON_HTTPS
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
POWERS_WE_NEVER_ASK_FOR = ("camera", "microphone", "geolocation", "payment", "usb", "browsing-topics")
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
PERMISSIONS_POLICY = ", ".join(f"{power}=()" for power in POWERS_WE_NEVER_ASK_FOR)
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "connect-src": [SELF],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "upgrade-insecure-requests": ON_HTTPS,
    }
}

# The desk: a second step by one-time code, and out after so many minutes without a click.
DESK_REQUIRES_TOTP = env.flag("DESK_REQUIRES_TOTP", default=ON_HTTPS and not DEBUG)
DESK_IDLE_MINUTES = env.whole_number("DESK_IDLE_MINUTES", 30, 1, 24 * 60)
OTP_TOTP_ISSUER = PRODUCT_NAME
OTP_ADMIN_HIDE_SENSITIVE_DATA = True

# OpenID Connect, for the product behind us (product/oidc/): code with PKCE, nothing else of OAuth. docs/product.md
OIDC_CLIENTS = env.oidc_clients("OIDC_CLIENTS")
HOME_URL = env.front_page("HOME_URL")
ONWARD_COOKIE_NAME = "__Host-onward" if ON_HTTPS else "onward"
OAUTH2_PROVIDER_APPLICATION_MODEL = "product.Client"
OAUTH2_PROVIDER_ACCESS_TOKEN_MODEL = "oauth2_provider.AccessToken"  # the library's own, named for our foreign key
OIDC_SCOPES = {"openid": "who you are", "profile": "your name and workspace", "email": "your email address"}
OIDC_TOKEN_SECONDS = 3600  # how long an ID token and an access token are good
OIDC_KEYS_CACHED_SECONDS = 600  # how long a product may keep its copy of our public keys
OAUTH2_PROVIDER = {
    "OIDC_ENABLED": True,
    "OIDC_ISS_ENDPOINT": SITE_URL,
    "OIDC_SERVER_CLASS": "product.oidc.server.Server",
    "OAUTH2_VALIDATOR_CLASS": "product.oidc.validator.Validator",
    "SCOPES": OIDC_SCOPES,
    "DEFAULT_SCOPES": ["openid"],
    "ALLOWED_REDIRECT_URI_SCHEMES": ["https"],  # what may be named, product/redirect_uris.py says
    "AUTHORIZATION_CODE_EXPIRE_SECONDS": 60,
    "ACCESS_TOKEN_EXPIRE_SECONDS": OIDC_TOKEN_SECONDS,
    "ID_TOKEN_EXPIRE_SECONDS": OIDC_TOKEN_SECONDS,
    "OIDC_JWKS_MAX_AGE_SECONDS": OIDC_KEYS_CACHED_SECONDS,
    "REFRESH_TOKEN_REUSE_PROTECTION": True,
    "COMPLIANT_BCP_RFC9700_IMPLICIT_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PASSWORD_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PKCE_METHOD": True,
    "COMPLIANT_BCP_RFC9700_ACCESS_TOKEN_TRANSPORT": True,
    "COMPLIANT_BCP_RFC9700_AUTHZ_RESPONSE_ISS": True,
    "COMPLIANT_BCP_RFC9700_TOKEN_STORAGE": True,
}

LANGUAGE_CODE = "en"
LOCALE_PATHS = [BASE_DIR / "locale"]
LANGUAGES = languages.discovered(LOCALE_PATHS[0])
LANGUAGE_COOKIE_NAME = "__Host-language" if ON_HTTPS else "language"
LANGUAGE_COOKIE_AGE = 365 * 86400
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "static/"
STATIC_ROOT = folders.writable("ARRIVALS_HOME", ARRIVALS_HOME / "static")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "config.storage.Fingerprints"},
}
WHITENOISE_USE_FINDERS = True
WHITENOISE_ROOT = BASE_DIR / "config" / "root"  # /favicon.ico and /robots.txt, which are asked for by name

# Bytes that are taken in before a request is refused: a form, and a mail that the mail service delivers.
FORM_MAX_SIZE = 1024**2
DATA_UPLOAD_MAX_MEMORY_SIZE = 40 * 1024**2  # 25 MB of files, as most services allow them, are 35 in base64

# Who may read /metrics from elsewhere than this machine: its counts move for known addresses only.
METRICS_TOKEN = env.token("METRICS_TOKEN")

# The product behind us: where it is told what becomes of an account, and who may read one.
EVENTS_URL, EVENTS_SECRETS = env.events("EVENTS_URL", "EVENTS_SECRET")
API_TOKENS = env.tokens("API_TOKEN")

REVEAL_UNKNOWN_EMAIL = env.flag("REVEAL_UNKNOWN_EMAIL")
THROTTLES = env.flag("THROTTLES", default=True)
# How many proxies of our own stand before us; each adds the address it saw to X-Forwarded-For.
PROXIES = env.whole_number("PROXIES", 0, 0, 10)
if not THROTTLES and not DEBUG:
    raise env.refuse("THROTTLES", "may be off only together with DEBUG=1.")

# What we owe each new account, in order; a platform adds the dotted path of a function of its own.
SETUP_STEPS = env.names_list("SETUP_STEPS", "welcome_email,workspace")
SETUP_RETRY_SECONDS = env.seconds_list("SETUP_RETRY_SECONDS", "2,5,15,60,300,900,1800,3600")
SETUP_GIVE_UP_AFTER = env.whole_number("SETUP_GIVE_UP_AFTER", 14, 1, 10_000)
SETUP_LEASE = timedelta(seconds=env.whole_number("SETUP_LEASE_SECONDS", 20, 1, 3600))
SETUP_THREADS = env.whole_number("SETUP_THREADS", 16, 1, 500)
# How many pages one web process serves at once, and how many tasks one worker: each may hold a connection.
WEB_THREADS, WORKER_THREADS = 32, programs.WORKER_THREADS
WORKSPACE_URL = env.workspaces("WORKSPACE_URL", "local:")
SWEEP_SECONDS = env.whole_number("SWEEP_SECONDS", 2, 1, 3600)
# Each room comes to fetch what is ready for it; run in this order by the beat and by `manage.py sweep`.
SWEEPS = [
    "provisioning.sweep.fetch",
    "support.sweep.fetch",
    "support.periodic_jobs.fetch",
    "product.events.occasions.fetch",
]
# What else is handed over by the engine, beside the steps of accounts.
OUTBOXES = ["support.tickets.outbox.OUTBOX", "provisioning.errands.source.ERRANDS"]
# What services outside are told or asked about an account, also when it is gone.
ERRANDS = ["provisioning.errands.workspaces.KINDS", "product.events.delivery.KINDS"]
# What else is forgotten with an account that is deleted, and who is told.
ON_DELETION = [
    "support.tickets.intake.forget",
    "provisioning.engine.forgetting.forget",
    "provisioning.errands.workspaces.owe_deletion",
    "product.events.occasions.owe_deletion",
]
# What there is about an account, for its owner to download.
ON_EXPORT = [
    "accounts.profile.export.of_account",
    "provisioning.intake.export.of_account",
    "support.tickets.export.of_account",
]
# What is deleted when it is so many days old, of which tables; what is not named is kept.
RETENTION_DAYS = env.retention("RETENTION_DAYS")
RETENTION_TABLES = [
    "accounts.profile.retention.TABLES",
    "provisioning.retention.TABLES",
    "support.tickets.retention.TABLES",
]
# The name of the time zone in which people read of whom none is known.
DEFAULT_ZONE = "support.models.desk.zone_name"
# What the emails that nobody asked for say, read when they are handed over.
LETTER_FACTS = ["provisioning.intake.ready_notice.FACTS", "support.letter_facts.FACTS"]
# What has more time: once a minute.
CHORES = [
    "provisioning.retention.sweep_old",
    "provisioning.intake.ready_notice.fetch_ready",
    "provisioning.errands.workspaces.fetch_changes",
    "provisioning.emails.rate_limit.forget_old",
    "accounts.throttle.forget_old",
    "accounts.profile.sessions.forget_old",
    "product.oidc.sweep.forget_old",
]

# Celery carries out, the database decides. Why each of these stands here: docs/engine.md
_ONCE = {"max_retries": 0, "interval_start": 0, "interval_step": 0, "interval_max": 0}
CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_connect_timeout": 0.5,
    "socket_timeout": 0.5,
    "socket_keepalive": not REDIS_URL.startswith("redis+socket"),
    "health_check_interval": 10,
    "visibility_timeout": 600,
    "unacked_restore_interval": 10,
    "unacked_restore_throttle": 1,
    **_ONCE,
}
CELERY_TASK_PUBLISH_RETRY = True
CELERY_TASK_PUBLISH_RETRY_POLICY = _ONCE
CELERY_RESULT_BACKEND = None
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = "UTC"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
# Ticks stay in the queue that every release's worker reads; work has one of its own. A worker reads both.
CELERY_TASK_DEFAULT_QUEUE = "celery"
CELERY_TASK_QUEUES = [Queue(name, Exchange(name), routing_key=name) for name in ("celery", "work")]
CELERY_TASK_ROUTES = {f"provisioning.{name}": "work" for name in ("look_after", "run_step", "drain")}
CELERY_TASK_ROUTES["support.audit"] = "work"
CELERY_BEAT_SCHEDULER = "provisioning.beat:Scheduler"
CELERY_BEAT_MAX_LOOP_INTERVAL = 1
CELERY_BEAT_SCHEDULE = {
    "sweep": {
        "task": "provisioning.sweep",
        "schedule": float(SWEEP_SECONDS),
        "options": {"expire_seconds": SWEEP_SECONDS},  # as django-celery-beat calls it: it drops "expires"
    }
}
