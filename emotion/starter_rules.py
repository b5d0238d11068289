# ruff: noqa: E501  (a sentence stays on its line)
"""The starter set of support: rules, and their words in four languages. An instructor may replace any of it."""

from __future__ import annotations

from django.utils.translation import get_language

LANGUAGES = ("en", "de", "fr", "ar")

# (state, lasting seconds, action)
RULES = (
    ("confused", 75, "hint"),
    ("confused", 75, "encourage"),
    ("confused", 150, "watch_again"),
    ("frustrated", 25, "worked_example"),
    ("frustrated", 25, "encourage"),
    ("frustrated", 120, "offer_tutor"),
    ("bored", 120, "break"),
    ("bored", 240, "discuss"),
    ("delighted", 60, "discuss"),
)
# Which action is offered first to whom; an action that is not named is for everybody alike.
FIRST_FOR = {"hint": "doing_well", "worked_example": "doing_well", "encourage": "struggling"}

QUESTIONS = {
    "confused": {
        "en": "Looks tricky here. Would something help?",
        "de": "Das sieht knifflig aus. Würde etwas helfen?",
        "fr": "Ce passage a l'air délicat. Un coup de pouce ?",
        "ar": "يبدو هذا الجزء صعبًا. هل يفيدك شيء؟",
    },
    "frustrated": {
        "en": "Looks like hard going. Shall we try another way?",
        "de": "Das sieht mühsam aus. Versuchen wir es anders?",
        "fr": "Ça a l'air laborieux. On essaie autrement ?",
        "ar": "يبدو الأمر شاقًا. هل نجرب طريقة أخرى؟",
    },
    "bored": {
        "en": "Looks slow going. Would a change help?",
        "de": "Das sieht zäh aus. Täte eine Abwechslung gut?",
        "fr": "Ça a l'air long. Envie de changer un peu ?",
        "ar": "يبدو الإيقاع بطيئًا. هل يفيدك بعض التغيير؟",
    },
    "delighted": {
        "en": "Looks like this goes well. Care to share it?",
        "de": "Das sieht gut aus. Lust, es zu teilen?",
        "fr": "Ça a l'air de bien marcher. Envie d'en parler ?",
        "ar": "يبدو أن الأمور تسير جيدًا. هل تود مشاركتها؟",
    },
}
# What the button that accepts says.
ACCEPT = {
    "hint": {"en": "A hint", "de": "Ein Hinweis", "fr": "Un indice", "ar": "تلميح"},
    "worked_example": {"en": "A worked example", "de": "Ein Beispiel", "fr": "Un exemple résolu", "ar": "مثال محلول"},
    "watch_again": {
        "en": "This part again",
        "de": "Noch einmal",
        "fr": "Revoir ce passage",
        "ar": "هذا الجزء مرة أخرى",
    },
    "break": {"en": "A short break", "de": "Eine kurze Pause", "fr": "Une courte pause", "ar": "استراحة قصيرة"},
    "encourage": {"en": "A kind word", "de": "Ein gutes Wort", "fr": "Un mot gentil", "ar": "كلمة طيبة"},
    "discuss": {"en": "Ask the others", "de": "Die anderen fragen", "fr": "Demander aux autres", "ar": "اسأل الآخرين"},
    "offer_tutor": {
        "en": "Ask the tutor",
        "de": "Die Lehrkraft fragen",
        "fr": "Demander au tuteur",
        "ar": "اسأل المدرّس",
    },
}
# What somebody who accepts reads.
OFFERS = {
    "hint": {
        "en": "Name in one sentence what the part asks for, then look for the line above that uses the same word. "
        "That line is usually where the next step hides.",
        "de": "Sagen Sie in einem Satz, wonach gefragt ist, und suchen Sie weiter oben die Zeile mit demselben Wort. "
        "Dort steckt meist der nächste Schritt.",
        "fr": "Dites en une phrase ce qui est demandé, puis cherchez plus haut la ligne qui emploie le même mot. "
        "C'est souvent là que se cache l'étape suivante.",
        "ar": "قل في جملة واحدة ما المطلوب، ثم ابحث أعلاه عن السطر الذي يستخدم الكلمة نفسها. غالبًا ما تكون الخطوة التالية هناك.",
    },
    "worked_example": {
        "en": "Go back to the last example and cover its answer. Do one line, uncover one line. Small steps count.",
        "de": "Gehen Sie zum letzten Beispiel zurück und verdecken Sie die Lösung. Eine Zeile rechnen, eine aufdecken. "
        "Kleine Schritte zählen.",
        "fr": "Revenez au dernier exemple et cachez sa réponse. Une ligne à vous, une ligne découverte. Les petits pas comptent.",
        "ar": "ارجع إلى آخر مثال وغطِّ حله. اكتب سطرًا ثم اكشف سطرًا. الخطوات الصغيرة مهمة.",
    },
    "watch_again": {
        "en": "This part rewards a second look. Start a little before the place where it became hard.",
        "de": "Dieser Teil lohnt einen zweiten Blick. Beginnen Sie kurz vor der Stelle, an der es schwer wurde.",
        "fr": "Ce passage mérite un second regard. Reprenez un peu avant l'endroit devenu difficile.",
        "ar": "هذا الجزء يستحق نظرة ثانية. ابدأ قبيل الموضع الذي صار صعبًا.",
    },
    "break": {
        "en": "Two minutes away from the screen help more than ten in front of it. Your place is kept.",
        "de": "Zwei Minuten weg vom Bildschirm helfen mehr als zehn davor. Ihre Stelle bleibt gemerkt.",
        "fr": "Deux minutes loin de l'écran aident plus que dix devant. Votre place est gardée.",
        "ar": "دقيقتان بعيدًا عن الشاشة تنفعان أكثر من عشر أمامها. مكانك محفوظ.",
    },
    "encourage": {
        "en": "Hard parts are where learning happens, and time spent on this one is not lost. Most people need a second try here.",
        "de": "Schwere Stellen sind die, an denen man lernt; die Zeit hier ist nicht verloren. Die meisten brauchen einen zweiten Anlauf.",
        "fr": "C'est aux passages difficiles qu'on apprend, et ce temps n'est pas perdu. Un second essai est souvent nécessaire ici.",
        "ar": "في المواضع الصعبة يحدث التعلم، والوقت هنا لا يضيع. يحتاج معظم الناس إلى محاولة ثانية.",
    },
    "discuss": {
        "en": "Somebody else has wondered the same. A question in the discussion takes a minute and helps both of you.",
        "de": "Jemand anderes hat sich das auch gefragt. Eine Frage in der Diskussion kostet eine Minute und hilft beiden.",
        "fr": "Quelqu'un d'autre s'est posé la même question. La poser aux autres prend une minute et vous aide tous deux.",
        "ar": "هناك من تساءل عن الأمر نفسه. سؤال في النقاش يستغرق دقيقة ويفيدكما معًا.",
    },
    "offer_tutor": {
        "en": "Nothing has been sent. If you like, write to your tutor which part it is; a sentence is enough.",
        "de": "Es wurde nichts gesendet. Wenn Sie mögen, schreiben Sie Ihrer Lehrkraft, um welchen Teil es geht; ein Satz genügt.",
        "fr": "Rien n'a été envoyé. Si vous voulez, écrivez à votre tuteur de quel passage il s'agit ; une phrase suffit.",
        "ar": "لم يُرسل شيء. إن شئت فاكتب إلى مدرّسك أي جزء تقصد؛ جملة واحدة تكفي.",
    },
}
# For each expression; read by whoever chooses "A kind word" in an offer, never pushed.
ENCOURAGEMENTS = {
    "neutral": {
        "en": "Looks calm. A good pace to keep.",
        "de": "Sieht ruhig aus. Ein gutes Tempo.",
        "fr": "L'air calme. Un bon rythme à garder.",
        "ar": "يبدو هادئًا. إيقاع جيد للاستمرار.",
    },
    "happiness": {
        "en": "Looks like it is going well. Enjoy it.",
        "de": "Sieht aus, als liefe es gut. Genießen Sie es.",
        "fr": "Ça a l'air de bien aller. Profitez-en.",
        "ar": "يبدو أن الأمور بخير. استمتع بذلك.",
    },
    "surprise": {
        "en": "Looks like something new. Worth a note?",
        "de": "Sieht nach etwas Neuem aus. Eine Notiz wert?",
        "fr": "Une surprise, on dirait. À noter ?",
        "ar": "يبدو أن هناك جديدًا. هل يستحق ملاحظة؟",
    },
    "sadness": {
        "en": "Looks a little heavy. Going slowly is fine.",
        "de": "Sieht etwas schwer aus. Langsam ist gut genug.",
        "fr": "L'air un peu lourd. Aller doucement convient.",
        "ar": "يبدو الأمر ثقيلًا قليلًا. التمهل مناسب.",
    },
    "anger": {
        "en": "Looks tense. A breath, then the next small step.",
        "de": "Sieht angespannt aus. Ein Atemzug, dann der nächste kleine Schritt.",
        "fr": "L'air tendu. Une respiration, puis un petit pas.",
        "ar": "يبدو التوتر. نفس عميق ثم خطوة صغيرة.",
    },
    "disgust": {
        "en": "Looks put off. Skipping ahead and coming back is allowed.",
        "de": "Sieht unwillig aus. Überspringen und zurückkommen ist erlaubt.",
        "fr": "L'air rebuté. Passer et revenir est permis.",
        "ar": "يبدو النفور. يمكنك التخطي ثم العودة.",
    },
    "fear": {
        "en": "Looks uneasy. Nothing here is graded until you send it.",
        "de": "Sieht unsicher aus. Nichts wird bewertet, bevor Sie es abschicken.",
        "fr": "L'air inquiet. Rien n'est noté avant l'envoi.",
        "ar": "يبدو القلق. لا شيء يُقيَّم قبل أن ترسله.",
    },
    "contempt": {
        "en": "Looks sceptical. A good question to write down.",
        "de": "Sieht skeptisch aus. Eine gute Frage zum Aufschreiben.",
        "fr": "L'air sceptique. Une bonne question à noter.",
        "ar": "يبدو متشككًا. سؤال جيد يستحق التدوين.",
    },
}
REPLIES = {
    "fine": {"en": "I'm fine", "de": "Es geht schon", "fr": "Tout va bien", "ar": "أنا بخير"},
    "snoozed": {"en": "Later", "de": "Später", "fr": "Plus tard", "ar": "لاحقًا"},
    "dont_ask": {
        "en": "Don't ask again",
        "de": "Nicht mehr fragen",
        "fr": "Ne plus demander",
        "ar": "لا تسأل مرة أخرى",
    },
}


def reading_language() -> str:
    """The active language where it is one of LANGUAGES, else English."""
    language = (get_language() or "en").split("-")[0]
    return language if language in LANGUAGES else "en"


def in_language(words: dict[str, str]) -> str:
    return words[reading_language()]
