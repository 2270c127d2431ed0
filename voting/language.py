"""Which language a page speaks, and the catalogues.

Owns the choice: `?lang=` (kept in the session), else the browser's, else English. A catalogue is
one file, `translations/<locale>.po`, read as it is: a third language is one more file. What pages
say does not change while the server runs, so each sentence is looked up once.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, cast

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask import Flask, current_app, g, request, session
from flask_babel import Babel, Domain, get_locale
from jinja2 import Environment
from markupsafe import Markup, escape
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

ENGLISH = Locale.parse("en")

KNOWN_PREFERENCES = 1_024
"""Accept-Language headers that are remembered; a room of phones sends a handful."""

LONGEST_PREFERENCE = 256
"""Of a longer header only so much is read: what is remembered must not fill the memory."""


Forms = Mapping[str, Markup]
"""One sentence about a number, by the plural category of the number (CLDR: one, few, other …)."""

SAMPLE_NUMBERS = range(201)
"""Among these is a number of each category of whole numbers, in every language that CLDR knows
except for millions in some, which then speak as for 0."""


class Speech:
    """One language as templates speak it, by `_`, `_n`, `count` and `sentences`."""

    def __init__(self, locale: Locale, words: NullTranslations, templates: Environment) -> None:
        self.lang = tag(locale)
        self.dir = locale.text_direction
        self._locale = locale
        self._words = words
        self._templates = templates
        # Caches of their own, or the languages would share them.
        self._said = cache(self._look_up)
        self.sentences = cache(self._sentences)

    def say(self, sentence: str, /, **values: object) -> Markup:
        """Return a sentence in this language as HTML, with its placeholders filled in."""
        said = self._said(sentence)
        return said % values if values else said

    def say_many(self, one: str, many: str) -> Forms:
        """Return a sentence about `{n}` in all forms that this language has for numbers."""
        forms: dict[str, Markup] = {}
        for n in SAMPLE_NUMBERS:
            category = self._locale.plural_form(n)
            if category not in forms:
                forms[category] = Markup(self._words.ngettext(one, many, n))  # noqa: S704  # ours
        return forms

    def count(self, forms: Forms, n: int, /, **values: object) -> Markup:
        """Return the form for a number, its places filled, as `fillCount` in words.js does."""
        said = forms.get(self._locale.plural_form(n)) or forms[self._locale.plural_form(0)]
        for name, value in {"n": n, **values}.items():
            said = said.replace(f"{{{name}}}", escape(value))
        return said

    @property
    def gap(self) -> str:
        """What stands between two sentences: in Chinese nothing."""
        return "" if self.lang.startswith("zh") else " "

    def _look_up(self, sentence: str) -> Markup:
        return Markup(self._words.gettext(sentence))  # noqa: S704  # ours, not a visitor's

    def _sentences(self, page: str) -> tuple[Mapping[str, Any], Markup]:
        """Return what the scripts of a page say, by key, and the same as JSON for them."""
        written = self._templates.get_template("_words.html").make_module(
            {"_": self.say, "_n": self.say_many}
        )
        sentences: Mapping[str, Any] = getattr(written, page)
        return sentences, self._templates.call_filter("tojson", sentences)


class _Catalogues(Domain):  # type: ignore[misc]  # flask_babel is untyped
    """All languages, read once at start."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.locales = {"en": ENGLISH}
        self._read: dict[str, NullTranslations] = {"en": NullTranslations()}
        for file in sorted(folder.glob("*.po")):
            locale = Locale.parse(file.stem)
            self.locales[locale.language] = locale
            self._read[str(locale)] = _read(file)

    def get_translations(self) -> NullTranslations:
        return self.words_of(get_locale() or ENGLISH)

    def words_of(self, locale: Locale) -> NullTranslations:
        """Return the catalogue of one of the languages."""
        return self._read[str(locale)]


def init_app(app: Flask, folder: Path) -> None:
    """Make an app speak the languages whose catalogues lie in a folder."""
    catalogues = _Catalogues(folder)
    locales = list(catalogues.locales.values())
    by_tag = {tag(locale): locale for locale in locales}
    speeches = {
        str(locale): Speech(locale, catalogues.words_of(locale), app.jinja_env)
        for locale in locales
    }
    # Each by its own name, which is how it translates "English".
    names = [(speech.lang, str(speech.say("English"))) for speech in speeches.values()]

    def choose() -> Locale:
        asked = request.args.get("lang", "")
        if asked in by_tag:
            session["lang"] = asked
        if session.get("lang") in by_tag:
            return by_tag[session["lang"]]
        return preferred(request.headers.get("Accept-Language", "")[:LONGEST_PREFERENCE])

    @lru_cache(KNOWN_PREFERENCES)
    def preferred(header: str) -> Locale:
        wanted = parse_accept_header(header, LanguageAccept)
        return catalogues.locales[wanted.best_match(list(catalogues.locales), "en")]

    babel = Babel(app, locale_selector=choose)
    babel.domain_instance = catalogues

    @app.before_request
    def keep_what_is_asked_for() -> None:
        # A redirect has no words, and would forget it.
        if "lang" in request.args:
            choose()

    app.extensions["speech"] = lambda: speeches[str(choose())]

    def say(sentence: str, /, **values: object) -> Markup:
        return speech().say(sentence, **values)

    @app.context_processor
    def words() -> dict[str, object]:
        here = speech()
        return {
            "_": here.say,
            "_n": here.say_many,
            "count": here.count,
            "lang": here.lang,
            "dir": here.dir,
            "gap": here.gap,
            "sentences": here.sentences,
        }

    def say_many(one: str, many: str) -> Forms:
        return speech().say_many(one, many)

    def count(forms: Forms, n: int, /, **values: object) -> Markup:
        return speech().count(forms, n, **values)

    # What templates import is made once for all requests, and so must ask each time.
    app.jinja_env.globals.update(
        _=say,
        _n=say_many,
        count=count,
        speech=speech,
        speeches=list(speeches.values()),
        languages=names,
    )


def speech() -> Speech:
    """Return the language of this request."""
    if "speech" not in g:
        g.speech = current_app.extensions["speech"]()
    return cast(Speech, g.speech)


def tag(locale: Locale) -> str:
    """Return a locale's name as HTML and HTTP write it (BCP 47)."""
    return str(locale).replace("_", "-")


def _read(file: Path) -> Translations:
    with file.open("rb") as text:
        catalogue = read_po(text, locale=file.stem)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Translations(compiled)
