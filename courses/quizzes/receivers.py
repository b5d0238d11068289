"""Open attempts follow the quiz's limits, wherever those are changed. Imported when the app is ready."""

from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from courses.quizzes.models import Quiz, QuizAccommodation, QuizAttempt
from courses.quizzes.services import renew_deadlines


@receiver(post_save, sender=Quiz, dispatch_uid="quizzes.quiz_saved")
def quiz_saved(instance: Quiz, created: bool, raw: bool = False, **_) -> None:
    if not created and not raw:
        renew_deadlines(quiz=instance)


@receiver(post_save, sender=QuizAccommodation, dispatch_uid="quizzes.accommodation_saved")
@receiver(post_delete, sender=QuizAccommodation, dispatch_uid="quizzes.accommodation_deleted")
def accommodation_changed(instance: QuizAccommodation, raw: bool = False, **_) -> None:
    if raw:
        return
    answering = Quiz.objects.filter(attempts__in=QuizAttempt.objects.unsubmitted().filter(user_id=instance.user_id))
    quizzes = [instance.quiz] if instance.quiz_id else answering.for_course(instance.whole_course)
    for quiz in quizzes:
        renew_deadlines(quiz=quiz, user_id=instance.user_id)
