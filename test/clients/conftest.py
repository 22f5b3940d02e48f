"""Starts the program for the tests: $ALPACA is its path, $ALPACA_MODEL a model."""

import os
import re
import signal
import subprocess
import threading

import pytest

PROGRAM, MODEL = os.environ["ALPACA"], os.environ["ALPACA_MODEL"]


def letter(text):
    """Returns the first letter or digit of a text. The tests' model has random weights, so it mostly writes other characters."""
    return re.search("[0-9A-Za-z]", text)[0]


class Server:
    """A server at a free port. Its log is in the attribute log."""

    def __init__(self, *flags, env=None):
        self.log = []
        self.process = subprocess.Popen(
            [PROGRAM, "serve", "-m", MODEL, "--port", "0", "--host", "127.0.0.1", "-t", "1", "--drain-timeout", "2s",
             "--models-max", "0", *flags],  # 0: every name of a model in a request means MODEL
            stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, env={**os.environ, **(env or {})},
        )
        for line in self.process.stderr:
            self.log.append(line)
            if found := re.search(r"listens at (http://\S+)", line):
                self.url = found[1]
                break
        else:
            raise RuntimeError("no server: " + "".join(self.log))
        threading.Thread(target=lambda: self.log.extend(self.process.stderr), daemon=True).start()

    @property
    def v1(self):
        return self.url + "/v1"

    def end(self):
        """Ends the server with SIGTERM, as service managers do, and returns its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise


@pytest.fixture(scope="session")
def server():
    """The server that most tests ask."""
    s = Server("-a", "tiny", "--slots", "--metrics", "-np", "4")
    yield s
    assert s.end() == 0, "".join(s.log)


@pytest.fixture
def start():
    """Returns a function that starts a server with the flags that a test needs."""
    started = []

    def start(*flags, **options):
        started.append(Server(*flags, **options))
        return started[-1]

    yield start
    for s in started:
        s.end()
