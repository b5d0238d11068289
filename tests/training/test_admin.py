"""A run's page, and the runs on the page of the model they made."""

import pytest
from django.urls import reverse
from pytest_django.asserts import assertContains

from tests.emotion.factories import make_model
from tests.factories import make_admin, make_instructor
from training.models import TrainingRun

pytestmark = pytest.mark.django_db


@pytest.fixture
def run():
    return TrainingRun.objects.create(
        folder="/runs/drawn-1",
        name="drawn",
        status="finished",
        model_version=make_model("drawn"),
        history=[{"epoch": 1, "loss": 1.5, "score": 0.41, "accuracy/fer2013": 0.41}],
        figures={"PublicTest": {"fer2013": {"n": 40, "accuracy": 0.425, "per_class_recall": {"fear": 0.25}}}},
    )


def page_of(row, what: str) -> str:
    return reverse(f"admin:{what}_change", args=[row.pk])


def test_a_runs_page_shows_its_figures_and_curves(client, run):
    client.force_login(make_admin())
    page = client.get(page_of(run, "training_trainingrun"))
    assertContains(page, "<strong>42.5%</strong>")
    assertContains(page, "<span>25%</span>", html=True)
    assertContains(page, '"accuracy/fer2013": 0.41')


def test_a_models_page_leads_to_the_runs_that_made_it(client, run):
    client.force_login(make_admin())
    assertContains(client.get(page_of(run.model_version, "emotion_modelversion")), page_of(run, "training_trainingrun"))


def test_runs_are_not_for_instructors(client, run):
    client.force_login(make_instructor("ines"))
    assert client.get(page_of(run, "training_trainingrun")).status_code == 403
