from django.dispatch import Signal

# Sent after the commit, once for each person and lesson, with `user_id` and `lesson_id`.
lesson_completed = Signal()
# Sent after the commit when a lesson left the course, with `course` and the `user_ids` of those who have completed it.
course_shortened = Signal()
