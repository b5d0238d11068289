"""A run's curves, to take along."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from courses.charts.chart import Chart, Curves, Series
from training.models import TrainingRun

COLOURS = ("primary", "expr-happiness", "expr-fear", "expr-sadness", "expr-anger")
OF_SET = "accuracy/"


def run_chart(run: TrainingRun) -> Chart | None:
    """Loss and accuracy by epoch. The table has every figure that an epoch left. None before the first."""
    if not run.history:
        return None
    names = list(dict.fromkeys(name for epoch in run.history for name in epoch if name != "epoch"))
    sets = [name for name in names if name.startswith(OF_SET)]
    first = int(run.history[0].get("epoch", 1))
    loss = [(Series(_("training loss"), COLOURS[0]), [epoch.get("loss") for epoch in run.history])]
    accuracy = [
        (Series(name.removeprefix(OF_SET), COLOURS[n % len(COLOURS)]), [_percent(e.get(name)) for e in run.history])
        for n, name in enumerate(sets)
    ]
    across = _("Epoch")
    return Chart(
        name=f"training-{run.pk}",
        title=_("Training of %(name)s") % {"name": run.name},
        about=_("%(epochs)s epochs, begun %(at)s") % {"epochs": len(run.history), "at": f"{run.started_at:%Y-%m-%d}"},
        header=["epoch", *names],
        rows=[[epoch.get("epoch"), *(_cell(epoch.get(name)) for name in names)] for epoch in run.history],
        panels=[
            Curves(loss, first, across, _("Training loss by epoch")),
            *([Curves(accuracy, first, across, _("Validation accuracy by epoch"), unit="%")] if accuracy else []),
        ],
    )


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share


def _cell(value: Any) -> object:
    return value if isinstance(value, int | float | str) else None
