"""The last scene: the pages for people, served over what happened in the story.

A user is made and signs in as anybody does; what the overview says is read off the page.
"""

from __future__ import annotations

import html
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import requests
from demo_props import PLACE, Demo, say, title

NAME, PASSWORD = "demo", "all for the demo"
_TOKEN = re.compile(r'name="csrf_token" value="(\w+)"')
_TAGS = re.compile(r"<[^>]+>")


@contextmanager
def pages(demo: Demo) -> Iterator[str]:
    """`smarketing web` beside the story, with somebody who may sign in; where it is."""
    title("12  The pages")
    password = PLACE / "demo-password.txt"
    password.write_text(f"{PASSWORD}\n")
    demo.run("user", "add", NAME, "--role", "admin", "--password-file", password.name)
    print("\n$ smarketing web", flush=True)
    with demo.started("web") as process:
        try:
            yield _address(process.stderr)
        finally:
            process.terminate()
            process.wait(timeout=60)


def _address(lines: Iterator[str] | None) -> str:
    """Where it listens, as it says on its terminal; what it says later is read and dropped, so that it never waits."""
    for line in lines or ():
        found = re.search(r"http://[\d.]+:\d+", line)
        if found:
            threading.Thread(target=lambda: [None for _ in lines or ()], daemon=True).start()
            return found[0]
    raise SystemExit("smarketing web ended before it listened")


def tell(url: str) -> None:
    """Sign in, and read the overview's first words."""
    browser = requests.Session()
    browser.trust_env = False
    form = browser.get(f"{url}/admin/sign-in", timeout=30)
    token = _TOKEN.search(form.text)
    if token is None:
        raise SystemExit("the sign-in page has no form")
    given = {"name": NAME, "password": PASSWORD, "csrf_token": token[1]}
    overview = browser.post(f"{url}/admin/sign-in", data=given, timeout=30)
    if not overview.ok or not overview.url.endswith("/admin/"):
        raise SystemExit(f"signing in led to {overview.url} ({overview.status_code})")
    say(f"Signed in at {url}/admin/ as {NAME}, in {overview.elapsed.total_seconds() * 1000:.0f} ms. The overview says:")
    main = overview.text.partition("<main")[2].partition("</main>")[0]
    words = [html.unescape(line).strip() for line in _TAGS.sub("\n", main.partition(">")[2]).splitlines()]
    say(f"  {': '.join([word for word in words if word][:2])}")
