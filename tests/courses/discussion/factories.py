from courses.discussion import services
from courses.models import Lesson, Post, Thread
from tests.factories import enroll, make_course, make_instructor, make_user


def make_class():
    """A course taught by Ines, with Alice and Bob as its students. -> (course, first lesson, alice, bob, ines)"""
    ines = make_instructor("ines")
    course = make_course(instructor=ines)
    alice, bob = make_user("alice"), make_user("bob")
    enroll(alice, course)
    enroll(bob, course)
    return course, Lesson.objects.for_course(course).in_course_order().first(), alice, bob, ines


def make_thread(author, lesson, title="Why squares?", body="Why do we **square** them?", **extra) -> Thread:
    extra.setdefault("kind", "question")
    return services.start_thread(user=author, lesson=lesson, title=title, body=body, **extra)


def make_reply(author, thread, body="Because of signs.", **extra) -> Post:
    return services.reply(user=author, thread=thread, body=body, **extra)
