"""Pictures of every page for looking at: `make screenshots`, then open screenshots/index.html.

All pages and states × sizes × themes × languages. With names (doors, phones, talk, screens,
desks, fleets) only those; with `readme` the pictures of the README are taken instead.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

from tests.album import Album, Camera
from tests.conftest import CHROMIUM_ARGS, find_chromium
from tests.pictures_for_readme import photograph_readme
from tests.pictures_of_desks import photograph_desks, photograph_doors
from tests.pictures_of_fleets import photograph_fleets
from tests.pictures_of_phones import photograph_phones
from tests.pictures_of_screens import photograph_screens
from tests.pictures_of_talk import photograph_talk
from tests.serving import ROOT, Server

PATIENCE_MS = 30_000
OUT = ROOT / "screenshots"
SHOWS = {
    "doors": photograph_doors,
    "phones": photograph_phones,
    "talk": photograph_talk,
    "screens": photograph_screens,
    "desks": photograph_desks,
    "fleets": photograph_fleets,
}


def main(*wanted: str) -> None:
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_ARGS)
        servers: list[Server] = []

        def serve(config: str) -> Server:
            place = Path(folder) / str(len(servers))
            place.mkdir()
            servers.append(Server(place, config))
            return servers[-1].start()

        try:
            if wanted == ("readme",):
                photograph_readme(Camera(browser), serve)
                return
            album = Album(browser, OUT)
            for name in wanted or SHOWS:
                SHOWS[name](album, serve)
                for context in browser.contexts:
                    context.close()
                # What was taken before something goes wrong is worth looking at, too.
                album.write_sheet()
            sys.stderr.write(f"{len(album.pictures)} pictures; open {OUT / 'index.html'}\n")
        finally:
            for server in servers:
                server.clear_up()
            browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
