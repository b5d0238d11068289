"""Sent once for each attempt that was handed in, in its transaction: `attempt`, scored, with its quiz and user, and
with the times at its questions, which are not kept."""

from django.dispatch import Signal

attempt_submitted = Signal()
