from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("People")

    def ready(self) -> None:
        from accounts import services
        from accounts.personal_data import register

        register("account", export=services.export_account, erase=services.erase_account)
