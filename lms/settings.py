"""Attune's settings. Each choice comes from the environment; without any, one process serves everything.

ATTUNE_DATA_DIR            where database, secret key and collected static files live  (<repository>/data)
ATTUNE_DEBUG               detailed error pages; never in production                            (false)
ATTUNE_SECRET_KEY          32 characters or more         (made once, kept in ATTUNE_DATA_DIR/secret_key)
ATTUNE_ALLOWED_HOSTS       comma-separated host names                        (localhost,127.0.0.1,[::1])
ATTUNE_TRUSTED_ORIGINS     comma-separated origins that may post forms, as https://lms.example  (none)
ATTUNE_HTTPS               secure cookies, redirect to https, HSTS                              (false)
ATTUNE_TRUST_PROXY         believe X-Forwarded-Proto and X-Forwarded-For of the proxy in front  (false)
ATTUNE_HSTS_SUBDOMAINS     HSTS for all subdomains of this one, and for the browsers' preload list  (false)
ATTUNE_LOG_LEVEL           debug, info, warning or error                                        (info)
ATTUNE_LOG_FORMAT          line, or json: one object a line, with the request's id              (line)
ATTUNE_EMAIL_VERIFICATION  none, optional or mandatory                                          (none)
ATTUNE_STAFF_MFA           instructors and administrators need two-step sign-in                (false)
ATTUNE_API_RATE            requests a person may send to the API, such as 600/min           (600/min)
ATTUNE_API_RATE_ANONYMOUS  the same for somebody without an account, by address              (60/min)
ATTUNE_STRANGERS_A_MINUTE  requests that one address may send in a minute without signing in   (1200)
ATTUNE_SMTP_URL            smtp://user:password@host:port or smtps://...   (mail goes to the console)
ATTUNE_FROM_EMAIL          the sender of mail                               (Attune <attune@localhost>)
ATTUNE_PUBLIC_URL          where people find this site; links in mail begin with it  (http://127.0.0.1:8000)
ATTUNE_CHECKPOINTS_DIR     where models lie                                     (<repository>/checkpoints)
ATTUNE_RUNS_DIR            where training runs leave what they make                    (<repository>/runs)
ATTUNE_DEFAULT_MODEL       the checkpoint to serve until one is promoted                        (attune)
ATTUNE_DEVICE              auto, cpu, cuda or cuda:1, for the inference worker                  (auto)
ATTUNE_READING_PLACE       where pictures are read: server, device, or student for the student's choice
                           (student; without an ONNX file of the served model, server)
ATTUNE_POLICY_OVERRIDE     why this installation may infer emotions where emotion/policy.py says no: a reason of
                           20 to 200 characters, kept in the audit log                          (none)
ATTUNE_CONSENT_AGE         below this age a parent or guardian has to agree to the camera, 13 or more (16)
ATTUNE_READING_HOURS       how long single readings are kept; sums of ten seconds stay           (24)
ATTUNE_HISTORY_DAYS        how long histories stay after a course or a cohort has ended         (30)
ATTUNE_CONSENT_DAYS        how long a withdrawn consent is kept, to show that there was one     (1095)
ATTUNE_SIGN_IN_DAYS        how long notes of sign-ins are kept                                  (90)
ATTUNE_TORCH_THREADS       CPU threads of the inference worker                        (2, or 1 where there is one)
ATTUNE_TESTING             fast, weak password hashing for the test suite                       (false)
ATTUNE_LARGEST_UPLOAD_MB   the largest file a teacher may put into a course                     (500)
ATTUNE_EMBED_HOSTS         comma-separated hosts whose pages a lesson may embed
                           (www.geogebra.org,phet.colorado.edu,www.desmos.com,ourworldindata.org,h5p.org)
ATTUNE_WEBHOOK_PRIVATE_HOSTS  comma-separated hosts inside your network that webhooks may go to, http:// too
                           (none; with ATTUNE_DEBUG, this machine)
ATTUNE_XAPI_URL            the xAPI endpoint of a learning record store, told of learning events (none)
ATTUNE_XAPI_KEY, ATTUNE_XAPI_SECRET  what it is entered with, instead of in the address         (none)
ATTUNE_SITE_URL            this site's address in xAPI statements, as https://lms.example
                           (from the first of ATTUNE_ALLOWED_HOSTS)
ATTUNE_METRICS_TOKEN       16 characters or more, with which Prometheus may read /metrics   (none: it is not there)
ATTUNE_EVENT_DAYS          how long learning events are kept for webhooks and the record store  (90)
DATABASE_URL               postgres://user:password@host:port/name                              (SQLite)
REDIS_URL                  redis://host:port/0; broker and channel layer         (inside this process)
"""

# Longer than 400 lines: an eighth is the table above, and an operator looks for a setting in one place.

from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote, urlsplit

from csp.constants import NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.urls import reverse_lazy

from lms import env
from lms.admin_theme import UNFOLD  # noqa: F401  (a setting)
from lms.worker_policy import add_worker_policy

BASE_DIR = Path(__file__).resolve().parent.parent
ATTUNE_DATA_DIR = env.make_data_dir("ATTUNE_DATA_DIR", BASE_DIR / "data")
TESTING = env.read_bool("ATTUNE_TESTING")
# `prepare_demo` marks its folder: there, and only on this machine, one press signs in (accounts/demo.py).
ATTUNE_DEMO = (ATTUNE_DATA_DIR / "demo").exists()

# --- Security ---

DEBUG = env.read_bool("ATTUNE_DEBUG")
SECRET_KEY = env.read_secret_key("ATTUNE_SECRET_KEY", ATTUNE_DATA_DIR / "secret_key")
ALLOWED_HOSTS = env.read_list("ATTUNE_ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.read_list("ATTUNE_TRUSTED_ORIGINS", [])

HTTPS = env.read_bool("ATTUNE_HTTPS")
TRUST_PROXY = env.read_bool("ATTUNE_TRUST_PROXY")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = env.read_bool("ATTUNE_HSTS_SUBDOMAINS")
# Both speak for other sites of the same domain, which is its owner's to decide: `check --deploy` does not ask for them.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUST_PROXY else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "lms.errors.csrf_failure"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "media-src": [SELF, "blob:"],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
# The admin's Alpine evaluates its attributes and writes styles into elements; see AdminPolicyMiddleware.
ADMIN_CONTENT_SECURITY_POLICY_UPDATE = {"script-src": [UNSAFE_EVAL], "style-src": [UNSAFE_INLINE]}
# Pages that a lesson may embed. Videos are always allowed from the two players; what is named here comes on top.
VIDEO_HOSTS = ["www.youtube-nocookie.com", "player.vimeo.com"]
EMBED_HOSTS = env.read_list(
    "ATTUNE_EMBED_HOSTS", ["www.geogebra.org", "phet.colorado.edu", "www.desmos.com", "ourworldindata.org", "h5p.org"]
)
CONTENT_SECURITY_POLICY["DIRECTIVES"]["frame-src"] = [
    SELF,
    *(f"https://{host}" for host in VIDEO_HOSTS + EMBED_HOSTS),
]
PERMISSIONS_POLICY = "camera=(self), microphone=(), geolocation=()"

# --- What is installed ---

ROOT_URLCONF = "lms.urls"
ASGI_APPLICATION = "lms.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "lms",  # before staticfiles: its runserver speaks ASGI
    "unfold",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "django_filters",
    "channels",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "axes",
    "csp",
    "rules",
    "accounts",
    "courses",
    "emotion",
    "training",
]

MIDDLEWARE = [
    "lms.metrics.requests.CountingMiddleware",  # first, so that it counts all of the time
    "lms.logs.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "lms.middleware.CompressionMiddleware",
    "lms.middleware.CameraCodeMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "lms.middleware.AdminPolicyMiddleware",
    "lms.middleware.PermissionsPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.middleware.TimeZoneMiddleware",
    "accounts.middleware.LanguageMiddleware",
    "accounts.strangers.StrangersLimitMiddleware",
    "accounts.middleware.StaffMFAMiddleware",
    "axes.middleware.AxesMiddleware",  # last, so that its lockout page replaces the view's answer
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.debug",
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "accounts.theme.context",
                "courses.notifications.context.unread",
            ],
        },
    }
]

# --- Database ---

DATABASES = {
    "default": env.read_postgres("DATABASE_URL")
    or {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": ATTUNE_DATA_DIR / "attune.sqlite3",
        "OPTIONS": {
            # A transaction waits for the write lock at its start, instead of failing in its middle.
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
        },
        # A file, not :memory:, so that worker threads in a test see the same rows.
        "TEST": {"NAME": ATTUNE_DATA_DIR / "test.sqlite3"},
    }
}

# --- Redis, or everything in this process ---

REDIS_URL = env.read_url("REDIS_URL", ("redis", "rediss", "unix"))
if REDIS_URL:
    CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [REDIS_URL]},
        }
    }
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}
    CELERY_BROKER_URL = REDIS_URL
else:
    CHANNEL_LAYERS = {"default": {"BACKEND": "lms.channel_layer.LocalChannelLayer"}}
    # Limits and what a class was shown are kept here: Django's 300 entries would be pushed out within minutes, by
    # whoever asks often. What was not asked for longest goes first; a full one takes some 40 MB.
    CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "OPTIONS": {"MAX_ENTRIES": 100_000}}
    }
    CELERY_BROKER_URL = "memory://"
    # The default of this transport waits half a second for each task.
    CELERY_BROKER_TRANSPORT_OPTIONS = {"polling_interval": 0.005}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ROUTES = {
    "emotion.process_frames": {"queue": "frames"},
    "emotion.watch_states": {"queue": "frames"},
    "emotion.forget_faces": {"queue": "frames"},
    "courses.send_notifications": {"queue": "mail"},
    "courses.send_weekly_summaries": {"queue": "mail"},
}
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = "UTC"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True

# --- Emotion --------------------------------------------------------------------------------------------------------

CHECKPOINTS_DIR = Path(env.read_text("ATTUNE_CHECKPOINTS_DIR", str(BASE_DIR / "checkpoints")))
RUNS_DIR = Path(env.read_text("ATTUNE_RUNS_DIR", str(BASE_DIR / "runs")))
ATTUNE_DEFAULT_MODEL = env.read_text("ATTUNE_DEFAULT_MODEL", "attune")
ATTUNE_DEVICE = env.read_text("ATTUNE_DEVICE", "auto")
ATTUNE_READING_PLACE = env.read_choice("ATTUNE_READING_PLACE", ("server", "device", "student"), "student")
ATTUNE_POLICY_OVERRIDE = env.read_reason("ATTUNE_POLICY_OVERRIDE", shortest=20, longest=200)
ATTUNE_CONSENT_AGE = env.read_int("ATTUNE_CONSENT_AGE", 16, lowest=13)
ATTUNE_READING_HOURS = env.read_int("ATTUNE_READING_HOURS", 24, lowest=1)
ATTUNE_HISTORY_DAYS = env.read_int("ATTUNE_HISTORY_DAYS", 30, lowest=1)
ATTUNE_CONSENT_DAYS = env.read_int("ATTUNE_CONSENT_DAYS", 1095, lowest=1)
ATTUNE_SIGN_IN_DAYS = env.read_int("ATTUNE_SIGN_IN_DAYS", 90, lowest=1)
ATTUNE_TORCH_THREADS = env.read_int("ATTUNE_TORCH_THREADS", min(2, env.count_cores()), lowest=1)

# --- People ---

AUTH_USER_MODEL = "accounts.User"
LOGIN_URL = reverse_lazy("account_login")
LOGIN_REDIRECT_URL = "/home/"
LOGOUT_REDIRECT_URL = "/"

AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",  # first: it refuses before a password is looked at
    "rules.permissions.ObjectPermissionBackend",
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
if TESTING:
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_SIGNUP_FORM_CLASS = "accounts.forms.SignupForm"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_USER_DISPLAY = "accounts.models.display_name_of"
ACCOUNT_EMAIL_VERIFICATION = env.read_choice("ATTUNE_EMAIL_VERIFICATION", ("none", "optional", "mandatory"), "none")
ACCOUNT_EMAIL_SUBJECT_PREFIX = "[Attune] "
ACCOUNT_LOGOUT_REDIRECT_URL = "/"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_RATE_LIMITS = {
    "login_failed": False,  # django-axes counts these
    # By network address: a class that begins together does so from one.
    "login": "60/m/ip",
    "signup": "60/m/ip",
}
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if TRUST_PROXY else 0
ATTUNE_STRANGERS_A_MINUTE = env.read_int("ATTUNE_STRANGERS_A_MINUTE", 1200, lowest=10)
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Attune"
MFA_TOTP_TOLERANCE = 1  # a phone whose clock is half a minute off still signs in
# Where no address is ever confirmed, asking for a confirmed one would be a dead end.
MFA_ALLOW_UNVERIFIED_EMAIL = ACCOUNT_EMAIL_VERIFICATION == "none"
ATTUNE_STAFF_MFA = env.read_bool("ATTUNE_STAFF_MFA")

AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_USERNAME_CALLABLE = "accounts.lockout.email_of"
AXES_CLIENT_IP_CALLABLE = "accounts.lockout.address_of"
AXES_LOCKOUT_TEMPLATE = "account/locked.html"
AXES_RESET_ON_SUCCESS = True
AXES_VERBOSE = False

# --- Mail ---

DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.read_text("ATTUNE_FROM_EMAIL", "Attune <attune@localhost>")
ATTUNE_PUBLIC_URL = env.read_url("ATTUNE_PUBLIC_URL", ("http", "https")) or "http://127.0.0.1:8000"
EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
if smtp_url := env.read_url("ATTUNE_SMTP_URL", ("smtp", "smtps")):
    _smtp = urlsplit(smtp_url)
    EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    EMAIL_HOST = _smtp.hostname
    EMAIL_USE_SSL = _smtp.scheme == "smtps"
    EMAIL_USE_TLS = not EMAIL_USE_SSL and _smtp.port == 587
    EMAIL_PORT = _smtp.port or (465 if EMAIL_USE_SSL else 25)
    EMAIL_TIMEOUT = 20  # seconds; a server that never answers must not hold the others up
    EMAIL_HOST_USER = unquote(_smtp.username or "")
    EMAIL_HOST_PASSWORD = unquote(_smtp.password or "")

# --- Files of courses and their students: outside the static ones, each served by a view that asks who may see it ---

MEDIA_ROOT = ATTUNE_DATA_DIR / "files"
MEDIA_ROOT.mkdir(exist_ok=True)
FILE_UPLOAD_PERMISSIONS = 0o600
ATTUNE_LARGEST_UPLOAD_MB = env.read_int("ATTUNE_LARGEST_UPLOAD_MB", 500, lowest=1)

# --- Learning events, and who is told of them ---

ATTUNE_WEBHOOK_PRIVATE_HOSTS = env.read_list(
    "ATTUNE_WEBHOOK_PRIVATE_HOSTS", ["localhost", "127.0.0.1", "::1"] if DEBUG else []
)
ATTUNE_SITE_URL = (
    env.read_url("ATTUNE_SITE_URL", ("https", "http"))
    or f"{'https' if HTTPS else 'http'}://{ALLOWED_HOSTS[0].lstrip('*.') or 'localhost'}"
).rstrip("/")
ATTUNE_XAPI_URL, ATTUNE_XAPI_KEY, ATTUNE_XAPI_SECRET = env.read_url_with_key("ATTUNE_XAPI")
ATTUNE_EVENT_DAYS = env.read_int("ATTUNE_EVENT_DAYS", 90, lowest=7)

# --- Operations ---

ATTUNE_METRICS_TOKEN = env.read_secret("ATTUNE_METRICS_TOKEN", shortest=16)

# --- Language, static files, REST, log ---

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch"), ("fr", "Français"), ("ar", "العربية")]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = "lms.formats"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True

STATIC_URL = "/static/"
STATIC_ROOT = ATTUNE_DATA_DIR / "staticfiles"
STATIC_ROOT.mkdir(exist_ok=True)  # whitenoise warns of a missing one at each start
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True
WHITENOISE_MIMETYPES = {".webmanifest": "application/manifest+json"}
WHITENOISE_ADD_HEADERS_FUNCTION = add_worker_policy

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.authentication.BearerAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    # Pictures and files have parsers of their own. Nested answers do not fit into a form's fields.
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.LimitOffsetPagination",
    "PAGE_SIZE": 50,
    # Without it, whoever makes up an X-Forwarded-For has no limit: each made-up address is counted by itself.
    "NUM_PROXIES": 1 if TRUST_PROXY else 0,
    # For every endpoint but a camera's frames and readings, which have limits of their own.
    "DEFAULT_THROTTLE_CLASSES": [
        "rest_framework.throttling.AnonRateThrottle",
        "rest_framework.throttling.UserRateThrottle",
    ],
    "DEFAULT_THROTTLE_RATES": {
        "user": env.read_text("ATTUNE_API_RATE", "600/min"),
        "anon": env.read_text("ATTUNE_API_RATE_ANONYMOUS", "60/min"),
    },
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Attune",
    "DESCRIPTION": "Courses, and how they feel to the people taking them.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,  # what is sent is not what is answered: it may not be blank, and has no read-only
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "lms.refusals.describe_refusals",
    ],
    "ENUM_NAME_OVERRIDES": {
        "BlockKindEnum": "courses.models.BlockKind",
        "QuestionKindEnum": "courses.quizzes.models.QuestionKind",
        "CourseRoleEnum": "courses.models.Role",
        "InvitedRoleEnum": "courses.enrollment.models.INVITED_CHOICES",
        "ThreadKindEnum": "courses.discussion.models.ThreadKind",
        "NotificationKindEnum": "courses.notifications.models.NotificationKind",
        "MailWishEnum": "courses.notifications.models.MailWish",
    },
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
}

LOG_LEVEL = env.read_choice("ATTUNE_LOG_LEVEL", ("debug", "info", "warning", "error"), "info").upper()
LOG_FORMAT = env.read_choice("ATTUNE_LOG_FORMAT", ("line", "json"), "line")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"},
        "json": {"()": "lms.logs.JsonFormatter"},
    },
    "filters": {"route": {"()": "lms.logs.RouteFilter"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT, "filters": ["route"]}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        "django": {"handlers": ["console"], "level": LOG_LEVEL, "propagate": False},
        "uvicorn": {"level": "WARNING"},
        # Two lines for each frame otherwise.
        "celery.app.trace": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},
        "fontTools": {"level": "WARNING"},  # it lists the letters of each name on a certificate
        "kombu.connection": {"level": "ERROR"},  # it warns that memory:// has no host
    },
}
