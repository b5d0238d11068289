from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from accounts import personal_data
from accounts.forms import EraseForm, ProfileForm
from accounts.theme import COOKIE, THEMES

YEAR = 365 * 24 * 3600


@require_POST
def set_theme(request: HttpRequest) -> HttpResponse:
    """Without JavaScript the toggle is this form; with it, theme.js writes the same cookie."""
    back = request.POST.get("next", "/")
    safe = url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure())
    response = redirect(back if safe else "/")
    theme = request.POST.get("theme")
    if theme in THEMES:
        response.set_cookie(COOKIE, theme, max_age=YEAR, samesite="Lax", secure=request.is_secure())
    return response


@login_required
def profile(request: HttpRequest) -> HttpResponse:
    form = ProfileForm(request.POST or None, instance=request.user)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, "Saved.")
        return redirect("accounts:profile")
    return render(request, "accounts/profile.html", {"form": form, "erase_form": EraseForm(request.user)})


@require_safe
@login_required
def export(request: HttpRequest) -> HttpResponse:
    response = JsonResponse(personal_data.export_all(request.user), json_dumps_params={"indent": 2})
    response["Content-Disposition"] = 'attachment; filename="attune-my-data.json"'
    return response


@login_required
def erase(request: HttpRequest) -> HttpResponse:
    form = EraseForm(request.user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        user = request.user
        logout(request)
        personal_data.erase_all(user)
        messages.info(request, "Your account and what belonged to it are erased.")
        return redirect("courses:landing")
    return render(request, "accounts/erase.html", {"erase_form": form})
