"""The people of the demo. They all have the same, published password: never seed them on a real site."""

from accounts.models import User

DEMO_PASSWORD = "attune-demo"

PEOPLE = {
    "admin@attune.example": {"display_name": "Adele Marchetti", "is_staff": True, "is_superuser": True},
    "instructor@attune.example": {"display_name": "Ines Okafor", "is_staff": True},
    "ada@attune.example": {"display_name": "Ada Lindqvist"},
    "ben@attune.example": {"display_name": "Ben Aziz"},
}


def seed_demo_accounts() -> dict[str, User]:
    """E-mail -> user. Those already there are returned as they are, with whatever password they have now."""
    return {
        email: User.objects.filter(email__iexact=email).first()
        or User.objects.create_user(email, DEMO_PASSWORD, **person)
        for email, person in PEOPLE.items()
    }
