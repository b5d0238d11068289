from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from courses.models import Block, Course, Enrollment, Lesson
from emotion.models import FeatureGate, ModelVersion
from emotion.policy import features_are_on, state_gate

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_folder(settings, tmp_path):
    """Which prepare_demo marks as a demo's."""
    settings.ATTUNE_DATA_DIR = tmp_path


def prepare(*, bare=True, **options) -> str:
    out = StringIO()
    call_command("prepare_demo", stdout=out, bare=bare, **options)
    return out.getvalue()


def counts() -> dict[str, int]:
    models = (User, Course, Lesson, Block, Enrollment, FeatureGate, ModelVersion)
    return {model.__name__: model.objects.count() for model in models}


def test_twice_is_as_good_as_once():
    first = prepare()
    rows = counts()
    assert rows["Course"] == rows["FeatureGate"] == rows["ModelVersion"] == 1
    assert features_are_on()
    assert "Emotion features are on for this demo" in first
    assert "Article 5(1)(f)" in first
    for email in User.objects.values_list("email", flat=True):
        assert email in first
    second = prepare()
    assert counts() == rows
    assert "Emotion features are on" not in second  # it has been stated; nothing is stated anew


def test_what_people_changed_stays():
    prepare()
    Course.objects.update(title="My own title")
    User.objects.filter(is_superuser=True).update(display_name="Me")
    prepare()
    assert User.objects.get(is_superuser=True).display_name == "Me"


def test_an_operators_own_statement_stays():
    state_gate(jurisdiction="united-states", institution="education", purpose="education", stated_by="Olga Operator")
    prepare()
    assert FeatureGate.objects.get().stated_by == "Olga Operator"


def test_quietly():
    prepare()
    assert prepare(verbosity=0) == ""


def test_without_a_model_it_says_how_to_get_one(settings, tmp_path):
    settings.CHECKPOINTS_DIR = tmp_path
    with pytest.raises(CommandError, match=r"There is no checkpoint in .* Train one: \./run manage train_fer"):
        prepare()


def test_with_its_class_the_folder_is_marked(settings, tmp_path):
    prepare(bare=False)
    assert (tmp_path / "demo").exists()
    assert Enrollment.objects.students().count() == 30


def test_a_site_that_others_reach_gets_no_class_and_no_mark(settings, tmp_path):
    settings.ALLOWED_HOSTS = ["lms.example"]
    prepare(bare=False)
    assert not (tmp_path / "demo").exists()
    assert not Enrollment.objects.students().exists()
