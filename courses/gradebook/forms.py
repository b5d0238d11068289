from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy


class OverrideForm(forms.Form):
    points = forms.FloatField(min_value=0, required=False)
    excused = forms.BooleanField(required=False, label=gettext_lazy("Excused: it counts nowhere"))
    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=400, help_text=gettext_lazy("Kept in the trail below.")
    )

    def __init__(self, *args, most: float, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["points"].label = _("Points, of %(most)s") % {"most": f"{most:g}"}
        self.fields["points"].help_text = _("Empty: as it was marked.")
        self.fields["points"].max_value = most
        self.most = most

    def clean(self):
        cleaned = super().clean()
        points = cleaned.get("points")
        if points is not None and cleaned.get("excused"):
            self.add_error("points", _("Give points or excuse it, not both."))
        if points is not None and points > self.most * 2:
            self.add_error(
                "points", _("%(most)s is the most, twice what it is worth.") % {"most": f"{self.most * 2:g}"}
            )
        return cleaned


class CategoryForm(forms.Form):
    id = forms.IntegerField(required=False, widget=forms.HiddenInput)
    name = forms.CharField(max_length=80, required=False)
    weight = forms.IntegerField(min_value=0, max_value=100, required=False)
    drop_lowest = forms.IntegerField(min_value=0, max_value=20, required=False)

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("name") and cleaned.get("weight") is None:
            self.add_error("weight", _("How many percent?"))
        return cleaned


class SetupForm(forms.Form):
    """A row for each category, some empty ones, and for each item the index of its row."""

    EMPTY_ROWS = 2
    missing_is_zero = forms.BooleanField(required=False, label=gettext_lazy("What is missing counts as zero"))

    def __init__(self, *args, categories, items, placed, **kwargs):
        super().__init__(*args, **kwargs)
        initial = [
            {"id": c.pk, "name": c.name, "weight": c.weight, "drop_lowest": c.drop_lowest} for c in categories
        ] + [{}] * self.EMPTY_ROWS
        data = args[0] if args and args[0] else None
        self.rows = [CategoryForm(data, prefix=f"category-{i}", initial=row) for i, row in enumerate(initial)]
        index = {c.pk: i for i, c in enumerate(categories)}
        self.items = [
            (item, (data or {}).get(f"place-{item.key}", str(index.get(placed.get(item.key), "")))) for item in items
        ]

    def is_valid(self) -> bool:
        rows_are = all([row.is_valid() for row in self.rows])  # each is asked, so that each shows its errors
        return super().is_valid() and rows_are

    def plan(self) -> dict:
        named = [(i, row.cleaned_data) for i, row in enumerate(self.rows) if row.cleaned_data.get("name")]
        place_of = {str(i): place for place, (i, _) in enumerate(named)}
        return {
            "categories": [
                {
                    "id": row["id"],
                    "name": row["name"],
                    "weight": row["weight"],
                    "drop_lowest": row["drop_lowest"] or 0,
                }
                for _, row in named
            ],
            "placements": {item.key: place_of[chosen] for item, chosen in self.items if chosen in place_of},
            "missing_is_zero": self.cleaned_data["missing_is_zero"],
        }
