from django.dispatch import Signal

# Sent after the commit with `course` and `user_ids`: the total of these people may be another one now.
grade_changed = Signal()
