"""Sentences of drafted replies and apologies, in English and in German, by the same keys. A fact stands in braces.

They are the agent's words, so they say “I”. German is written by hand, not translated; both have the same keys and
the same facts, as tests/support/test_reply_drafts.py holds.
"""

from collections.abc import Mapping

ENGLISH: Mapping[str, str] = {
    "hello": "Hello {name},",
    "hello_nobody": "Hello,",
    "sign_off": "{author}, support",
    "in_english": "You wrote to us in {language}. Our support answers in English or German, so this is in English.",
    "in_english_only": "Our support answers in English or German, so this is in English.",
    # What it cost them.
    "waiting": "You signed up at {came} and have been waiting ever since.",
    "waited": "You signed up at {came}, and it took us {span} to get everything working.",
    "came": "You signed up at {came}.",
    "tried": "You tried {number} to get in.",
    "wrote": "You had to write to us.",
    "chased": "You had to chase us about it.",
    "had_to_write_again": "You've had to write to us {number}.",
    "denied": "One of our pages told you there was no such account. There was: that page was wrong.",
    "too_early": "One of our pages said it was ready when it wasn't.",
    "promise_broken": "We'd promised you an answer before {promised}, and you didn't get one.",
    "deadline_missed": "You needed it by {deadline} and missed that because of us.",
    "ours": "That's our fault, not yours.",
    "cause": "What failed on our side was {doing}.",
    "sorry": "That was our fault, not yours, and I'm sorry.",
    "sorry_for_wait": "That was our fault, not yours, and I'm sorry it cost you {span}.",
    "sorry_for_deadline": "That was our fault, not yours, and I'm sorry you missed your deadline because of us.",
    "typed": "What you typed was right, and it's safe.",
    "asks_cost": (
        "If it made you miss something, tell me what it cost you, and I'll say plainly what I can put right."
    ),
    "asks_cost_of_it": "Tell me what it cost you, and I'll say plainly what I can put right.",
    # What they asked.
    "thanks": "Thank you for writing.",
    "glad": "Thank you for letting me know; I'm glad it works.",
    "nothing_to_do": "There's nothing else you need to do. If anything comes up, just reply to this email.",
    "empty": "Your message reached us without any text. What can I do for you? Just reply to this email.",
    "delete": (
        "You'd like us to delete your data. You can do that yourself, without waiting for me: log in, open “My "
        "account” and choose “Delete everything”. It asks for your password and takes effect at once. Log in here: "
        "{login}"
    ),
    "delete_by_us": (
        "If you can't get in, or would rather I did it, tell me when I can ring you, so that I know it's you."
    ),
    "invoice": (
        "Thank you for your question about the invoice. I can't see invoices from here, so I'm passing it on to the "
        "person who can. You'll get an answer; you don't need to write again."
    ),
    "there": "Your account is there and working.",
    "password": (
        "Nobody here can see your password, but you can choose a new one. We'll email you a link for it, which is "
        "valid for two hours. You can ask for it here: {reset}"
    ),
    "first_password": "If you signed up more than once: your first password is the one that works.",
    "mail_is_late": "Our emails are late right now, so the link may take a while.",
    "address_themselves": (
        "You can change your email address yourself. We'll send a link to the new address, and it counts as soon as "
        "you've opened that. Log in and go here: {own_address}"
    ),
    "address_named": "You'd like us to use {named} instead of {email}.",
    "address_unnamed": "Which address should we use instead of {email}?",
    "address_by_phone": "I'll change it as soon as I know it's you. When can I ring you on the number you gave us?",
    "address_no_phone": "I'll change it as soon as I know it's you. Which number can I ring you on, and when?",
    "for_colleague": (
        "Thank you for writing on behalf of {name}. I can only talk about an account with the person it belongs to, "
        "so please ask {name} to write to us from the address they signed up with. That reaches me directly."
    ),
    "own_account": "If you need an account of your own, you can sign up here: {signup}",
    "about_colleague": (
        "About your colleague: I can only talk about an account with the person it belongs to. Please ask them to "
        "write to us or to log in; either one gets things moving at once: {login}"
    ),
    "for_somebody": (
        "Thank you for writing for somebody else. I can only talk about an account with the person it belongs to, "
        "so please ask them to write to us from the address they signed up with. That reaches me directly."
    ),
    "deadline_seen": "I've seen that you need it by {deadline}.",
    "deadline_let_in": "If that gets close, I can let you in before everything is finished.",
    "in_time": "You're in time for {deadline}.",
    # How it stands, and what happens next.
    "saved": "Your sign-up is saved.",
    "failed": "{doing} failed on our side at {failed}.",
    "failed_then": "{doing} failed on our side.",
    "down": "A service we need for {needs} is down for everyone, not just for you.",
    "next_try": "We'll try again at {next_try}.",
    "by_itself": "You'll get an email from us as soon as it works. There's nothing you need to do.",
    "healing": "We're setting up your account right now.",
    "restart": "What failed can be done now, so I'm starting it again myself.",
    "look_into_it": "I'm looking into it myself, and I'll write to you either way.",
    "refused": "Trying again won't help there, so I'm finding out what has to change. I'll write to you either way.",
    "suspended": "Your account is suspended at the moment.",
    "bounced": (
        "Our emails to {email} come back: that mailbox doesn't take them. Could you check the address for typos? "
        "Tell me the right one, and when I can ring you to make sure it's you."
    ),
    "perhaps_typo": "Could you check your address for typos? We have {email}.",
    "perhaps_meant": "Did you mean {meant}?",
    "other_password": (
        "You signed up again at {again} with a different password. The first one still works; we didn't swap it, "
        "so that nobody else could."
    ),
    "log_in": "You can log in here: {login}",
    "works_since": "Everything has been working since {ready}: {login}",
    "works": "Your account is working: {login}",
    "last_login": "You last logged in at {last_login}.",
    "gone": "If you've found something else meanwhile, I understand.",
    "you_are_in": "You're in: {login}",
    "debt": "We still owe you {missing}, and we'll keep trying until it's there.",
    # Somebody whose address has no account.
    "no_account": (
        "There's no account with {email} here. If you signed up with another address, tell me which one. If you "
        "haven't signed up yet, you can do that here: {signup}"
    ),
    "near_miss": (
        "There's no account with {email} here, but there is one with {near}, which looks very similar. If that's "
        "you, one of the two has a typo in it: tell me which address is right, and when I can ring you to make sure "
        "it's you. If it isn't, you can sign up here: {signup}"
    ),
    "named_other": (
        "There's no account with {email} here. I can only talk about an account with the address it belongs to, so "
        "please write to us from {named}, or ask for a new password; the link will go to that address: {reset}"
    ),
    "named_none": (
        "I've looked for {named} as well as {email}, and there's no account with either. You can sign up here: "
        "{signup}"
    ),
    "nothing_to_delete": (
        "There's no account with {email} here, so apart from your message there is nothing to delete. If you signed "
        "up with another address, please write to us from there."
    ),
}
GERMAN: Mapping[str, str] = {
    "hello": "Hallo {name},",
    "hello_nobody": "Guten Tag,",
    "sign_off": "{author}, Support",
    "in_english": "Sie haben uns auf {language} geschrieben. Unser Support antwortet auf Englisch oder Deutsch.",
    "in_english_only": "Unser Support antwortet auf Englisch oder Deutsch.",
    "waiting": "Sie haben sich {came} registriert und warten seitdem.",
    "waited": "Sie haben sich {came} registriert, und wir haben {span} gebraucht, bis alles funktionierte.",
    "came": "Sie haben sich {came} registriert.",
    "tried": "Sie haben {number} versucht, sich anzumelden.",
    "wrote": "Sie mussten uns schreiben.",
    "chased": "Sie mussten bei uns nachfragen.",
    "had_to_write_again": "Sie mussten uns {number} schreiben.",
    "denied": "Eine unserer Seiten hat behauptet, Ihr Konto gebe es nicht. Das stimmte nicht.",
    "too_early": "Eine unserer Seiten hat gesagt, es sei fertig, als es das noch nicht war.",
    "promise_broken": "Wir hatten Ihnen eine Antwort versprochen (Frist: {promised}), und Sie haben keine bekommen.",
    "deadline_missed": "Sie haben Ihren Termin ({deadline}) unseretwegen verpasst.",
    "ours": "Das liegt an uns, nicht an Ihnen.",
    "cause": "Was bei uns nicht geklappt hat: {doing}.",
    "sorry": "Das war unser Fehler, nicht Ihrer, und es tut mir leid.",
    "sorry_for_wait": "Das war unser Fehler, nicht Ihrer, und es tut mir leid, dass es Sie {span} gekostet hat.",
    "sorry_for_deadline": (
        "Das war unser Fehler, nicht Ihrer, und es tut mir leid, dass Sie Ihren Termin unseretwegen verpasst haben."
    ),
    "typed": "Ihre Angaben waren richtig und sind gespeichert.",
    "asks_cost": (
        "Falls Ihnen dadurch etwas entgangen ist, schreiben Sie mir, was. Dann sage ich Ihnen offen, was ich "
        "wiedergutmachen kann."
    ),
    "asks_cost_of_it": (
        "Schreiben Sie mir, was Sie das gekostet hat. Dann sage ich Ihnen offen, was ich wiedergutmachen kann."
    ),
    "thanks": "Danke für Ihre Nachricht.",
    "glad": "Danke für die Rückmeldung, es freut mich, dass alles klappt.",
    "nothing_to_do": "Sie müssen nichts weiter tun. Wenn noch etwas ist, antworten Sie einfach auf diese E-Mail.",
    "empty": (
        "Ihre Nachricht ist ohne Text bei uns angekommen. Was kann ich für Sie tun? Antworten Sie einfach auf diese "
        "E-Mail."
    ),
    "delete": (
        "Sie möchten, dass Ihre Daten gelöscht werden. Das können Sie selbst, ohne auf mich zu warten: Melden Sie "
        "sich an, öffnen Sie „Mein Konto“ und wählen Sie „Alles löschen“. Sie werden nach Ihrem Passwort gefragt, "
        "und dann ist sofort alles gelöscht. Zur Anmeldung: {login}"
    ),
    "delete_by_us": (
        "Wenn Sie nicht hineinkommen oder es lieber mir überlassen, schreiben Sie mir, wann ich Sie anrufen kann, "
        "damit ich sicher bin, dass Sie es sind."
    ),
    "invoice": (
        "Danke für Ihre Frage zur Rechnung. Rechnungen kann ich von hier aus nicht einsehen, deshalb gebe ich Ihre "
        "Frage an die zuständige Stelle weiter. Sie bekommen eine Antwort und müssen nicht noch einmal schreiben."
    ),
    "there": "Ihr Konto ist da und funktioniert.",
    "password": (
        "Ihr Passwort kann bei uns niemand sehen, aber Sie können ein neues wählen. Den Link dafür, er gilt zwei "
        "Stunden, schicken wir Ihnen per E-Mail. Anfordern können Sie ihn hier: {reset}"
    ),
    "first_password": "Falls Sie sich mehrmals registriert haben: Ihr erstes Passwort funktioniert.",
    "mail_is_late": "Unsere E-Mails kommen gerade verspätet an, der Link kann also etwas dauern.",
    "address_themselves": (
        "Ihre E-Mail-Adresse können Sie selbst ändern. Wir schicken einen Link an die neue Adresse; sobald Sie ihn "
        "geöffnet haben, gilt sie. Melden Sie sich an und gehen Sie hierhin: {own_address}"
    ),
    "address_named": "Sie möchten, dass wir {named} statt {email} verwenden.",
    "address_unnamed": "Welche Adresse sollen wir statt {email} verwenden?",
    "address_by_phone": (
        "Ich ändere das, sobald ich sicher bin, dass Sie es sind. Wann kann ich Sie unter der Nummer anrufen, die "
        "Sie uns gegeben haben?"
    ),
    "address_no_phone": (
        "Ich ändere das, sobald ich sicher bin, dass Sie es sind. Unter welcher Nummer kann ich Sie anrufen, und "
        "wann?"
    ),
    "for_colleague": (
        "Danke, dass Sie für {name} schreiben. Über ein Konto kann ich nur mit der Person sprechen, der es gehört. "
        "Richten Sie {name} bitte aus, uns von der eigenen Adresse aus zu schreiben; das erreicht mich direkt."
    ),
    "own_account": "Wenn Sie ein eigenes Konto brauchen, können Sie sich hier registrieren: {signup}",
    "about_colleague": (
        "Zu Ihrem Kollegen oder Ihrer Kollegin: Über ein Konto kann ich nur mit der Person sprechen, der es gehört. "
        "Am schnellsten geht es mit einer Nachricht an uns oder einer Anmeldung; beides bringt die Sache sofort "
        "in Gang: {login}"
    ),
    "for_somebody": (
        "Danke, dass Sie für jemand anderen schreiben. Über ein Konto kann ich nur mit der Person sprechen, der es "
        "gehört. Bitten Sie sie, uns von der Adresse aus zu schreiben, mit der sie sich registriert hat; das "
        "erreicht mich direkt."
    ),
    "deadline_seen": "Ich habe gesehen, bis wann Sie es brauchen: {deadline}.",
    "deadline_let_in": "Wenn es knapp wird, kann ich Sie schon hineinlassen, bevor alles fertig ist.",
    "in_time": "Für Ihren Termin ({deadline}) reicht es also.",
    "saved": "Ihre Registrierung ist gespeichert.",
    "failed": "Bei uns ist {failed} etwas fehlgeschlagen: {doing}.",
    "failed_then": "Bei uns ist dabei etwas fehlgeschlagen: {doing}.",
    "down": "Ein Dienst, den wir für {needs} brauchen, ist gerade für alle ausgefallen, nicht nur für Sie.",
    "next_try": "Wir versuchen es {next_try} erneut.",
    "by_itself": "Sobald es funktioniert, bekommen Sie eine E-Mail von uns. Sie müssen nichts tun.",
    "healing": "Ihr Konto wird gerade eingerichtet.",
    "restart": "Was fehlgeschlagen ist, geht inzwischen wieder; ich stoße es jetzt selbst noch einmal an.",
    "look_into_it": "Ich sehe es mir selbst an und schreibe Ihnen auf jeden Fall.",
    "refused": (
        "Ein neuer Versuch hilft da nicht, deshalb finde ich heraus, was sich ändern muss. Ich schreibe Ihnen auf "
        "jeden Fall."
    ),
    "suspended": "Ihr Konto ist zurzeit gesperrt.",
    "bounced": (
        "Unsere E-Mails an {email} kommen zurück: Dieses Postfach nimmt sie nicht an. Könnten Sie die Adresse auf "
        "Tippfehler prüfen? Nennen Sie mir die richtige, und wann ich Sie anrufen kann, um sicher zu sein, dass Sie "
        "es sind."
    ),
    "perhaps_typo": "Könnten Sie Ihre Adresse auf Tippfehler prüfen? Bei uns steht {email}.",
    "perhaps_meant": "Meinten Sie {meant}?",
    "other_password": (
        "Sie haben sich {again} noch einmal mit einem anderen Passwort registriert. Das erste funktioniert "
        "weiterhin; wir haben es nicht ausgetauscht, damit das auch sonst niemand kann."
    ),
    "log_in": "Hier können Sie sich anmelden: {login}",
    "works_since": "Inzwischen funktioniert alles; fertig war es {ready}. Hier können Sie sich anmelden: {login}",
    "works": "Ihr Konto funktioniert: {login}",
    "last_login": "Zuletzt haben Sie sich {last_login} angemeldet.",
    "gone": "Wenn Sie inzwischen etwas anderes gefunden haben, verstehe ich das.",
    "you_are_in": "Sie sind drin: {login}",
    "debt": "Eines schulden wir Ihnen noch: {missing}. Wir bleiben dran, bis alles da ist.",
    "no_account": (
        "Mit {email} gibt es hier kein Konto. Falls Sie sich mit einer anderen Adresse registriert haben, nennen "
        "Sie sie mir bitte. Falls Sie noch nicht registriert sind, geht das hier: {signup}"
    ),
    "near_miss": (
        "Mit {email} gibt es hier kein Konto, wohl aber mit {near}, und die beiden sehen sich sehr ähnlich. Wenn "
        "Sie das sind, steckt in einer von beiden ein Tippfehler: Nennen Sie mir die richtige Adresse, und wann ich "
        "Sie anrufen kann, um sicher zu sein, dass Sie es sind. Wenn nicht, können Sie sich hier registrieren: "
        "{signup}"
    ),
    "named_other": (
        "Mit {email} gibt es hier kein Konto. Über ein Konto kann ich nur mit der Adresse sprechen, zu der es "
        "gehört. Schreiben Sie uns bitte von {named}, oder fordern Sie ein neues Passwort an; der Link geht dann an "
        "diese Adresse: {reset}"
    ),
    "named_none": (
        "Ich habe nach {named} und nach {email} gesucht: Mit keiner von beiden gibt es ein Konto. Registrieren "
        "können Sie sich hier: {signup}"
    ),
    "nothing_to_delete": (
        "Mit {email} gibt es hier kein Konto, es ist also außer Ihrer Nachricht nichts zu löschen. Falls Sie sich "
        "mit einer anderen Adresse registriert haben, schreiben Sie uns bitte von dort."
    ),
}
SENTENCES: Mapping[str, Mapping[str, str]] = {"en": ENGLISH, "de": GERMAN}
AND = {"en": " and ", "de": " und "}
TIMES = {"en": {2: "twice", 3: "three times", 4: "four times", 5: "five times"},
         "de": {2: "zweimal", 3: "dreimal", 4: "viermal", 5: "fünfmal"}}  # fmt: skip
MORE_TIMES = {"en": "{number} times", "de": "{number}-mal"}
THINGS = {"en": {"workspace": "your workspace", "welcome_email": "your welcome email"},
          "de": {"workspace": "Ihr Arbeitsbereich", "welcome_email": "Ihre Willkommens-E-Mail"}}  # fmt: skip
NEEDS = {"en": THINGS["en"],
         "de": {"workspace": "Ihren Arbeitsbereich", "welcome_email": "Ihre Willkommens-E-Mail"}}  # fmt: skip
DOINGS = {
    "en": {"workspace": "setting up your workspace", "welcome_email": "sending your welcome email"},
    "de": {
        "workspace": "das Einrichten Ihres Arbeitsbereichs",
        "welcome_email": "das Senden Ihrer Willkommens-E-Mail",
    },
}
QUOTED = {"en": "“{name}”", "de": "„{name}“"}
SMALL_AFTER_COMMA = {
    "de": (
        *("Danke", "Das", "Es", "Eine", "Eines", "Bei", "Ein", "Wir", "Was", "Ich", "Inzwischen", "Mit", "Könnten"),
        *(
            "Welche",
            "Hier",
            "Wenn",
            "Unser",
            "Unsere",
            "Zuletzt",
            "Zu",
            "Für",
            "Falls",
            "Sobald",
            "Schreiben",
            "Meinten",
        ),
    )
}
