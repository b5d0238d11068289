from django.dispatch import Signal

# Sent on commit, with enrollment_id: somebody takes part now. `by_another` says that it was not they who just acted:
# they were accepted, enrolled by a teacher, or a seat came free.
enrolled = Signal()
# Sent on commit, with enrollment_id: somebody asks to join, or their request was declined.
requested = Signal()
declined = Signal()
# Sent inside the transaction, with course: somebody in it may take it as a student no more. They left or were taken
# out, or their role changed. What listens fails together with the change.
students_changed = Signal()
