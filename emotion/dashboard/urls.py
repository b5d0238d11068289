from django.urls import path

from emotion.dashboard import views

app_name = "emotion"

urlpatterns = [
    path("lessons/<int:pk>/camera/", views.consent, name="consent"),
    path("lessons/<int:pk>/camera/withdraw/", views.withdraw, name="withdraw"),
    path("lessons/<int:pk>/history/", views.history, name="history"),
]
