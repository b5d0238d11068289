"""The API's schema, made once: that takes seconds, and it says the same to whoever may read it."""

import functools

from django.http import HttpResponse
from django.utils.translation import get_language
from drf_spectacular.views import SpectacularAPIView
from rest_framework.renderers import BaseRenderer


class SchemaView(SpectacularAPIView):
    def _get_schema_response(self, request) -> HttpResponse:
        renderer = request.accepted_renderer
        return HttpResponse(_render(type(renderer), get_language()), f"{renderer.media_type}; charset=utf-8")


@functools.cache
def _render(renderer: type[BaseRenderer], language: str) -> bytes:
    schema = SchemaView.generator_class().get_schema(public=True)
    return renderer().render(schema, renderer_context={})
