"""Sent once for each attempt that was handed in, in its transaction: `attempt`, scored, with its quiz and user."""

from django.dispatch import Signal

attempt_submitted = Signal()
