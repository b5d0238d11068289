import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from accounts.models import User
from tests.factories import make_user

pytestmark = pytest.mark.django_db


def test_one_address_is_one_account_in_any_case():
    make_user(email="Alice@Example.org")
    with pytest.raises(IntegrityError), transaction.atomic():
        make_user(email="alice@example.org")
    assert User.objects.get_by_natural_key("ALICE@example.ORG").email == "Alice@example.org"


def test_without_a_name_people_are_called_by_the_start_of_their_address():
    assert str(make_user("alice")) == "Alice"
    assert str(make_user(email="bob@example.org", display_name="")) == "bob"


def test_an_unknown_time_zone_is_refused():
    user = make_user(time_zone="Mars/Olympus")
    with pytest.raises(ValidationError, match="time zone"):
        user.full_clean()


def test_a_user_needs_an_address():
    with pytest.raises(ValueError, match="e-mail"):
        User.objects.create_user("", "x")


def test_a_superuser_may_enter_the_administration():
    admin = User.objects.create_superuser("root@example.org", "x")
    assert admin.is_staff and admin.is_superuser
