from django.urls import path

from courses.studio import assignment_views, quiz_views, views

app_name = "studio"

urlpatterns = [
    path("courses/new/", views.new_course, name="new"),
    path("courses/<slug:slug>/edit/", views.course, name="course"),
    path("courses/<slug:slug>/edit/save/", views.save_course, name="save-course"),
    path("courses/<slug:slug>/edit/status/", views.course_status, name="course-status"),
    path("courses/<slug:slug>/edit/modules/", views.add_module, name="add-module"),
    path("modules/<int:pk>/save/", views.save_module, name="save-module"),
    path("modules/<int:pk>/remove/", views.remove_module, name="remove-module"),
    path("modules/<int:pk>/lessons/", views.add_lesson, name="add-lesson"),
    path("lessons/<int:pk>/edit/", views.lesson, name="lesson"),
    path("lessons/<int:pk>/edit/save/", views.save_lesson, name="save-lesson"),
    path("lessons/<int:pk>/edit/status/", views.lesson_status, name="lesson-status"),
    path("lessons/<int:pk>/edit/blocks/", views.add_block, name="add-block"),
    path("lessons/<int:pk>/remove/", views.remove_lesson, name="remove-lesson"),
    path("lessons/<int:pk>/edit/history/", views.history, name="history"),
    path("revisions/<int:pk>/restore/", views.restore, name="restore"),
    path("blocks/<int:pk>/save/", views.save_block, name="save-block"),
    path("blocks/<int:pk>/file/", views.attach_file, name="attach-file"),
    path("blocks/<int:pk>/details/", views.details, name="details"),
    path("blocks/<int:pk>/remove/", views.remove_block, name="remove-block"),
    path("assignments/<int:pk>/edit/", assignment_views.assignment, name="assignment"),
    path("assignments/<int:pk>/edit/save/", assignment_views.save_assignment, name="save-assignment"),
    path("assignments/<int:pk>/edit/rubric/", assignment_views.add_criterion, name="add-criterion"),
    path("criteria/<int:pk>/save/", assignment_views.save_criterion, name="save-criterion"),
    path("criteria/<int:pk>/remove/", assignment_views.remove_criterion, name="remove-criterion"),
    path("quizzes/<int:pk>/edit/", quiz_views.quiz, name="quiz"),
    path("quizzes/<int:pk>/edit/save/", quiz_views.save_quiz, name="save-quiz"),
    path("quizzes/<int:pk>/edit/questions/", quiz_views.add_question, name="add-question"),
    path("questions/<int:pk>/save/", quiz_views.save_question, name="save-question"),
    path("questions/<int:pk>/remove/", quiz_views.remove_question, name="remove-question"),
    path("studio/move/", views.move, name="move"),
    path("studio/preview/", views.preview, name="preview"),
]
