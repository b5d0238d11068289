from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "People"

    def ready(self) -> None:
        from accounts import services
        from accounts.personal_data import register

        register("account", export=services.export_account, erase=services.erase_account)
