"""Where an operator looks a message up that a receiver asks about."""

import uuid

from django.contrib import admin
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display

from accounts.admin_base import ReadOnly, UnseenByOthers
from courses.events.models import WebhookDelivery
from courses.events.payload import message_id


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(ReadOnly, UnseenByOthers, ModelAdmin):
    """To read. The search takes the `webhook-id` that a receiver saw, or a piece of an endpoint's address."""

    list_display = ["shown_id", "endpoint", "shown_kind", "shown_state", "attempts", "status_code", "created_at"]
    list_filter = ["status_code"]
    nothing_yet = _("Every message sent to a webhook is listed here, with the answer it got.")
    list_select_related = ["endpoint", "event"]
    list_per_page = 50
    show_full_result_count = False
    search_fields = ["endpoint__url"]
    search_help_text = _("A webhook-id (msg_...), or a piece of the endpoint's address.")
    exclude = ["uuid"]
    readonly_fields = ["shown_id"]

    @display(description=_("webhook-id"))
    def shown_id(self, delivery):
        return message_id(delivery)

    @display(description=_("event"))
    def shown_kind(self, delivery):
        return delivery.event.get_kind_display() if delivery.event else gettext("Test")

    @display(description=_("state"))
    def shown_state(self, delivery):
        return gettext(delivery.state)

    def get_search_results(self, request, queryset, search_term):
        try:
            wanted = uuid.UUID(search_term.strip().removeprefix("msg_"))
        except ValueError:
            return super().get_search_results(request, queryset, search_term)
        return queryset.filter(uuid=wanted), False
