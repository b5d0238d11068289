"""The words of the panel beside a lesson, in four languages: the one-tap self-report, notes, and why an offer came."""

from __future__ import annotations

from emotion.starter_rules import in_language

# (state, word) of the one-tap self-report, in the order of its buttons.
SELF_REPORT = {
    "engaged": {"en": "Going well", "de": "Läuft gut", "fr": "Ça avance", "ar": "يسير جيدًا"},
    "confused": {"en": "Puzzling", "de": "Rätselhaft", "fr": "Pas clair", "ar": "محيّر"},
    "frustrated": {"en": "Hard going", "de": "Mühsam", "fr": "Laborieux", "ar": "شاق"},
    "bored": {"en": "Slow", "de": "Zäh", "fr": "Trop lent", "ar": "بطيء"},
    "delighted": {"en": "Love it", "de": "Macht Freude", "fr": "J'adore", "ar": "ممتع"},
}
PANEL = {
    "title": {
        "en": "How is this going?",
        "de": "Wie läuft es hier?",
        "fr": "Comment ça se passe ?",
        "ar": "كيف تسير الأمور؟",
    },
    "waiting": {"en": "An offer for you", "de": "Ein Angebot für Sie", "fr": "Une proposition", "ar": "عرض لك"},
    "close": {"en": "Close", "de": "Schließen", "fr": "Fermer", "ar": "إغلاق"},
    "why": {"en": "Why this?", "de": "Warum das?", "fr": "Pourquoi ?", "ar": "لماذا هذا؟"},
    "wishes": {"en": "What I want", "de": "Was ich möchte", "fr": "Mes souhaits", "ar": "ما أريده"},
    "kind_word": {"en": "A kind word", "de": "Ein gutes Wort", "fr": "Un mot gentil", "ar": "كلمة طيبة"},
    "break": {"en": "A short break", "de": "Eine kurze Pause", "fr": "Une courte pause", "ar": "استراحة قصيرة"},
    "thanks": {"en": "Thank you.", "de": "Danke.", "fr": "Merci.", "ar": "شكرًا."},
    "not_saved": {
        "en": "Not saved. Please try again.",
        "de": "Nicht gespeichert. Bitte noch einmal.",
        "fr": "Pas enregistré. Veuillez réessayer.",
        "ar": "لم يُحفظ. حاول مرة أخرى.",
    },
    "no_reason": {
        "en": "The reason could not be fetched. Please try again.",
        "de": "Der Grund ließ sich nicht laden. Bitte noch einmal.",
        "fr": "La raison n'a pas pu être chargée. Veuillez réessayer.",
        "ar": "تعذّر جلب السبب. حاول مرة أخرى.",
    },
    "too_often": {
        "en": "Thank you, that is enough for this minute.",
        "de": "Danke, für diese Minute reicht es.",
        "fr": "Merci, cela suffit pour cette minute.",
        "ar": "شكرًا، هذا يكفي لهذه الدقيقة.",
    },
    "to_tutor": {
        "en": "To those who teach this course, with your name",
        "de": "An die Lehrenden dieses Kurses, mit Ihrem Namen",
        "fr": "Aux enseignants de ce cours, avec votre nom",
        "ar": "إلى مدرّسي هذا المقرر، مع اسمك",
    },
    "send": {"en": "Send", "de": "Senden", "fr": "Envoyer", "ar": "إرسال"},
    "sent": {
        "en": "Sent. The answer comes as a message.",
        "de": "Gesendet. Die Antwort kommt als Nachricht.",
        "fr": "Envoyé. La réponse viendra sous forme de message.",
        "ar": "أُرسل. سيصلك الرد في رسالة.",
    },
    "not_sent": {
        "en": "Not sent. Please try again.",
        "de": "Nicht gesendet. Bitte noch einmal.",
        "fr": "Pas envoyé. Veuillez réessayer.",
        "ar": "لم يُرسل. حاول مرة أخرى.",
    },
    "to_discussion": {
        "en": "Write it in the discussion",
        "de": "In die Diskussion schreiben",
        "fr": "L'écrire dans la discussion",
        "ar": "اكتبه في النقاش",
    },
    "no_script": {
        "en": "Answering here needs JavaScript. The lesson does not.",
        "de": "Antworten braucht hier JavaScript, die Lektion nicht.",
        "fr": "Répondre ici demande JavaScript, la leçon non.",
        "ar": "الإجابة هنا تحتاج إلى JavaScript، أما الدرس فلا.",
    },
}
# {title} is a block's.
PLACES = {
    "read": {
        "en": "Back to “{title}”",
        "de": "Zurück zu „{title}“",
        "fr": "Retour à « {title} »",
        "ar": "العودة إلى «{title}»",
    },
    "watch": {
        "en": "Watch this minute of “{title}” again",
        "de": "Diese Minute von „{title}“ noch einmal ansehen",
        "fr": "Revoir cette minute de « {title} »",
        "ar": "شاهد هذه الدقيقة من «{title}» مرة أخرى",
    },
    # Words to begin with, for whoever asks the others or the tutor; only they send them.
    "ask": {
        "en": "I got stuck at “{title}” in “{lesson}”: ",
        "de": "Bei „{title}“ in „{lesson}“ komme ich nicht weiter: ",
        "fr": "Je bloque à « {title} » dans « {lesson} » : ",
        "ar": "توقفت عند «{title}» في «{lesson}»: ",
    },
    "share": {
        "en": "What I liked about “{title}” in “{lesson}”: ",
        "de": "Was mir an „{title}“ in „{lesson}“ gefallen hat: ",
        "fr": "Ce qui m'a plu dans « {title} » de « {lesson} » : ",
        "ar": "ما أعجبني في «{title}» من «{lesson}»: ",
    },
}
# What spoke for a state, as somebody who asks "Why this?" reads it.
REASONS = {
    "quiz_wrong": {
        "en": "some quiz answers were not right yet",
        "de": "einige Quizantworten stimmten noch nicht",
        "fr": "certaines réponses au quiz n'étaient pas encore justes",
        "ar": "بعض إجابات الاختبار لم تكن صحيحة بعد",
    },
    "quiz_right": {
        "en": "quiz answers were right",
        "de": "Quizantworten stimmten",
        "fr": "des réponses au quiz étaient justes",
        "ar": "كانت إجابات الاختبار صحيحة",
    },
    "rewind": {
        "en": "a part was played again",
        "de": "eine Stelle lief noch einmal",
        "fr": "un passage a été rejoué",
        "ar": "أُعيد تشغيل جزء",
    },
    "reread": {
        "en": "a part was read again",
        "de": "eine Stelle wurde noch einmal gelesen",
        "fr": "un passage a été relu",
        "ar": "أُعيدت قراءة جزء",
    },
    "idle": {
        "en": "the page was still for a while",
        "de": "die Seite stand eine Weile still",
        "fr": "la page est restée immobile un moment",
        "ar": "بقيت الصفحة ساكنة مدة",
    },
    "rapid_guess": {
        "en": "answers came very quickly",
        "de": "Antworten kamen sehr schnell",
        "fr": "les réponses sont venues très vite",
        "ar": "جاءت الإجابات بسرعة كبيرة",
    },
    "left_tab": {
        "en": "the page was left a few times",
        "de": "die Seite wurde einige Male verlassen",
        "fr": "la page a été quittée quelques fois",
        "ar": "غادرت الصفحة بضع مرات",
    },
    "returned": {
        "en": "you came back to the page",
        "de": "Sie kamen zur Seite zurück",
        "fr": "vous êtes revenu sur la page",
        "ar": "عدت إلى الصفحة",
    },
    "expression": {
        "en": "your expression leaned that way",
        "de": "Ihr Ausdruck ging in diese Richtung",
        "fr": "votre expression allait dans ce sens",
        "ar": "مال تعبيرك إلى ذلك",
    },
}
WHY = {
    "said": {
        "en": "You said so yourself a moment ago.",
        "de": "Das haben Sie eben selbst gesagt.",
        "fr": "Vous venez de le dire vous-même.",
        "ar": "قلت ذلك بنفسك قبل لحظة.",
    },
    "looked": {
        "en": "It looked that way for about {seconds} seconds: {reasons}. It may be wrong.",
        "de": "Es sah etwa {seconds} Sekunden lang so aus: {reasons}. Das kann falsch sein.",
        "fr": "On aurait dit cela pendant environ {seconds} secondes : {reasons}. C'est peut-être faux.",
        "ar": "بدا الأمر كذلك نحو {seconds} ثانية: {reasons}. وقد يكون هذا خطأ.",
    },
    "looked_somehow": {
        "en": "It looked that way for about {seconds} seconds. It may be wrong.",
        "de": "Es sah etwa {seconds} Sekunden lang so aus. Das kann falsch sein.",
        "fr": "On aurait dit cela pendant environ {seconds} secondes. C'est peut-être faux.",
        "ar": "بدا الأمر كذلك نحو {seconds} ثانية. وقد يكون هذا خطأ.",
    },
}
COMMA = {"en": ", ", "de": ", ", "fr": ", ", "ar": "، "}


def panel_words() -> dict[str, str]:
    """The panel's words in the active language."""
    return {name: in_language(words) for name, words in PANEL.items()}
