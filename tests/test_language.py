"""language.py: which language a page speaks, and that the catalogues are complete."""

import re
from collections import Counter
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po
from flask import Flask, redirect, render_template_string
from flask.testing import FlaskClient
from flask_babel import gettext
from werkzeug.wrappers import Response

from voting import language

PROJECT = Path(language.__file__).parent.parent

GREEK = """
msgid ""
msgstr "Content-Type: text/plain; charset=utf-8"

msgid "English"
msgstr "Ελληνικά"

msgid "Hello"
msgstr "Γεια"

#, fuzzy
msgid "Guess"
msgstr "Ίσως"

msgid "Forgotten"
msgstr ""

msgid "Up to %(n)s"
msgstr "Έως %(n)s"
"""

CHINESE = """
msgid ""
msgstr "Content-Type: text/plain; charset=utf-8"

msgid "English"
msgstr "简体中文"

msgid "Hello"
msgstr "你好"
"""


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    (tmp_path / "el.po").write_text(GREEK, encoding="utf-8")
    (tmp_path / "zh_Hans.po").write_text(CHINESE, encoding="utf-8")
    app = Flask(__name__)
    app.secret_key = "for this test"
    language.init_app(app, tmp_path)

    @app.get("/")
    def hello() -> str:
        return f"{gettext('Hello')} {gettext('Guess')} {gettext('Forgotten')}"

    @app.get("/on")
    def on() -> Response:
        return redirect("/")

    @app.get("/n")
    def up_to() -> str:
        return gettext("Up to %(n)s", n=40)

    @app.get("/page")
    def page() -> str:
        return render_template_string("{{ lang }} {{ languages }} {{ _('Hello') }}")

    return app


@pytest.fixture
def browser(app: Flask) -> FlaskClient:
    return app.test_client()


def hello(browser: FlaskClient, path: str = "/", accept: str = "") -> str:
    return browser.get(path, headers={"Accept-Language": accept}).text.split()[0]


# Which language


@pytest.mark.parametrize(
    "accept, said",
    [
        ("", "Hello"),
        ("el", "Γεια"),
        ("el-GR,el;q=0.9,en;q=0.5", "Γεια"),
        ("fr-FR,fr;q=0.9,el;q=0.5,en;q=0.1", "Γεια"),
        ("en-GB,en;q=0.9,el;q=0.5", "Hello"),
        ("fr", "Hello"),
        ("zh", "你好"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "你好"),
        ("zh-Hans-CN,zh-Hans;q=0.9", "你好"),
        ("nonsense;;;q=q,,", "Hello"),
        ("*", "Hello"),
    ],
)
def test_a_page_speaks_the_browsers_language(browser: FlaskClient, accept: str, said: str) -> None:
    """The browser's first language that there is, in any of its regions, else English."""
    assert hello(browser, accept=accept) == said


def test_a_choice_wins_and_stays(browser: FlaskClient) -> None:
    """`?lang=` is kept in the session, until another is chosen."""
    assert hello(browser, "/?lang=el", accept="en") == "Γεια"
    assert hello(browser, accept="en") == "Γεια"
    assert hello(browser, "/?lang=zh-Hans") == "你好"
    assert hello(browser, "/?lang=en", accept="el") == "Hello"
    assert hello(browser, accept="el") == "Hello"


def test_a_choice_survives_a_page_that_leads_on(browser: FlaskClient) -> None:
    """A stranger who opens the vote in a language is led to the login in it."""
    browser.get("/on?lang=el")
    assert hello(browser, accept="en") == "Γεια"


@pytest.mark.parametrize("asked", ["xx", "", "../el", "EL", "zh"])
def test_an_unknown_choice_changes_nothing(browser: FlaskClient, asked: str) -> None:
    """A language that there is none of is as if it had not been asked for."""
    assert hello(browser, f"/?lang={asked}", accept="el") == "Γεια"
    assert hello(browser, accept="en") == "Hello"


def test_what_is_not_translated_is_said_in_english(browser: FlaskClient) -> None:
    """A missing translation, or one that is a machine's guess, is not shown."""
    assert browser.get("/?lang=el").text == "Γεια Guess Forgotten"


def test_placeholders_are_filled_in_every_language(browser: FlaskClient) -> None:
    """A number in a sentence arrives."""
    assert browser.get("/n").text == "Up to 40"
    assert browser.get("/n?lang=el").text == "Έως 40"


def test_a_page_can_offer_all_languages_by_their_own_names(browser: FlaskClient) -> None:
    """Templates know their language as HTML writes it, and the others' names, English first."""
    page = browser.get("/page?lang=zh-Hans").get_data(as_text=True)
    names = [("en", "English"), ("el", "Ελληνικά"), ("zh-Hans", "简体中文")]
    page = page.replace("&#39;", "'")
    assert page == f"zh-Hans {names} 你好"


def test_a_new_language_is_one_more_file(tmp_path: Path) -> None:
    """Nothing names the languages but the files in the folder."""
    (tmp_path / "fr.po").write_text(GREEK.replace("Γεια", "Bonjour"), encoding="utf-8")
    app = Flask(__name__)
    app.secret_key = "for this test"
    language.init_app(app, tmp_path)
    app.add_url_rule("/", view_func=lambda: gettext("Hello"))
    assert app.test_client().get("/?lang=fr").text == "Bonjour"
    assert app.test_client().get("/?lang=el").text == "Hello"


# Numbers

POLISH = """
msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\\n"
"Plural-Forms: nplurals=3; plural=n==1 ? 0 : "
"n%10>=2 && n%10<=4 && (n%100<12 || n%100>14) ? 1 : 2;\\n"

msgid "{n} ballot for {name}"
msgid_plural "{n} ballots for {name}"
msgstr[0] "{n} głos na {name}"
msgstr[1] "{n} głosy na {name}"
msgstr[2] "{n} głosów na {name}"
"""


def test_a_number_has_the_form_that_its_language_wants(tmp_path: Path) -> None:
    """Not only one and many: and what is put into it stays text."""
    (tmp_path / "pl.po").write_text(POLISH, encoding="utf-8")
    app = Flask(__name__)
    app.secret_key = "for this test"
    language.init_app(app, tmp_path)
    page = "{{ count(_n('{n} ballot for {name}', '{n} ballots for {name}'), n, name='<b>') }}"

    @app.get("/<int:n>")
    def say(n: int) -> str:
        return render_template_string(page, n=n)

    browser = app.test_client()
    said = {n: browser.get(f"/{n}?lang=pl").text for n in (0, 1, 2, 5, 22, 112)}
    assert said == {
        0: "0 głosów na &lt;b&gt;",
        1: "1 głos na &lt;b&gt;",
        2: "2 głosy na &lt;b&gt;",
        5: "5 głosów na &lt;b&gt;",
        22: "22 głosy na &lt;b&gt;",
        112: "112 głosów na &lt;b&gt;",
    }
    assert browser.get("/1?lang=en").text == "1 ballot for &lt;b&gt;"
    assert browser.get("/2?lang=en").text == "2 ballots for &lt;b&gt;"


def test_scripts_get_every_form_by_its_category(tmp_path: Path) -> None:
    """They choose by the browser's own knowledge of plurals (CLDR)."""
    (tmp_path / "pl.po").write_text(POLISH, encoding="utf-8")
    app = Flask(__name__)
    app.secret_key = "for this test"
    language.init_app(app, tmp_path)
    with app.test_request_context("/?lang=pl"):
        forms = language.speech().say_many("{n} ballot for {name}", "{n} ballots for {name}")
    assert {category: said.split()[1] for category, said in forms.items()} == {
        "one": "głos",
        "few": "głosy",
        "many": "głosów",
    }


# The catalogues


KEYWORDS = {**DEFAULT_KEYWORDS, "lazy_gettext": None, "_n": (1, 2)}


def spoken() -> dict[str, tuple[str, ...]]:
    """Find every string that the product says, about a number both its forms: by the first."""
    found: dict[str, tuple[str, ...]] = {}
    jinja, python = "jinja2.ext:babel_extract", "python"
    for folder, pattern, method in (("templates", "**.html", jinja), ("voting", "**.py", python)):
        for file, _, said, _, _ in extract_from_dir(
            PROJECT / folder,
            method_map=[(pattern, method)],
            # Without it a template with a mistake would count as one without strings.
            options_map={"**.html": {"silent": "false"}},
            keywords=KEYWORDS,
        ):
            forms = (said,) if isinstance(said, str) else tuple(said)
            WHERE.setdefault(forms[0], set()).add(f"{folder}/{file}")
            found[forms[0]] = max(forms, found.get(forms[0], ()), key=len)
    return found


WHERE: dict[str, set[str]] = {}
"""The files that say a string, as `spoken` found them."""


def catalogue(file: Path) -> Catalog:
    with file.open("rb") as text:
        return read_po(text, locale=file.stem, abort_invalid=True)


FILES = sorted((PROJECT / "translations").glob("*.po"))


def placeholders(text: str) -> Counter[str]:
    """Find what is filled in: by Python, %(n)s, and by scripts, {name}."""
    return Counter(re.findall(r"%\(\w+\)[sd]|\{\w+\}|%%|%[sd]", text))


def test_there_is_chinese() -> None:
    """English and Simplified Chinese come with the product."""
    assert "zh_Hans" in [file.stem for file in FILES]


def test_the_strings_are_found() -> None:
    """The search sees templates and modules; else the next test would say nothing."""
    assert len(spoken()) > 50
    assert any(len(forms) == 2 for forms in spoken().values())
    files = set().union(*WHERE.values())
    assert {"templates/vote.html", "templates/_words.html", "voting/admin.py"} <= files


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_everything_that_is_said_is_translated(file: Path) -> None:
    """Each string has a translation that is neither empty nor a guess, with its placeholders.

    One about a number has as many as the language has forms for numbers.
    """
    translated = catalogue(file)
    wrong = {
        forms[0]: sorted(WHERE[forms[0]])
        for forms in spoken().values()
        if not good(translated.get(forms[0]), forms, translated.num_plurals)
    }
    assert wrong == {}


def good(message: Message | None, forms: tuple[str, ...], plurals: int) -> bool:
    if message is None or message.fuzzy:
        return False
    said = (message.string,) if isinstance(message.string, str) else tuple(message.string)
    if len(said) != (1 if len(forms) == 1 else plurals):
        return False
    return all(
        text.strip()
        and [text[at].isspace() for at in (0, -1)] == [forms[-1][at].isspace() for at in (0, -1)]
        and placeholders(text) == placeholders(forms[-1])
        for text in said
    )


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_nothing_is_translated_that_nobody_says(file: Path) -> None:
    """A catalogue keeps no sentence that has left the product, but its own name."""
    ids = [message.id for message in catalogue(file) if message.id]
    kept = {text if isinstance(text, str) else text[0] for text in ids} - {"English"}
    assert kept <= set(spoken())
