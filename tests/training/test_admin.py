"""A run's page, and the runs on the page of the model they made."""

import pytest
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains

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


def test_the_curves_are_there_to_take_along(client, run):
    run.history.append({"epoch": 2, "loss": 1.25, "score": 0.5, "accuracy/fer2013": 0.5, "lr": 0.001})
    run.save()
    client.force_login(make_admin())
    page = client.get(page_of(run, "training_trainingrun"))
    table, picture = (reverse("admin:training_run_curves", args=[run.pk, form]) for form in ("csv", "svg"))
    assertContains(page, table)
    assertContains(page, picture)
    assert client.get(table).content.decode("utf-8-sig").splitlines() == [
        "epoch,loss,score,accuracy/fer2013,lr",
        "1,1.5,0.41,0.41,",
        "2,1.25,0.5,0.5,0.001",
    ]
    drawn = client.get(picture)
    assert drawn["Content-Type"].startswith("image/svg+xml")
    assert drawn.content.count(b"<polyline") == 2
    assertContains(drawn, "Training of drawn")
    client.force_login(make_instructor("ines"))
    assert client.get(table).status_code in (302, 403)


def test_without_an_epoch_there_is_no_file(client, run):
    TrainingRun.objects.update(history=[])
    client.force_login(make_admin())
    assert client.get(reverse("admin:training_run_curves", args=[run.pk, "csv"])).status_code == 404


def test_a_run_that_made_a_registered_model_stays(client, run):
    client.force_login(make_admin())
    delete = reverse("admin:training_trainingrun_delete", args=[run.pk])
    assertNotContains(client.get(page_of(run, "training_trainingrun")), delete)
    assert client.post(delete, {"post": "yes"}).status_code == 403
    many = {"action": "delete_selected", "_selected_action": [run.pk], "post": "yes"}
    client.post(reverse("admin:training_trainingrun_changelist"), many)
    assert TrainingRun.objects.exists()
    run.model_version = None  # it left no model
    run.save()
    assertContains(client.get(page_of(run, "training_trainingrun")), delete)
    client.post(delete, {"post": "yes"})
    assert not TrainingRun.objects.exists()
