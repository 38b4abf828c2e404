"""One small run, one server and one browser for all tests of the app."""

import socket
import subprocess
import sys
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from streamlit.testing.v1 import AppTest

from tests.app.material import make, make_study
from tests.children import environment
from tests.patience import PAGE, until
from tests.places import APPS, ROOT


@pytest.fixture(scope="session")
def material(tmp_path_factory) -> Path:
    return make(tmp_path_factory.mktemp("app"))


@pytest.fixture(scope="session")
def study(trains, material) -> Path:
    """A top-k study of the same documents."""
    return make_study(material)


@pytest.fixture(scope="session")
def arguments(material) -> list[str]:
    given = {"--scores": "scores", "--model": "model", "--comparison": "compared"}
    return [part for name, folder in given.items() for part in (name, str(material / folder))]


@pytest.fixture(scope="session")
def server(arguments, study, tmp_path_factory):
    """The app as the command line starts it; its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path_factory.mktemp("server") / "log.txt"
    command = [
        str(Path(sys.executable).with_name("rationale")),
        "app",
        "--no-browser",
        "--port",
        str(port),
        *arguments,
        "--study",
        str(study),
    ]
    env = environment(PYTHONWARNINGS="default")
    with log.open("w") as out, subprocess.Popen(command, stdout=out, stderr=out, env=env) as process:
        address = f"http://localhost:{port}"
        until(lambda: _answers(f"{address}/_stcore/health", process, log), "the app answers")
        yield address
        process.terminate()
    faults = [
        one
        for one in _tracebacks(log.read_text())
        if any(f"{ROOT / ours}/" in one for ours in ("apps", "rationale"))
    ]
    assert not faults, "\n".join(faults)


def _tracebacks(log: str) -> list[str]:
    """Each traceback of a server's log.

    Streamlit's server writes one of its own where a browser leaves while a page is being sent ("Cannot call
    'send' once a close message has been sent"): nobody's fault, and without a line of ours in it.
    """
    return log.split("Traceback (most recent call last):")[1:]


def _answers(url: str, process: subprocess.Popen, log: Path) -> bool:
    if process.poll() is not None:
        pytest.fail(f"the app did not start: {log.read_text()}")
    try:
        with urlopen(url, timeout=PAGE):
            return True
    except (URLError, OSError):
        return False


@pytest.fixture
def page(browser, server):
    """A fresh page at 1280 px; the test fails where the console saw an error or another machine was asked."""
    context = browser.new_context(viewport={"width": 1280, "height": 860}, base_url=server)
    page = context.new_page()
    seen: list[str] = []
    page.on("pageerror", lambda error: seen.append(f"page error: {error}"))
    page.on("console", lambda message: message.type == "error" and seen.append(message.text))
    page.on("request", lambda request: request.url.startswith(("http", "ws")) and _local(request.url, seen))
    yield page
    context.close()
    assert not seen


def _local(url: str, seen: list[str]) -> None:
    if not url.split("://", 1)[1].startswith("localhost"):
        seen.append(f"asked {url}")


@pytest.fixture
def screen_of(monkeypatch):
    """Opens one page of the app in Streamlit's own runner, with arguments and with choices of the URL."""

    def opened(screen, *given, query=None):
        monkeypatch.setattr("sys.argv", ["app.py", *map(str, given)])
        at = AppTest.from_file(str(APPS / "app.py"), default_timeout=PAGE)
        for name, value in (query or {}).items():
            at.query_params[name] = value
        at.run()
        return at.switch_page(f"screens/{screen}.py").run()

    return opened
