from django.utils import timezone


class TimeZoneMiddleware:
    """Show times in the time zone the person chose."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if request.user.is_authenticated:
            with timezone.override(request.user.tzinfo):
                return self.get_response(request)
        return self.get_response(request)
