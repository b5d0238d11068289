"""The API's schema, made once for each language: that takes seconds, and it says the same to whoever may read it."""

import functools

from django.conf import settings
from django.http import HttpResponse
from django.utils.translation import get_language, override
from drf_spectacular.views import SpectacularAPIView
from rest_framework.renderers import BaseRenderer


class SchemaView(SpectacularAPIView):
    def _get_schema_response(self, request) -> HttpResponse:
        renderer, language = request.accepted_renderer, get_language()
        if language not in dict(settings.LANGUAGES):  # `?lang=` may be anything, and each would be kept
            language = settings.LANGUAGE_CODE
        return HttpResponse(_render(type(renderer), language), f"{renderer.media_type}; charset=utf-8")


@functools.cache
def _render(renderer: type[BaseRenderer], language: str) -> bytes:
    with override(language):
        schema = SchemaView.generator_class().get_schema(public=True)
    return renderer().render(schema, renderer_context={})
