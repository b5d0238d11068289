"""Questions in quizzes and pools, and what people answer. Imported at the end of `courses.models`."""

from datetime import datetime

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint
from django.urls import reverse
from django.utils import timezone
from django.utils.text import Truncator
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from courses.quizzes import querysets
from courses.search.snippets import plain


class QuestionKind(models.TextChoices):
    SINGLE = "single", _("one choice")
    MULTIPLE = "multiple", _("several choices")
    TRUE_FALSE = "true_false", _("true or false")
    TEXT = "text", _("short text")
    NUMERIC = "numeric", _("number")
    MATCHING = "matching", _("matching")
    ORDERING = "ordering", _("ordering")
    FILL = "fill", _("gaps to fill")


class ShowAnswers(models.TextChoices):
    AFTER_ATTEMPT = "after_attempt", _("after each attempt")
    AFTER_CLOSING = "after_closing", _("after the quiz has closed")
    NEVER = "never", _("never")


class Quiz(models.Model):
    """Without limits it is answered where it stands in the lesson; with a time or attempt limit it has a beginning."""

    Show = ShowAnswers

    block = models.OneToOneField("courses.Block", models.CASCADE, verbose_name=_("block"), related_name="quiz")
    pass_percent = models.PositiveSmallIntegerField(_("percent to pass"), default=70)
    attempt_limit = models.PositiveSmallIntegerField(
        _("attempts"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("Empty: as many as one likes."),
    )
    minutes = models.PositiveSmallIntegerField(
        _("minutes for an attempt"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("Empty: no limit. What was saved when the time is up counts."),
    )
    opens_at = models.DateTimeField(_("opens at"), null=True, blank=True)
    closes_at = models.DateTimeField(
        _("closes at"), null=True, blank=True, help_text=_("An attempt that is open then ends with what was saved.")
    )
    shuffle_questions = models.BooleanField(_("shuffle questions"), default=False)
    shuffle_choices = models.BooleanField(_("shuffle choices"), default=False)
    show_answers = models.CharField(_("show right answers"), max_length=15, choices=Show, default=Show.AFTER_ATTEMPT)

    objects = querysets.QuizQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("quiz"), _("quizzes")
        ordering = ["pk"]
        constraints = [
            CheckConstraint(
                condition=Q(pass_percent__gte=0, pass_percent__lte=100), name="quiz_pass_percent_is_percent"
            ),
            CheckConstraint(
                condition=Q(opens_at__isnull=True) | Q(closes_at__isnull=True) | Q(closes_at__gt=F("opens_at")),
                name="quiz_closes_after_it_opens",
                violation_error_message=_("It has to close after it opens."),
            ),
            CheckConstraint(
                condition=Q(attempt_limit__isnull=True) | Q(attempt_limit__gte=1), name="quiz_attempt_limit_allows_one"
            ),
            CheckConstraint(condition=Q(minutes__isnull=True) | Q(minutes__gte=1), name="quiz_minutes_allow_one"),
            CheckConstraint(condition=Q(show_answers__in=ShowAnswers.values), name="quiz_show_answers_is_known"),
        ]
        indexes = [
            # What is due: the quizzes of some courses that close in future.
            models.Index(fields=["closes_at"], condition=Q(closes_at__isnull=False), name="quiz_closes_at"),
        ]

    def __str__(self) -> str:
        return self.block.title

    def get_absolute_url(self) -> str:
        return f"{reverse('courses:lesson', args=[self.block.lesson_id])}#block-{self.block_id}"

    def clean(self) -> None:
        if self.show_answers == self.Show.AFTER_CLOSING and not self.closes_at:
            raise ValidationError(
                {"closes_at": gettext("Say when it closes, or show the right answers at another time.")}
            )

    @property
    def lesson(self):
        return self.block.lesson

    @property
    def course(self):
        return self.block.lesson.course

    @property
    def has_beginning(self) -> bool:
        """Opening it uses something up, so a student presses a button first."""
        return bool(self.minutes or self.attempt_limit)


class QuestionPool(models.Model):
    """Some of a course's questions, of which quizzes draw a few at random."""

    course = models.ForeignKey(
        "courses.Course", models.CASCADE, verbose_name=_("course"), related_name="question_pools"
    )
    title = models.CharField(_("title"), max_length=120)

    objects = querysets.PoolQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("question pool"), _("question pools")
        ordering = ["title"]
        constraints = [UniqueConstraint(fields=["course", "title"], name="questionpool_title_unique_in_course")]

    def __str__(self) -> str:
        return self.title


class QuizDraw(models.Model):
    """So many questions of a pool in each attempt. Its points replace those of the questions, so that every attempt
    at the quiz can reach the same sum."""

    quiz = models.ForeignKey(Quiz, models.CASCADE, verbose_name=_("quiz"), related_name="draws")
    pool = models.ForeignKey(QuestionPool, models.RESTRICT, verbose_name=_("pool"), related_name="draws")
    count = models.PositiveSmallIntegerField(_("how many"), default=1, validators=[MinValueValidator(1)])
    points = models.PositiveSmallIntegerField(_("points each"), default=1, validators=[MinValueValidator(1)])

    class Meta:
        verbose_name, verbose_name_plural = _("quiz draw"), _("quiz draws")
        ordering = ["pk"]
        constraints = [
            UniqueConstraint(fields=["quiz", "pool"], name="quizdraw_pool_unique_in_quiz"),
            CheckConstraint(condition=Q(count__gte=1, points__gte=1), name="quizdraw_draws_something"),
        ]

    def __str__(self) -> str:
        return f"{self.count} of {self.pool}"

    def clean(self) -> None:
        if self.quiz_id and self.pool_id and self.pool.course_id != self.quiz.course.pk:
            raise ValidationError({"pool": gettext("This pool belongs to another course.")})

    @property
    def course(self):
        return self.quiz.course


class Question(models.Model):
    """What its kind needs of the fields below is told by `authoring.problems`."""

    Kind = QuestionKind

    quiz = models.ForeignKey(
        Quiz, models.CASCADE, verbose_name=_("quiz"), null=True, blank=True, related_name="questions"
    )
    pool = models.ForeignKey(
        QuestionPool, models.CASCADE, verbose_name=_("pool"), null=True, blank=True, related_name="questions"
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.SINGLE)
    prompt = models.TextField(
        _("prompt"),
        help_text=_("Markdown. Gaps to fill are written where they stand: Water boils at {{100|a hundred}} degrees."),
    )
    explanation = models.TextField(_("explanation"), blank=True, help_text=_("Markdown, shown with the result."))
    points = models.PositiveSmallIntegerField(_("points"), default=1, validators=[MinValueValidator(1)])
    accepted = models.TextField(
        _("accepted answers"),
        blank=True,
        help_text=_("For a short text: each form that counts as right on its own line."),
    )
    exact = models.BooleanField(
        _("capitals and spaces count"),
        default=False,
        help_text=_("For short texts and gaps. Otherwise “new  york” is New York."),
    )
    number = models.FloatField(_("right number"), null=True, blank=True, help_text=_("For a number."))
    tolerance = models.FloatField(
        _("tolerance"), default=0, validators=[MinValueValidator(0)], help_text=_("How far off still counts as right.")
    )
    position = models.PositiveIntegerField(_("position"), default=1)

    objects = querysets.QuestionQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("question"), _("questions")
        ordering = ["position", "pk"]
        constraints = [
            UniqueConstraint(fields=["quiz", "position"], name="question_position_unique_in_quiz"),
            UniqueConstraint(fields=["pool", "position"], name="question_position_unique_in_pool"),
            CheckConstraint(
                condition=Q(quiz__isnull=True, pool__isnull=False) | Q(quiz__isnull=False, pool__isnull=True),
                name="question_in_quiz_or_pool",
                violation_error_message=_("A question stands in a quiz or in a pool: choose one of them."),
            ),
            CheckConstraint(condition=Q(kind__in=QuestionKind.values), name="question_kind_is_known"),
            CheckConstraint(condition=Q(points__gte=1), name="question_is_worth_something"),
            CheckConstraint(condition=Q(tolerance__gte=0), name="question_tolerance_not_negative"),
        ]

    def __str__(self) -> str:
        return Truncator(plain(self.prompt)).chars(80)

    @property
    def home(self) -> "Quiz | QuestionPool":
        return self.quiz if self.quiz_id else self.pool

    @property
    def course(self):
        return self.home.course

    @property
    def accepted_forms(self) -> list[str]:
        return [line.strip() for line in self.accepted.splitlines() if line.strip()]


class Choice(models.Model):
    """A choice to pick; of a matching question a pair (without its left half: a right half that fits nothing); of an
    ordering question an item, at its right place."""

    question = models.ForeignKey(Question, models.CASCADE, related_name="choices")
    text = models.CharField(_("text"), max_length=240, blank=True)
    match = models.CharField(_("match"), max_length=240, blank=True, help_text=_("For matching: what belongs to it."))
    is_correct = models.BooleanField(_("right"), default=False)
    feedback = models.CharField(
        _("feedback"), max_length=400, blank=True, help_text=_("What someone who picked this reads.")
    )
    position = models.PositiveIntegerField(_("position"), default=1)

    class Meta:
        verbose_name, verbose_name_plural = _("choice"), _("choices")
        ordering = ["position", "pk"]
        constraints = [
            UniqueConstraint(fields=["question", "position"], name="choice_position_unique_in_question"),
        ]

    def __str__(self) -> str:
        return self.text

    @property
    def course(self):
        return self.question.course


class QuizAccommodation(models.Model):
    """What one student gets beyond the limits of a quiz, or of all the quizzes of a course, those made later too. Where
    a quiz has a row of its own, that one alone counts."""

    quiz = models.ForeignKey(
        Quiz, models.CASCADE, verbose_name=_("quiz"), null=True, blank=True, related_name="accommodations"
    )
    whole_course = models.ForeignKey(
        "courses.Course",
        models.CASCADE,
        verbose_name=_("whole course"),
        null=True,
        blank=True,
        related_name="quiz_accommodations",
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, verbose_name=_("user"), related_name="quiz_accommodations"
    )
    time_factor = models.FloatField(
        _("time factor"),
        default=1,
        validators=[MinValueValidator(1)],
        help_text=_("1.5 gives half as much time again."),
    )
    extra_attempts = models.PositiveSmallIntegerField(_("extra attempts"), default=0)
    closes_at = models.DateTimeField(_("closes later, at"), null=True, blank=True)

    objects = querysets.AccommodationQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("accommodation"), _("accommodations")
        ordering = ["pk"]
        constraints = [
            UniqueConstraint(fields=["quiz", "user"], name="quizaccommodation_unique_user_in_quiz"),
            UniqueConstraint(fields=["whole_course", "user"], name="quizaccommodation_unique_user_in_course"),
            CheckConstraint(
                condition=Q(quiz__isnull=True, whole_course__isnull=False)
                | Q(quiz__isnull=False, whole_course__isnull=True),
                name="quizaccommodation_in_quiz_or_course",
            ),
            CheckConstraint(condition=Q(time_factor__gte=1), name="quizaccommodation_gives_no_less_time"),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.quiz or self.whole_course}"

    @property
    def course(self):
        return self.quiz.course if self.quiz else self.whole_course


class QuizAttempt(models.Model):
    """One go at a quiz. Until it is handed in it has answers but no score, and counts nowhere."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, verbose_name=_("user"), related_name="quiz_attempts"
    )
    quiz = models.ForeignKey(Quiz, models.CASCADE, verbose_name=_("quiz"), related_name="attempts")
    number = models.PositiveIntegerField(
        pgettext_lazy("one of a series", "number"), default=1, help_text=_("1, 2, 3 for one person in one quiz.")
    )
    started_at = models.DateTimeField(_("started at"), default=timezone.now)
    deadline = models.DateTimeField(_("deadline"), null=True, blank=True)
    layout = models.JSONField(
        default=list, help_text=_("What was drawn, in the order shown: [[question id, [choice ids], points]]")
    )
    answers = models.JSONField(default=dict, help_text='{"question id": answer}; `answers.py` tells each kind\'s form')
    saved_at = models.DateTimeField(_("saved at"), null=True, blank=True)
    seconds = models.JSONField(
        default=dict, help_text='{"question id": seconds at it, null where unknown}; until it is handed in'
    )
    submitted_at = models.DateTimeField(_("submitted at"), null=True, blank=True)
    expired = models.BooleanField(
        _("expired"), default=False, help_text=_("Ended by its deadline, with what was saved.")
    )
    results = models.JSONField(default=dict, help_text='{"question id": share in 0..1}')
    points = models.FloatField(_("points"), null=True, blank=True)
    max_points = models.FloatField(_("most points"), null=True, blank=True)
    score_percent = models.PositiveSmallIntegerField(_("score in percent"), null=True, blank=True)

    objects = querysets.QuizAttemptQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("quiz attempt"), _("quiz attempts")
        ordering = ["-submitted_at", "-pk"]
        constraints = [
            CheckConstraint(
                condition=Q(score_percent__isnull=True) | Q(score_percent__gte=0, score_percent__lte=100),
                name="quizattempt_score_is_percent",
            ),
            CheckConstraint(
                condition=Q(submitted_at__isnull=True, score_percent__isnull=True)
                | Q(submitted_at__isnull=False, score_percent__isnull=False),
                name="quizattempt_scored_when_submitted",
            ),
            UniqueConstraint(fields=["user", "quiz", "number"], name="quizattempt_number_unique"),
            # Two tabs that begin at once begin the same attempt.
            UniqueConstraint(
                fields=["user", "quiz"], condition=Q(submitted_at__isnull=True), name="quizattempt_one_open_at_a_time"
            ),
        ]
        indexes = [
            # The lesson page's "your best so far" and the list of attempts.
            models.Index(fields=["user", "quiz", "-submitted_at"], name="quizattempt_user_quiz_newest"),
            # The sweep: open attempts whose time is up.
            models.Index(fields=["deadline"], condition=Q(submitted_at__isnull=True), name="quizattempt_open_deadline"),
        ]

    def __str__(self) -> str:
        score = "open" if self.score_percent is None else f"{self.score_percent}%"
        return f"{self.user}: {self.quiz}, {score}"

    @property
    def course(self):
        return self.quiz.course

    @property
    def passed(self) -> bool:
        return self.score_percent is not None and self.score_percent >= self.quiz.pass_percent

    def is_over(self, now: datetime) -> bool:
        return self.deadline is not None and self.deadline <= now
