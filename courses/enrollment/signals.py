from django.dispatch import Signal

# Sent on commit, with enrollment_id: somebody takes part now (joined, was accepted, or a seat came free for them).
enrolled = Signal()
# Sent on commit, with enrollment_id: somebody asks to join, or their request was declined.
requested = Signal()
declined = Signal()
