from allauth.account.utils import perform_login
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts import audit, demo, invitations, personal_data
from accounts.export import zip_of
from accounts.forms import AcceptForm, EraseForm, ProfileForm, TokenForm, time_zones
from accounts.models import AuditEntry
from accounts.theme import COOKIE, THEMES
from accounts.tokens import TooManyTokens, make_token

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


@require_POST
def continue_as(request: HttpRequest, role: str) -> HttpResponse:
    """Signs in one of the demo's people, by every step that signing in has. Outside a demo there is no such page."""
    user = demo.account_for(role) if demo.is_open() else None
    if user is None:
        raise Http404("There is no demo here.")
    if request.user.is_authenticated:
        logout(request)
    return perform_login(request, user, redirect_url=demo.ROLES[role].leads_to)


@login_required
def profile(request: HttpRequest) -> HttpResponse:
    form = ProfileForm(request.POST or None, instance=request.user)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Saved."))
        return redirect("accounts:profile")
    return render(
        request, "accounts/profile.html", {"form": form, "time_zones": time_zones()}, status=422 if form.errors else 200
    )


@require_safe
@login_required
def export(request: HttpRequest) -> HttpResponse:
    audit.record(action=AuditEntry.Action.DATA_EXPORTED, actor=request.user, subject=request.user)
    response = JsonResponse(personal_data.export_all(request.user), json_dumps_params={"indent": 2})
    response["Content-Disposition"] = 'attachment; filename="attune-my-data.json"'
    return response


@require_safe
@login_required
def export_zip(request: HttpRequest) -> FileResponse:
    """The same as JSON and, table by table, as CSV; and the charts of it."""
    audit.record(action=AuditEntry.Action.DATA_EXPORTED, actor=request.user, subject=request.user)
    return FileResponse(zip_of(request.user), as_attachment=True, filename="attune-my-data.zip")


@require_safe
@login_required
def audit_log(request: HttpRequest) -> HttpResponse:
    """What was done with one's data, by whom and when; and what one did oneself."""
    mine = AuditEntry.objects.of(request.user)
    page = Paginator(mine, 50).get_page(request.GET.get("page"))
    context = {"page": page, "rows": audit.shown(page.object_list)}
    return render(request, "accounts/audit_log.html", context)


@login_required
def erase(request: HttpRequest) -> HttpResponse:
    form = EraseForm(request.user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        user = request.user
        logout(request)
        personal_data.erase_all(user)
        messages.info(request, _("Your account and what belonged to it are erased."))
        return redirect("courses:landing")
    return render(request, "accounts/erase.html", {"erase_form": form, "parts": personal_data.parts()})


@require_POST
@login_required
def erase_part(request: HttpRequest, name: str) -> HttpResponse:
    """Some of one's data, and the account stays."""
    try:
        personal_data.erase_part(request.user, name)
    except KeyError:
        raise Http404("There is nothing of that name.") from None
    messages.info(request, _("That is erased. Your account and the rest stay."))
    return redirect("accounts:profile")


@login_required
@never_cache
def tokens(request: HttpRequest) -> HttpResponse:
    """The new token is in the answer to the form and nowhere else."""
    form, made = TokenForm(request.POST or None), None
    if request.method == "POST" and form.is_valid():
        try:
            _, made = make_token(user=request.user, name=form.cleaned_data["name"], expires_at=form.expires_at())
            form = TokenForm()
        except TooManyTokens as error:
            form.add_error(None, str(error))
    context = {"form": form, "made": made, "tokens": request.user.api_tokens.all()}
    return render(request, "accounts/tokens.html", context, status=422 if form.errors else 200)


@require_POST
@login_required
def revoke_token(request: HttpRequest, pk: int) -> HttpResponse:
    token = get_object_or_404(request.user.api_tokens, pk=pk)
    token.delete()
    messages.info(request, _("“%(name)s” is revoked.") % {"name": token.name})
    return redirect("accounts:tokens")


@never_cache
def accept_invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Opening the link changes nothing, because mail programs open links too; the button does."""
    invitation = invitations.invitation_at(token)
    if invitation is None:
        return render(request, "accounts/invitation_gone.html", status=410)
    account = invitations.account_of(invitation)
    form = AcceptForm(
        invitation,
        request.POST if request.method == "POST" else None,
        needs_password=invitations.needs_password(invitation),
        needs_name=account is None,
    )
    if request.method == "POST" and form.is_valid():
        try:
            invitations.accept_invitation(invitation=invitation, **form.cleaned_data)
        except invitations.InvitationGone:
            return render(request, "accounts/invitation_gone.html", status=410)
        messages.success(request, _("You can teach here now. Sign in to begin."))
        return redirect("account_login")
    context = {"form": form, "invitation": invitation, "account": account}
    return render(request, "accounts/invitation.html", context, status=422 if form.errors else 200)
