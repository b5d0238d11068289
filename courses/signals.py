from django.dispatch import Signal

# Sent after the commit, once for each person and lesson, with `user_id` and `lesson_id`.
lesson_completed = Signal()
