"""``rationale app``: what it refuses, what it starts, and that only this machine can reach it."""

import json
import socket

import pytest
import typer.testing

from rationale.cli import app as command_line
from rationale.commands import app as command
from rationale.errors import ScoresError
from tests.children import environment, python

pytestmark = pytest.mark.slow  # every test runs the command


@pytest.fixture
def started(monkeypatch):
    """Runs the command and returns what Streamlit was called with."""
    calls = []
    monkeypatch.setattr("streamlit.web.cli.main", lambda args, **_: calls.append(args))

    def run(*arguments):
        result = typer.testing.CliRunner().invoke(command_line, ["app", *arguments])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return calls[0]

    return run


def test_the_app_hears_this_machine_only_and_reports_nothing(started):
    called = started()
    assert called[:1] == ["run"]
    assert called[1].endswith("app.py")
    assert {"--server.address=localhost", "--browser.gatherUsageStats=false"} <= set(called)
    assert "--server.headless=false" in called
    assert not any(part.startswith("--server.port") for part in called)


def test_options_reach_the_app(started, material):
    from workbench.settings import AppSettings

    scores = [str(material / "scores" / split) for split in ("val", "hard")]
    called = started(
        "--scores", scores[0], "--scores", scores[1], "--data", "d", "--split", "s", "--model", "m",
        "--no-browser", "--port", "1234", "--device", "cpu", "--seed", "3",
    )  # fmt: skip
    assert {"--server.headless=true", "--server.port=1234"} <= set(called)
    settings = AppSettings.parse(called[called.index("--") + 1 :])
    assert [str(path) for path in settings.scores] == scores
    assert (settings.data, settings.split, settings.model) == ("d", "s", "m")
    assert (settings.device, settings.seed, settings.batch_size) == ("cpu", 3, None)


@pytest.mark.parametrize("option", ["--scores", "--agreement"])
def test_what_is_not_there_is_refused_before_anything_starts(started, option, tmp_path):
    with pytest.raises(ScoresError, match="there is no such file or folder"):
        started(option, str(tmp_path / "nowhere"))


def test_the_server_cannot_be_reached_from_outside(server):
    """Not even by this machine under its own name on the network."""
    port = int(server.rsplit(":", 1)[1])
    addresses = {
        info[4][0] for info in socket.getaddrinfo(socket.gethostname(), port, type=socket.SOCK_STREAM)
    }
    for address in addresses - {"127.0.0.1", "::1"}:
        if not address.startswith("127."):
            with pytest.raises(OSError, match=r"refused|timed out|unreachable"):
                socket.create_connection((address, port), timeout=2).close()


def test_private_flags_cannot_be_forgotten():
    assert command.PRIVATE["server.address"] == "localhost"
    assert command.PRIVATE["browser.gatherUsageStats"] == "false"


HOSTILE = """
[global]
developmentMode = true
[server]
address = "0.0.0.0"
headless = false
enableCORS = false
enableXsrfProtection = false
corsAllowedOrigins = ["http://evil.example"]
allowedHosts = ["*"]
enableStaticServing = true
enableAgentApi = true
fileWatcherType = "poll"
runOnSave = true
baseUrlPath = "evil"
[browser]
gatherUsageStats = true
serverAddress = "evil.example"
[runner]
magicEnabled = true
"""
READ = """
import json, sys
from streamlit import config
from streamlit.web import bootstrap
bootstrap.run = lambda *given, **more: print("SETTINGS", json.dumps(
    {name: config.get_option(name) for name in sys.argv.pop().split(",")}))
from rationale.commands.app import app
names = sys.argv.pop()
sys.argv.append(names)
app(browser=False, port=8999)
"""


@pytest.mark.slow
@pytest.mark.parametrize("where", ["working folder", "home", "environment"])
def test_no_config_file_and_no_variable_opens_the_app(where, tmp_path):
    """The effective settings of a real start, next to a config that asks for the opposite."""
    home, folder = tmp_path / "home", tmp_path / "work"
    for path, here in ((home, where == "home"), (folder, where == "working folder")):
        (path / ".streamlit").mkdir(parents=True)
        if here:
            (path / ".streamlit" / "config.toml").write_text(HOSTILE)
    variables = {"HOME": str(home)}
    if where == "environment":
        variables |= {
            "STREAMLIT_SERVER_ADDRESS": "0.0.0.0",
            "STREAMLIT_SERVER_ENABLE_CORS": "false",
            "STREAMLIT_SERVER_ENABLE_XSRF_PROTECTION": "false",
            "STREAMLIT_SERVER_CORS_ALLOWED_ORIGINS": "http://evil.example",
            "STREAMLIT_BROWSER_GATHER_USAGE_STATS": "true",
        }
    done = python("-c", READ, ",".join(command.PRIVATE), cwd=folder, env=environment(**variables))
    line = next((one for one in done.stdout.splitlines() if one.startswith("SETTINGS")), None)
    assert line, done.stdout + done.stderr
    found = json.loads(line.removeprefix("SETTINGS "))
    for name, wanted in command.PRIVATE.items():
        value = found[name]
        told = ",".join(value) if isinstance(value, list) else str(value)
        assert told.lower() == wanted.lower(), name
