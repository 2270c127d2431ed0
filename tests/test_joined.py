"""joined.py: a script with all that it imports, a style sheet likewise, in one file."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.serving import ROOT
from voting.joined import CannotJoin, join_script, join_style

SCRIPTS = {
    "js/page.js": """\
        // Says what it took from the others.

        import { count, grow } from "./parts/count.js";
        import { name as theirs, NAMES } from "./names.js";

        const name = "page's own";
        export const said = [name, theirs("Ada"), NAMES, count.steps, grow(), grow()];
        export async function later() { return `${name}, later`; }
    """,
    "js/names.js": """\
        import { grow } from "./parts/count.js";

        /** Say a name,
         *  with a number before it. */
        export function name(text) {
          return `${grow()} ${text} // no comment`;
        }
        export const NAMES = "many";
    """,
    "js/parts/count.js": """\
        /* Counts. */
        let n = 0;
        const name = "hidden in here";
        export function grow() { n += 1; return n; }
        export const count = { steps: name.length };
    """,
}


@pytest.mark.browser
def test_a_joined_script_does_what_its_modules_do(page: Page) -> None:
    """Names stay apart, a module runs once for all its importers, the entry exports the same."""
    joined = join_script("js/page.js", SCRIPTS)
    said = page.evaluate(
        """async (text) => {
          const joined = await import("data:text/javascript," + encodeURIComponent(text));
          return [...joined.said, await joined.later()];
        }""",
        joined,
    )
    ada = "1 Ada // no comment"
    assert said == ["page's own", ada, "many", 14, 2, 3, "page's own, later"]


def test_what_only_readers_need_is_left_out() -> None:
    """Comments, indentation and empty lines stay at home."""
    joined = join_script("js/page.js", SCRIPTS)
    assert "Says what" not in joined
    assert "with a number" not in joined
    assert "\n " not in joined
    assert "\n\n" not in joined


def test_what_is_loaded_later_is_not_joined() -> None:
    """The chart comes when it is wanted; a file's own address is still beside the others."""
    scripts = {
        "js/page.js": 'const chart = await import("./chart.js");\nimport.meta.url;\n',
        "js/chart.js": "export const heavy = 1;\n",
    }
    joined = join_script("js/page.js", scripts)
    assert 'import("./chart.js")' in joined
    assert "import.meta.url" in joined
    assert "heavy" not in joined


def test_what_is_loaded_later_is_named_as_seen_from_the_entry() -> None:
    """A module two folders away stands in the entry's file, and so do its addresses."""
    scripts = {
        "js/page.js": 'import { draw } from "./chart/draw.js";\nimport("./later.js");\n',
        "js/chart/draw.js": (
            'import { base } from "../far/base.js";\n'
            'export const draw = () => import("./heavy.js");\n'
        ),
        "js/far/base.js": 'export const base = new URL("../../vendor/", import.meta.url);\n',
    }
    joined = join_script("js/page.js", scripts)
    assert 'import("./chart/heavy.js")' in joined
    assert 'import("./later.js")' in joined
    assert 'new URL("../vendor/", import.meta.url)' in joined


@pytest.mark.parametrize(
    "line",
    [
        'import "./other.js";',
        'import other from "./other.js";',
        'import * as other from "./other.js";',
        'import { a } from "other";',
        'import { a } from "https://example.org/other.js";',
        'import { a } from "./other.js"; a();',
        'import { a } from "./missing.js";',
        'import { b } from "./other.js";',
        'import { b as a } from "./other.js";',
        'import { a } from "./circle.js";',
        'import { a } from "./page.js";',
        "import {",
        "export default a;",
        "export { a };",
        'export * from "./other.js";',
        "export let a = 1;",
        "export const { a } = b;",
        "const text = `begins here",
        "/* a note */ code();",
        "/* a note without an end",
    ],
)
def test_another_form_stops_the_start_and_is_named(line: str) -> None:
    """Whoever edits a script reads which line cannot be joined; no phone meets a broken page."""
    scripts = {
        "js/page.js": f"// A page.\n\n{line}\n",
        "js/other.js": "export const a = 1;\n",
        "js/circle.js": 'import { a } from "./page.js";\nexport const c = 1;\n',
    }
    with pytest.raises(CannotJoin, match=r"^js/(page\.js:3|circle\.js:1): "):
        join_script("js/page.js", scripts)


SHEETS = {
    "css/page.css": """\
        /* A page. */

        @import "./base.css";
        @import "./parts.css";
        .page { margin: 0 }
    """,
    "css/base.css": '@import "./tokens.css";\nbody {\n  color: var(--ink);\n}\n',
    "css/parts.css": '@import "./base.css";\n.part { margin: 1px }\n',
    "css/tokens.css": ":root { --ink: black }\n",
}


def test_a_joined_style_sheet_says_each_thing_once_in_order() -> None:
    """What is imported stands before what imports it, so the page's own rules win."""
    joined = join_style("css/page.css", SHEETS)
    places = [joined.index(rule) for rule in (":root", "body", ".part", ".page")]
    assert places == sorted(places)
    assert joined.count("--ink: black") == 1
    assert "@import" not in joined
    assert "A page" not in joined


@pytest.mark.parametrize(
    "line",
    [
        '@import "./missing.css";',
        '@import url("./base.css");',
        '@import "./base.css" print;',
        '.page { margin: 0 }\n@import "./base.css";',
        '@import "./page.css";',
    ],
)
def test_another_form_of_style_import_is_named(line: str) -> None:
    """A browser would ignore it, or load it in its own way."""
    with pytest.raises(CannotJoin, match=r"^css/page\.css:\d: "):
        join_style("css/page.css", {**SHEETS, "css/page.css": f"/* A page. */\n{line}\n"})


@pytest.mark.parametrize("folder, suffix", [("js", ".js"), ("css", ".css")])
def test_our_own_sources_can_be_joined(folder: str, suffix: str) -> None:
    """Each file of static/ is written in the form that is understood."""
    static = ROOT / "static"
    files = (static / folder).rglob(f"*{suffix}")
    sources = {f.relative_to(static).as_posix(): f.read_text(encoding="utf-8") for f in files}
    assert sources
    for name in sources:
        assert (join_script if suffix == ".js" else join_style)(name, sources)
