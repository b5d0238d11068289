"""The people of the demo. They all have the same, published password: never seed them on a real site."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User

DEMO_PASSWORD = "attune-demo"
LOCAL = {"localhost", "127.0.0.1", "[::1]", "testserver"}

PEOPLE: dict[str, dict[str, Any]] = {
    "admin@attune.example": {"display_name": "Adele Marchetti", "is_staff": True, "is_superuser": True},
    "instructor@attune.example": {"display_name": "Ines Okafor", "is_staff": True},
    "ada@attune.example": {"display_name": "Ada Lindqvist"},
    "ben@attune.example": {"display_name": "Ben Aziz"},
}
# With Ada and Ben they are thirty.
CLASSMATES = [
    "Amira Haddad",
    "Bruno Costa",
    "Chiara Vitale",
    "Daniel Osei",
    "Elif Yilmaz",
    "Farid Rahimi",
    "Greta Nyman",
    "Hugo Marchand",
    "Ioana Petrescu",
    "Jonas Weber",
    "Kavya Menon",
    "Liam Gallagher",
    "Mei Tanaka",
    "Nadia Kowalska",
    "Olu Adeyemi",
    "Paula Ibarra",
    "Quentin Roy",
    "Rosa Delgado",
    "Samir Khoury",
    "Tove Andersen",
    "Uma Krishnan",
    "Viktor Horvat",
    "Wanda Nowak",
    "Ximena Rojas",
    "Yusuf Demir",
    "Zoe Papadaki",
    "Leon Fischer",
    "Marta Silva",
]


@dataclass(frozen=True)
class Role:
    name: str
    words: Promise
    email: str
    leads_to: str


ROLES = {
    role.name: role
    for role in (
        Role("student", _("Continue as a student"), "ada@attune.example", "/courses/calm-statistics/"),
        Role("instructor", _("Continue as an instructor"), "instructor@attune.example", "/courses/calm-statistics/"),
        Role("administrator", _("Continue as an administrator"), "admin@attune.example", "/admin/"),
    )
}


def mark() -> Path:
    """The file that makes a data folder a demo's."""
    return Path(settings.ATTUNE_DATA_DIR) / "demo"


def looks_like_production() -> bool:
    """Whether others than the person at this machine may come here."""
    return settings.HTTPS or settings.TRUST_PROXY or not LOCAL.issuperset(settings.ALLOWED_HOSTS)


def is_open() -> bool:
    """Whether one press may sign somebody in."""
    return settings.ATTUNE_DEMO and not looks_like_production()


def account_for(role: str) -> User | None:
    """Who a button signs in, while they still have the published password: it opens nothing that is not open."""
    user = User.objects.filter(email=ROLES[role].email, is_active=True).first() if role in ROLES else None
    return user if user and user.check_password(DEMO_PASSWORD) else None


def seed_demo_accounts() -> dict[str, User]:
    """E-mail -> user. Those already there are returned as they are, with whatever password they have now."""
    return {
        email: User.objects.filter(email__iexact=email).first()
        or User.objects.create_user(email, DEMO_PASSWORD, **person)
        for email, person in PEOPLE.items()
    }


def seed_demo_class() -> list[User]:
    """The thirty students, Ada and Ben first, always in the same order."""
    shared: dict[str, Any] = {"password": make_password(DEMO_PASSWORD)}  # once: a hash takes a third of a second
    emails = {f"{name.split()[0].lower()}@attune.example": name for name in CLASSMATES}
    there = set(User.objects.filter(email__in=emails).values_list("email", flat=True))
    User.objects.bulk_create(
        User(email=email, display_name=name, **shared) for email, name in emails.items() if email not in there
    )
    in_order = ["ada@attune.example", "ben@attune.example", *emails]
    found = User.objects.in_bulk(in_order, field_name="email")
    return [found[email] for email in in_order]
