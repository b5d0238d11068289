from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from courses.charts.files import chart_file
from courses.models import Course
from emotion import rule_figures, support_rules
from emotion.core.support import LEAST_OCCASIONS
from emotion.dashboard import report_charts
from emotion.dashboard.rule_form import ACTIONS, STATES, RuleForm
from emotion.models import SUPPORTED, SupportRule
from emotion.policy import features_are_on
from emotion.selectors import SMALLEST_GROUP


def _own_course(request: HttpRequest, slug: str) -> Course:
    course = get_object_or_404(Course.objects.visible_to(request.user), slug=slug)
    if not course.is_taught_by(request.user):
        raise Http404("There is no such course.")
    return course


@login_required
def rules(request: HttpRequest, slug: str) -> HttpResponse:
    """A course's rules of support: what is offered when, and what came of it."""
    course = _own_course(request, slug)
    states, figures = support_rules.rules_by_state(course), rule_figures.rule_figures(course)
    context = {
        "course": course,
        "states": states,
        "looks": STATES,
        "actions": ACTIONS,
        "figures": figures,
        "takes_along": any(rule.pk in figures for rule in _listed(states)),
        "smallest_group": SMALLEST_GROUP,
        "least": LEAST_OCCASIONS,
    }
    return render(request, "emotion/rules.html", context)


@require_safe
@login_required
def rules_chart(request: HttpRequest, slug: str, form: str) -> HttpResponse:
    """What came of them, to take along."""
    course = _own_course(request, slug)
    listed = _listed(support_rules.rules_by_state(course))
    chart = report_charts.rules(course, listed, rule_figures.rule_figures(course))
    return chart_file(chart, form, actor=request.user, course=course.pk)


def _listed(states: dict[str, dict[str, list[SupportRule]]]) -> list[SupportRule]:
    return [rule for kinds in states.values() for kind in kinds.values() for rule in kind]


@login_required
@require_POST
def adopt(request: HttpRequest, slug: str, state: str) -> HttpResponse:
    """The starter rules for a state become the course's own."""
    course = _own_course(request, slug)
    if state not in SUPPORTED:
        raise Http404("There is no such state.")
    support_rules.adopt_starter_rules(course=course, state=state)
    messages.success(request, _("These rules are this course's own now. Change them as you like."))
    return redirect("emotion:rules", slug)


@login_required
@require_http_methods(["GET", "POST"])
def rule(request: HttpRequest, slug: str, pk: int | None = None) -> HttpResponse:
    """Write a rule, see how often it would have fired last week, and keep it."""
    course = _own_course(request, slug)
    own = {rule.pk: rule for rule in support_rules.rules_of(course)}
    if pk is not None and pk not in own:
        raise Http404("There is no such rule.")
    kept = own[pk] if pk else SupportRule(course=course)
    form = RuleForm(request.POST if request.method == "POST" else None, instance=kept, course=course)
    preview = None
    if form.is_bound and form.is_valid():
        if "preview" not in request.POST:
            support_rules.save_rule(course=course, rule=form.instance)
            messages.success(request, _("The rule is kept. It counts from now on."))
            return redirect("emotion:rules", slug)
        if features_are_on():
            preview = rule_figures.preview(course=course, lesson=form.instance.lesson, rule=form.instance)
    context = {
        "course": course,
        "form": form,
        "rule": kept,
        "preview": preview,
        "previews": features_are_on(),
        "smallest_group": SMALLEST_GROUP,
    }
    return render(request, "emotion/rule.html", context, status=422 if form.errors else 200)
