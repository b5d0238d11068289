from django.dispatch import Signal

# Sent after the commit with `assignment_id` and `user_ids`: the marks these people see from now on.
marks_released = Signal()
