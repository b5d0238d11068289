from allauth.account.decorators import secure_admin_login
from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.views.decorators.cache import cache_control
from django.views.generic import TemplateView
from django.views.i18n import JavaScriptCatalog

from lms import health
from lms.api_schema import SchemaView
from lms.metrics.views import metrics, workers

admin.autodiscover()
# Without this, the admin's own sign-in form would let people in past their second factor.
admin.site.login = secure_admin_login(admin.site.login)

urlpatterns = [
    path("", include("courses.transfer.urls")),
    path("", include("courses.studio.urls")),
    path("", include("courses.assignments.urls")),
    path("", include("courses.enrollment.urls")),
    path("", include("courses.at_risk.urls")),
    path("", include("courses.overview.urls")),
    path("", include("courses.gradebook.urls")),
    path("", include("courses.certificates.urls")),
    path("", include("courses.events.urls")),
    path("", include("courses.quizzes.urls")),
    path("", include("courses.notifications.urls")),
    path("", include("courses.discussion.urls")),
    path("", include("courses.calendar.urls")),
    path("", include("courses.search.urls")),
    path("", include("courses.urls")),
    path("", include("accounts.urls")),
    path("accounts/", include("allauth.urls")),
    path("", include("emotion.urls")),
    path("admin/workers/", admin.site.admin_view(workers), name="workers"),
    path("admin/", admin.site.urls),
    path("api/v1/", include("courses.api.urls")),
    path("api/v1/", include("emotion.api.urls")),
    path("api/schema/", SchemaView.as_view(), name="schema"),
    path("words.js", cache_control(max_age=3600)(JavaScriptCatalog.as_view()), name="words"),
    path("offline/", cache_control(max_age=3600)(TemplateView.as_view(template_name="offline.html")), name="offline"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", metrics, name="metrics"),
]

if settings.DEBUG:  # for whoever works on the pages
    urlpatterns.append(path("styleguide/", TemplateView.as_view(template_name="styleguide.html"), name="styleguide"))

handler403 = "lms.errors.forbidden"
handler404 = "lms.errors.not_found"
