import gzip
from collections.abc import Callable
from functools import lru_cache

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotFound
from django.middleware.gzip import GZipMiddleware
from django.urls import reverse
from django.utils.cache import patch_vary_headers
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


COMPRESSIBLE = ("text/html", "text/css", "text/javascript", "image/svg+xml", "application/manifest+json")


@lru_cache(maxsize=256)  # styles and scripts are a hundred small files
def _compressed_file(path: str, version: str, content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)


def _compress(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    is_text = response.headers.get("Content-Type", "").startswith(COMPRESSIBLE)
    if not is_text or response.status_code != 200 or "Content-Encoding" in response.headers:
        return response
    if not response.streaming:
        return GZipMiddleware(lambda request: response).process_response(request, response)
    if "Last-Modified" not in response.headers:
        return response
    patch_vary_headers(response, ["Accept-Encoding"])
    if request.method != "GET" or "gzip" not in request.headers.get("Accept-Encoding", ""):
        return response
    content = _compressed_file(request.path, response.headers["Last-Modified"], b"".join(response))
    short = HttpResponse(content, headers={**response.headers, "Content-Encoding": "gzip"})
    short.headers["Content-Length"] = str(len(content))
    if "ETag" in short.headers:
        short.headers["ETag"] = f"W/{short.headers['ETag'].removeprefix('W/')}"
    response.close()
    return short


@sync_and_async_middleware
def CompressionMiddleware(get_response: GetResponse):
    """Pages, styles and scripts through gzip; pictures, videos and pieces of files as they are. Django's own varies the
    length of a page, so that a secret in it cannot be guessed from that."""
    if iscoroutinefunction(get_response):

        async def middleware(request):
            return _compress(request, await get_response(request))
    else:

        def middleware(request):
            return _compress(request, get_response(request))

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
