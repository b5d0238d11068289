from collections.abc import Callable

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.decorators import sync_and_async_middleware

GetResponse = Callable[[HttpRequest], HttpResponse]


def _after(get_response: GetResponse, change: Callable[[HttpRequest, HttpResponse], None]):
    """A middleware that changes the response only; it runs in sync and async stacks without a thread hop."""
    if iscoroutinefunction(get_response):

        async def middleware(request):
            response = await get_response(request)
            change(request, response)
            return response
    else:

        def middleware(request):
            response = get_response(request)
            change(request, response)
            return response

    return middleware


@sync_and_async_middleware
def PermissionsPolicyMiddleware(get_response: GetResponse):
    """The camera belongs to Attune's own pages; microphone and position to nobody."""

    def change(request, response):
        response.headers.setdefault("Permissions-Policy", settings.PERMISSIONS_POLICY)

    return _after(get_response, change)


@sync_and_async_middleware
def AdminPolicyMiddleware(get_response: GetResponse):
    """Loosen the content security policy under the admin, and nowhere else."""
    prefix = reverse("admin:index")

    def change(request, response):
        if request.path.startswith(prefix):
            response._csp_update = settings.ADMIN_CONTENT_SECURITY_POLICY_UPDATE

    return _after(get_response, change)
