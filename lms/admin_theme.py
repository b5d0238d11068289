"""The admin's name, colours and sidebar (django-unfold). Colours follow static/css/tokens.css."""

from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _


def _teaches(request) -> bool:
    return request.user.is_active and request.user.is_staff


def _sees_climates(request) -> bool:
    from emotion.policy import features_are_on  # settings import this module before there are models

    return _teaches(request) and features_are_on()


def _is_administrator(request) -> bool:
    return request.user.is_superuser


def _item(title: str, icon: str, view: str, permission=_teaches) -> dict:
    return {"title": title, "icon": icon, "link": reverse_lazy(view), "permission": permission}


UNFOLD = {
    "SITE_TITLE": "Attune",
    "SITE_HEADER": "Attune",
    "SITE_SUBHEADER": _("Teaching and administration"),
    "SITE_URL": "/home/",
    "SITE_SYMBOL": "spa",
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("img/mark.svg")},
    ],
    "STYLES": [lambda request: static("css/admin.css")],
    "DASHBOARD_CALLBACK": "lms.admin_home.dashboard",
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": True,
    "BORDER_RADIUS": "10px",
    "COLORS": {
        "base": {
            "50": "#fbfaf7",
            "100": "#f4f2ec",
            "200": "#e6e3db",
            "300": "#d3cfc5",
            "400": "#a7b0b8",
            "500": "#77828c",
            "600": "#5a6672",
            "700": "#3a444d",
            "800": "#1f262b",
            "900": "#161b1f",
            "950": "#0f1316",
        },
        "primary": {
            "50": "#eef6f5",
            "100": "#d9ebe8",
            "200": "#b6d8d3",
            "300": "#8cc7bd",
            "400": "#62a69f",
            "500": "#4e989d",
            "600": "#2f5d62",
            "700": "#284f53",
            "800": "#223f43",
            "900": "#1d3437",
            "950": "#122124",
        },
        "font": {
            "subtle-light": "#5a6672",
            "subtle-dark": "#a7b0b8",
            "default-light": "#3a444d",
            "default-dark": "#d3cfc5",
            "important-light": "#1f2933",
            "important-dark": "#e8e6e1",
        },
    },
    "SIDEBAR": {
        "show_search": True,
        "show_all_applications": True,
        "navigation": [
            {
                "title": _("Teaching"),
                "separator": False,
                "items": [
                    _item(_("Courses"), "menu_book", "admin:courses_course_changelist"),
                    _item(_("Modules"), "folder", "admin:courses_module_changelist"),
                    _item(_("Lessons"), "article", "admin:courses_lesson_changelist"),
                    _item(_("Quizzes"), "quiz", "admin:courses_quiz_changelist"),
                    _item(_("Questions"), "help", "admin:courses_question_changelist"),
                    _item(_("Question pools"), "inventory_2", "admin:courses_questionpool_changelist"),
                    _item(_("Enrollments"), "group", "admin:courses_enrollment_changelist"),
                    _item(_("Lesson climates"), "mood", "admin:emotion_lessonclimate_changelist", _sees_climates),
                ],
            },
            {
                "title": _("Administration"),
                "separator": True,
                "items": [
                    _item(_("People"), "person", "admin:accounts_user_changelist", _is_administrator),
                    _item(_("Invitations"), "mail", "admin:accounts_invitation_changelist", _is_administrator),
                    _item(_("Emotion features"), "policy", "admin:emotion_featuregate_changelist", _is_administrator),
                    _item(_("Audit log"), "fact_check", "admin:accounts_auditentry_changelist", _is_administrator),
                    _item(
                        _("Webhooks sent"), "outbound", "admin:courses_webhookdelivery_changelist", _is_administrator
                    ),
                    _item(_("Models"), "neurology", "admin:emotion_modelversion_changelist", _is_administrator),
                    _item(_("Workers"), "monitor_heart", "workers", _is_administrator),
                    _item(_("Training runs"), "timeline", "admin:training_trainingrun_changelist", _is_administrator),
                ],
            },
        ],
    },
}
