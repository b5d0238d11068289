from django.urls import path

from accounts import views

app_name = "accounts"

urlpatterns = [
    path("theme/", views.set_theme, name="theme"),
    path("demo/<slug:role>/", views.continue_as, name="continue-as"),
    path("you/", views.profile, name="profile"),
    path("you/log/", views.audit_log, name="audit-log"),
    path("you/export/", views.export, name="export"),
    path("you/export.zip", views.export_zip, name="export-zip"),
    path("you/erase/<slug:name>/", views.erase_part, name="erase-part"),
    path("you/erase/", views.erase, name="erase"),
    path("you/tokens/", views.tokens, name="tokens"),
    path("you/tokens/<int:pk>/revoke/", views.revoke_token, name="revoke-token"),
    path("invitations/<str:token>/", views.accept_invitation, name="invitation"),
]
