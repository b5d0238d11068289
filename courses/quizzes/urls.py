from django.urls import path

from courses.quizzes import views

app_name = "quizzes"

urlpatterns = [
    path("quizzes/<int:pk>/begin/", views.begin, name="begin"),
    path("quizzes/<int:pk>/save/", views.save, name="save"),
    path("quizzes/<int:pk>/submit/", views.submit, name="submit"),
    path("quizzes/<int:pk>/analysis/", views.item_analysis, name="analysis"),
    path("quizzes/<int:pk>/analysis/chart.<chart:form>", views.item_analysis_chart, name="analysis-chart"),
]
