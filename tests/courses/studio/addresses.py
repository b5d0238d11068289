from django.urls import reverse


def url(name: str, *args) -> str:
    return reverse(f"studio:{name}", args=args)
