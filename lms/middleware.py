from collections.abc import Callable

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotFound
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


# What runs in a page whose camera is on.
CAMERA_CODE = ("js/webcam.js", "js/on_device", "vendor/onnxruntime-web/")


@sync_and_async_middleware
def CameraCodeMiddleware(get_response: GetResponse):
    """With the emotion features off, none of the camera's code is served. It stands before WhiteNoise, and looks the
    gate up for these addresses only."""
    from emotion.policy import features_are_on

    hidden = tuple(f"{settings.STATIC_URL}{name}" for name in CAMERA_CODE)
    nothing = "There is no such file."

    if iscoroutinefunction(get_response):

        async def middleware(request):
            if request.path.startswith(hidden) and not await sync_to_async(features_are_on)():
                return HttpResponseNotFound(nothing)
            return await get_response(request)
    else:

        def middleware(request):
            if request.path.startswith(hidden) and not features_are_on():
                return HttpResponseNotFound(nothing)
            return get_response(request)

    return middleware


@sync_and_async_middleware
def AdminPolicyMiddleware(get_response: GetResponse):
    """Loosen the content security policy under the admin, and nowhere else."""
    prefix = reverse("admin:index")

    def change(request, response):
        if request.path.startswith(prefix):
            response._csp_update = settings.ADMIN_CONTENT_SECURITY_POLICY_UPDATE

    return _after(get_response, change)
