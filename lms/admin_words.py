"""What the administration's pages say by unfold's templates, which come without catalogues. Nothing imports this: the
words are marked here so that our own catalogues have them."""

from django.utils.translation import gettext_noop as _

WORDS = (
    # The frame of each page.
    _("All applications"),
    _("Light"),
    _("Dark"),
    _("System"),
    _("Go back"),
    _("Return to site"),
    _("Search apps and models..."),
    _("Type to search"),
    _("Loading more results..."),
    _("Recent searches"),
    _("No recent searches"),
    _("No results found"),
    _("No results matching your query"),
    # Lists.
    _("Select action"),
    _("Select action to run"),
    _("Run"),
    _("Select record"),
    _("Select all rows"),
    _("Expand row"),
    _("More actions"),
    _("Apply Filters"),
    _("Reset filters"),
    _("This page yielded into no results. Create a new item or reset your filters."),
    # Forms.
    _("Select value"),
    _("Toggle password visibility"),
    _("This item will be deleted."),
    _("Click to cancel"),
    _("Choose file to upload"),
    _("Click to download"),
    _("Raw passwords are not stored, so there is no way to see the user’s password."),  # noqa: RUF001
    _(
        "Raw passwords are not stored, so there is no way to see this user’s password, but you can change the "  # noqa: RUF001
        'password using <a href="{}" class="text-primary-600 dark:text-primary-500">this form</a>.'
    ),
    _("You have been successfully logged out from the administration"),
)
