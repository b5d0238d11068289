from django.dispatch import Signal

# Sent on commit, with enrollment_id: somebody takes part now. `by_another` says that it was not they who just acted:
# they were accepted, enrolled by a teacher, or a seat came free.
enrolled = Signal()
# Sent on commit, with enrollment_id: somebody asks to join, or their request was declined.
requested = Signal()
declined = Signal()
