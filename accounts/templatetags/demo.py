from django import template

from accounts import demo

register = template.Library()


@register.inclusion_tag("_demo_roles.html", takes_context=True)
def demo_roles(context) -> dict:
    """A button for each role; nothing outside a demo."""
    request = context.get("request")
    return {"roles": demo.ROLES.values() if demo.is_open() else (), "request": request}
