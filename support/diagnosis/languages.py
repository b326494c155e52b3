"""Language detection of a message, by stop words and scripts. Pure; an empty answer means that it cannot be told."""

import re
from collections.abc import Mapping

WORD = re.compile(r"[^\W\d_]+")
SIGNS = {"pl": set("ąęłśźż"), "de": set("ß"), "pt": set("ãõ"), "es": set("ñ¿¡"), "cs": set("ěřů"), "tr": set("şğı")}
OURS, ENOUGH = ("en", "de"), 2  # to be told that they write in a third language, one word is too little
UNKNOWN = "und"  # ISO 639: a language, and none of those we know
SCRIPTS = re.compile(r"[\u0370-\u1fff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")  # none of them is Latin
STOP_WORDS: Mapping[str, frozenset[str]] = {
    language: frozenset(words.split())
    for language, words in {
        "en": """the and is are was were i my me you your it this that with for not have has had can could would do
            does did please thank thanks hello hi to of be been when what where why still by at on but am get got
            need invoice account password delete wrong works working nothing anybody as an or if so we our they will
            just since by up help today tomorrow before""",
        "de": """der die das den dem ein eine einen einem und ist sind war ich mein meine meinen meiner mir mich sie
            ihr ihre ihnen ihren es nicht kein keine mit für auf von zu im am um wir uns haben habe hat kann können
            bitte danke guten hallo wann was wo warum noch aber bei bis zur zum auch wie bin rechnung konto passwort
            löschen lösche löscht immer schon heute morgen uhr brauche brauchen ab oder dass wird wenn jetzt""",
        "pl": """nie jest się na do to że mam moje moja mój proszę dzień dobry dziękuję jak czy już od dla przez ale
            bardzo witam cześć moich mogę konto konta hasło kiedy gdzie wciąż jeszcze mnie pan pani państwa po za""",
        "fr": """le la les un une des et est je mon ma mes vous votre vos nous pas ne que qui pour avec dans sur
            bonjour merci compte toujours encore suis ai c'est ce cette du au mais""",
        "es": """el la los las un una y es yo mi mis usted su sus nosotros no que por para con en hola gracias cuenta
            todavía aún está estoy tengo puedo cuando del pero muchas favor""",
        "pt": """o a os as um uma e é eu meu minha você não que por para com em olá obrigado obrigada conta ainda está
            estou tenho posso quando mas muito favor do da""",
        "it": """il lo la gli un una e è io mio mia voi vostro non che per con in ciao buongiorno grazie conto ancora
            sono ho posso quando ma della del di""",
        "nl": """de het een en is ik mijn u uw wij niet dat voor met van op hallo bedankt dank account nog steeds ben
            heb kan wanneer maar graag geen""",
        "sv": """och är jag min mitt ni du inte det att för med på hej tack konto fortfarande har kan när men till av
            en ett""",
        "da": """og er jeg min mit du ikke det at for med på hej tak konto stadig har kan hvornår men til af en et""",
        "cs": """je se na do to že mám můj moje prosím dobrý den děkuji jak jestli už od pro ale mohu účet heslo kdy
            kde ještě nemohu není""",
        "tr": """ve bir bu ben benim siz için ile değil merhaba teşekkür hesap hala nasıl ne zaman lütfen ama var yok
            çok""",
    }.items()
}


def language_of(text: str) -> str:
    """Language code of a text; UNKNOWN for a script that is not Latin; empty where two fit alike, or none does."""
    letters = [char for char in text if char.isalpha()]
    if letters and sum(bool(SCRIPTS.match(char)) for char in letters) * 2 > len(letters):
        return UNKNOWN
    said = " ".join(piece for piece in text.lower().split() if "@" not in piece and "://" not in piece)
    signs, words = set(said), WORD.findall(said)
    scores = sorted(
        (
            (sum(word in known for word in words) + 2 * bool(signs & SIGNS.get(code, set())), code)
            for code, known in STOP_WORDS.items()
        ),
        reverse=True,
    )
    (best, language), (next_best, _other) = scores[:2]
    sure = best > next_best and (language in OURS or best >= ENOUGH)
    return language if sure else ""
