"""One file in the place of many: a script with all that it imports, a style sheet likewise.

Owns how sources become what phones load. Understands the form that `static/` is written in, an
import or an export to a line, and refuses any other; never changes what a line says. Pure.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

STATIC = re.compile(r"(?:import|export)\b(?!\s*[(.])")
IMPORT = re.compile(r'import \{ ([\w, ]+) \} from "(\.[\w./-]+)";')
EXPORT = re.compile(r"export ((?:const|class|function|async function) (\w+)\b.*)")
LATER = re.compile(r'(import\(|new URL\()"(\.[\w./-]+)"')
STYLE_IMPORT = re.compile(r'@import "(\.[\w./-]+)";')


class CannotJoin(Exception):
    """A source is written in a form that is not understood; the text names its file and line."""


@dataclass
class _Source:
    """A file, read: what it takes from others, what it gives, and its lines without comments."""

    imports: list[tuple[int, str, list[str]]] = field(default_factory=list)
    exports: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)


def join_script(entry: str, sources: Mapping[str, str]) -> str:
    """Return one module that does what the module `entry` does, and exports the same.

    Each other one becomes a function that runs once, in the order of imports, and returns what it
    exports: so names stay apart. What is loaded later, by `import("…")` or from `new URL("…",
    import.meta.url)`, is not part of it; it is named as seen from the entry's folder.

    Raises:
        CannotJoin: an import or export is not one named form on one line, or leads nowhere.
    """
    modules = _in_order(entry, sources, _read_script)
    folder = posixpath.dirname(entry)
    names = {name: f"${place}" for place, name in enumerate(modules)}
    joined = []
    for name, module in modules.items():
        lines = [_seen_from(folder, name, line) for line in module.lines]
        taken = []
        for number, path, wanted in module.imports:
            missing = {each.partition(" as ")[0] for each in wanted} - {*modules[path].exports}
            if missing:
                raise CannotJoin(f"{name}:{number}: {path} exports no {', '.join(missing)}")
            listed = ", ".join(wanted).replace(" as ", ": ")
            taken.append(f"const {{ {listed} }} = {names[path]};")
        if name == entry:
            exported = f"export {{ {', '.join(module.exports)} }};"
            joined += [*taken, *lines, *([exported] if module.exports else [])]
        else:
            given = f"return {{ {', '.join(module.exports)} }};"
            joined += [f"const {names[name]} = (() => {{", *taken, *lines, given, "})();"]
    return "\n".join([*joined, ""])


def _seen_from(folder: str, name: str, line: str) -> str:
    """Return a line of module `name` with what it loads later named as seen from a folder."""

    def name_again(found: re.Match[str]) -> str:
        path = posixpath.relpath(_beside(name, found[2]), folder)
        slash = "/" if found[2].endswith("/") else ""
        return f'{found[1]}"{path if path.startswith(".") else "./" + path}{slash}"'

    return LATER.sub(name_again, line)


def join_style(entry: str, sources: Mapping[str, str]) -> str:
    """Return one style sheet that says what `entry` and its imports say, each once.

    Raises:
        CannotJoin: an import is in another form, or leads nowhere.
    """
    sheets = _in_order(entry, sources, _read_style)
    return "\n".join([line for sheet in sheets.values() for line in sheet.lines] + [""])


def _in_order(
    entry: str, sources: Mapping[str, str], read: Callable[[str, str], _Source]
) -> dict[str, _Source]:
    """Return what `entry` needs, by name, each behind all that it imports itself."""
    done: dict[str, _Source] = {}

    def visit(name: str, way: tuple[str, ...]) -> None:
        source = read(name, sources[name])
        for number, path, _wanted in source.imports:
            if path not in sources:
                raise CannotJoin(f"{name}:{number}: there is no {path}")
            if path in (*way, name):
                raise CannotJoin(f"{name}:{number}: {path} imports this one in its turn")
            if path not in done:
                visit(path, (*way, name))
        done[name] = source

    visit(entry, ())
    return done


def _read_script(name: str, text: str) -> _Source:
    source = _Source()
    for number, line in _code(name, text, ("//",)):
        if line.count("`") % 2:
            raise CannotJoin(f"{name}:{number}: expected a template to end on its own line")
        if not STATIC.match(line):
            source.lines.append(line)
        elif found := IMPORT.fullmatch(line):
            wanted = [each.strip() for each in found[1].split(",")]
            source.imports.append((number, _beside(name, found[2]), wanted))
        elif found := EXPORT.fullmatch(line):
            source.lines.append(found[1])
            source.exports.append(found[2])
        else:
            raise CannotJoin(
                f'{name}:{number}: expected `import {{ … }} from "./….js";`,'
                " `export const …` or `export function …`, on one line"
            )
    return source


def _read_style(name: str, text: str) -> _Source:
    source = _Source()
    for number, line in _code(name, text, ()):
        if not line.startswith("@import"):
            source.lines.append(line)
        elif (found := STYLE_IMPORT.fullmatch(line)) and not source.lines:
            source.imports.append((number, _beside(name, found[1]), []))
        else:
            raise CannotJoin(f'{name}:{number}: expected `@import "./….css";`, before any rule')
    return source


def _code(name: str, text: str, notes: tuple[str, ...]) -> Iterator[tuple[int, str]]:
    """Yield the lines that are not empty and not comment, without their indentation."""
    in_comment = False
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if in_comment or line.startswith("/*"):
            _note, end, rest = line.partition("*/")
            in_comment = not end
            if rest:
                raise CannotJoin(f"{name}:{number}: expected a new line behind a comment")
        elif line and not line.startswith(notes):
            yield number, line
    if in_comment:
        raise CannotJoin(f"{name}:{number}: expected the comment to end")


def _beside(name: str, path: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(name), path))
