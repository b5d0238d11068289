"""The administrators' pages of models: what each can do in figures and by its card, and the way back by button."""

import pytest
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains, assertNumQueries

from accounts.models import AuditEntry
from emotion import registry
from emotion.model_figures import figure_rows, in_short
from emotion.models import ModelVersion
from tests.courses.charts.tables import read_csv
from tests.emotion.core.factories import make_checkpoint
from tests.emotion.factories import make_model
from tests.factories import make_admin, make_instructor

pytestmark = pytest.mark.django_db
LIST = "/admin/emotion/modelversion/"

REPORT = {
    "n": 3553,
    "accuracy": 0.8367,
    "accuracy_interval_95": [0.824, 0.849],
    "balanced_accuracy": 0.628,
    "macro_f1": 0.6476,
    "roc_auc": 0.97,
    "nll": 0.4356,
    "ece": 0.0158,
    "per_class_recall": {"neutral": 0.868, "contempt": None},
    "confusion_matrix": [[86, 14], [0, 0]],
}
METRICS = {"PublicTest": {"ferplus": REPORT}, "epoch": 24}


def page_of(version, what="change") -> str:
    return reverse(f"admin:emotion_modelversion_{what}", args=[version.pk])


def press(client, version):
    return client.post(page_of(version, "roll_back"), {"_form_submitted": "on"}, follow=True)


@pytest.fixture
def checkpoints(settings, tmp_path):
    settings.CHECKPOINTS_DIR, settings.ATTUNE_DEFAULT_MODEL = tmp_path, "small"
    for seed, name in enumerate(("small", "better", "best")):
        make_checkpoint(tmp_path / name, seed=seed)
    return tmp_path


@pytest.fixture
def admin(client):
    admin = make_admin()
    client.force_login(admin)
    return admin


def test_a_models_page_shows_its_figures_and_its_card(client, admin, checkpoints):
    (checkpoints / "small" / "MODEL_CARD.md").write_text("# Card\n\nNever to <script>grade</script> a *person*.")
    small = registry.register_model(folder=checkpoints / "small")
    assertContains(client.get(page_of(small)), "It was not evaluated")
    ModelVersion.objects.update(metrics=METRICS)
    page = client.get(page_of(small))
    assertContains(page, "<strong>83.7%</strong> (82.4% - 84.9%)")
    for words in ("PublicTest, ferplus", "0.648", "62.8%", "no faces", "<em>person</em>", "48 px, grey"):
        assertContains(page, words)
    assertContains(page, '<td style="--share: 0.860">86</td>')
    assertContains(page, "A candidate: it has not served yet.")
    assertNotContains(page, "<script>grade")
    assertContains(client.get(LIST), "ferplus 83.7%")


def test_a_models_figures_are_taken_along_as_the_page_has_them(client, admin):
    """Recalls, and what was taken for what; an expression without faces is an empty cell."""
    model = make_model("small", metrics=METRICS)
    table, picture = (reverse("admin:emotion_modelversion_figures", args=[model.pk, form]) for form in ("csv", "svg"))
    page = client.get(page_of(model))
    assertContains(page, f'href="{table}"')
    assertContains(page, f'href="{picture}"')
    header, *rows = read_csv(client.get(table))
    assert header[3:] == ["Recall, %", "read as neutral", "read as contempt"]
    assert rows == [
        ["PublicTest", "ferplus", "neutral", "86.8", "86", "14"],
        ["PublicTest", "ferplus", "contempt", "", "0", "0"],
    ]
    assertContains(client.get(picture), "PublicTest, ferplus")
    bare = make_model("bare")
    assertNotContains(client.get(page_of(bare)), "chart-files")
    for pk in (bare.pk, 999):
        assert client.get(reverse("admin:emotion_modelversion_figures", args=[pk, "csv"])).status_code == 404
    client.force_login(make_instructor("ivo"))
    assert client.get(table).status_code == 403


def test_a_model_without_its_folder_says_so(client, admin, checkpoints):
    page = client.get(page_of(make_model("gone", metrics=METRICS)))
    assertContains(page, "There is no checkpoint in")
    assertContains(page, "83.7%")


def test_weights_that_changed_since_are_told(client, admin, checkpoints):
    small = registry.register_model(folder=checkpoints / "small")
    assertNotContains(client.get(page_of(small)), "are not those that were registered")
    make_checkpoint(checkpoints / "small", seed=9)
    assertContains(client.get(page_of(small)), "are not those that were registered")


def test_the_button_brings_back_the_model_that_served_before(client, admin, checkpoints):
    small = registry.promoted_model()
    assertContains(client.get(page_of(small)), "No other model has served before.")
    assertNotContains(client.get(page_of(small)), page_of(small, "roll_back"))
    better, best = (registry.promote_checkpoint(name=name) for name in ("better", "best"))
    page = client.get(page_of(best))
    assertContains(page, page_of(best, "roll_back"))
    assertContains(page, f'<a href="{page_of(better)}">better</a>', html=True)
    assertNotContains(client.get(page_of(better)), page_of(better, "roll_back"))
    assertContains(client.get(page_of(best, "roll_back")), "Roll back to the model that served before?")
    assert registry.promoted_model() == best  # looking at the question changes nothing
    page = press(client, best)
    assertContains(page, "better is promoted.")
    assertContains(page, "Serves since")
    assert registry.promoted_model() == better and registry.former_model() == best
    entry = AuditEntry.objects.latest("number")
    assert (entry.action, entry.detail["model"]) == ("model_promoted", "better")


def test_promoting_what_serves_already_changes_nothing(checkpoints):
    small = registry.promoted_model()
    since = ModelVersion.objects.get().promoted_at
    registry.promote_model(version=small)
    assert ModelVersion.objects.get().promoted_at == since
    assert registry.former_model() is None


def test_a_way_back_that_is_no_more_leaves_the_present_model(client, admin, checkpoints):
    small, better = registry.promoted_model(), registry.promote_checkpoint(name="better")
    (checkpoints / "small" / "manifest.json").unlink()
    assertContains(press(client, better), "There is no checkpoint in")
    assert registry.promoted_model() == better
    small.delete()
    assertContains(press(client, better), "No other model has served before.")


def test_only_administrators_roll_back(client, checkpoints):
    better = [registry.promoted_model(), registry.promote_checkpoint(name="better")][1]
    for person, status in ((None, 302), (make_instructor("ines"), 403)):
        if person:
            client.force_login(person)
        answer = client.post(page_of(better, "roll_back"), {"_form_submitted": "on"})
        assert answer.status_code == status
    assert registry.promoted_model() == better


def test_figures_of_any_shape_are_read_as_far_as_they_are_some():
    assert figure_rows({}) == figure_rows({"epoch": 3, "note": "x", "PublicTest": {"ferplus": 0.8}}) == []
    (row,) = figure_rows({"PublicTest": {"ferplus": {"accuracy": 0.5}}})
    assert (row.accuracy, row.interval, row.recalls, row.matrix) == ("50.0%", "", [], [])
    assert in_short({"epoch": 3}, "accuracy") == "-"
    assert in_short(METRICS, "macro_f1") == "ferplus 0.648"


def test_the_list_costs_the_same_for_many_models(client, admin):
    make_model("one", metrics=METRICS)
    client.get(LIST)
    # session, user; count (of the page and of all); the gate, asked twice by the menu; rows
    with assertNumQueries(7):
        client.get(LIST)
    for number in range(12):
        make_model(f"model{number}", metrics=METRICS)
    with assertNumQueries(7):
        client.get(LIST)
