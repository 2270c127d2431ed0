"""Which language a page speaks, and the catalogues.

Owns the choice: `?lang=` (kept in the session), else the browser's, else English. A catalogue is
one file, `translations/<locale>.po`, read as it is: a third language is one more file.
"""

from __future__ import annotations

import io
from pathlib import Path

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask import Flask, request, session
from flask_babel import Babel, Domain, get_locale

ENGLISH = Locale.parse("en")


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
        return self._read[str(get_locale() or ENGLISH)]

    def names(self) -> list[tuple[str, str]]:
        """Return each language's tag and its own name, which is how it translates "English"."""
        return [
            (tag(locale), self._read[str(locale)].gettext("English"))
            for locale in self.locales.values()
        ]


def init_app(app: Flask, folder: Path) -> None:
    """Make an app speak the languages whose catalogues lie in a folder."""
    catalogues = _Catalogues(folder)
    by_tag = {tag(locale): locale for locale in catalogues.locales.values()}

    def choose() -> Locale:
        asked = request.args.get("lang", "")
        if asked in by_tag:
            session["lang"] = asked
        if session.get("lang") in by_tag:
            return by_tag[session["lang"]]
        best = request.accept_languages.best_match(list(catalogues.locales), "en")
        return catalogues.locales[best]

    babel = Babel(app, locale_selector=choose)
    babel.domain_instance = catalogues

    @app.context_processor
    def words() -> dict[str, object]:
        lang = tag(get_locale() or ENGLISH)
        # Chinese sentences follow each other without a space.
        gap = "" if lang.startswith("zh") else " "
        return {"lang": lang, "gap": gap, "languages": catalogues.names()}


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
