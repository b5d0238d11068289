from django import forms
from django.utils.translation import gettext_lazy as _

from courses.models import Block, Lesson, Post, Thread

MARKDOWN = _("Markdown: **bold**, `code`, $x^2$, > quoted.")
LONGEST = Post._meta.get_field("body").max_length


def body_field(label) -> forms.CharField:
    return forms.CharField(
        label=label, max_length=LONGEST, widget=forms.Textarea(attrs={"rows": 6}), help_text=MARKDOWN
    )


class ThreadForm(forms.Form):
    title = forms.CharField(label=_("In one line"), max_length=160)
    body = body_field(_("In your words"))
    kind = forms.ChoiceField(label=_("It is a"), choices=Thread.Kind.choices, initial=Thread.Kind.QUESTION)
    block = forms.ModelChoiceField(
        label=_("About which part"), queryset=Block.objects.none(), required=False, empty_label=_("The whole lesson")
    )

    def __init__(self, lesson: Lesson, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["block"].queryset = lesson.blocks.all()


class ReplyForm(forms.Form):
    body = body_field(_("Your reply"))


class EditForm(forms.Form):
    title = forms.CharField(label=_("In one line"), max_length=160)
    body = body_field(_("In your words"))

    def __init__(self, post: Post, *args, **kwargs):
        super().__init__(*args, initial={"title": post.thread.title, "body": post.body}, **kwargs)
        if not post.is_opening:
            del self.fields["title"]


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("Why"), max_length=240)
