"""What somebody gets to take along of their quizzes."""

from accounts.models import User
from courses.quizzes import answers
from courses.quizzes.layouts import Slot
from courses.quizzes.models import Question, QuizAccommodation, QuizAttempt


def export_attempts(user: User) -> list[dict]:
    """Each attempt, the open one too, with the answers in words. Three queries."""
    attempts = list(QuizAttempt.objects.filter(user=user).select_related("quiz__block").order_by("pk"))
    asked = {int(pk) for attempt in attempts for pk in attempt.answers}
    questions = Question.objects.prefetch_related("choices").in_bulk(list(asked))
    return [
        {
            "quiz": attempt.quiz.block.title,
            "attempt": attempt.number,
            "started_at": attempt.started_at.isoformat(),
            "submitted_at": attempt.submitted_at and attempt.submitted_at.isoformat(),
            "score_percent": attempt.score_percent,
            "answers": [
                {
                    "question": questions[int(pk)].prompt,
                    "answer": answers.in_words(_slot(questions[int(pk)]), answer),
                    "share": attempt.results.get(pk),
                    "seconds": attempt.seconds.get(pk),
                }
                for pk, answer in attempt.answers.items()
                if int(pk) in questions
            ],
        }
        for attempt in attempts
    ]


def _slot(question: Question) -> Slot:
    return Slot(question, list(question.choices.all()), question.points)


def export_accommodations(user: User) -> list[dict]:
    return [
        {
            "quiz": row.quiz and row.quiz.block.title,
            "whole_course": row.whole_course and row.whole_course.title,
            "time_factor": row.time_factor,
            "extra_attempts": row.extra_attempts,
            "closes_at": row.closes_at and row.closes_at.isoformat(),
        }
        for row in QuizAccommodation.objects.filter(user=user).select_related("quiz__block", "whole_course")
    ]
