"""A page in Chromium without a screen, spoken to through pipes in the protocol of its developer tools."""

import contextlib
import itertools
import json
import os
import select
import shutil
import signal
import subprocess
import time

import pytest

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
OPTIONS = (
    "--headless", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--no-first-run",
    "--remote-debugging-pipe", "--window-size=1200,900",
)  # fmt: skip
PATIENCE = 120  # seconds without a word, after which it is given up

COMPLAINTS = ("Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled")


class Browser:
    """One page: what it asks the network for, what it complains of, where the mouse is."""

    def __init__(self, folder):
        program = next(filter(None, map(shutil.which, PROGRAMS)), None)
        if program is None:
            pytest.skip("no Chromium here")
        theirs, self._to = os.pipe()
        self._from, answers = os.pipe()
        command = f'exec "$0" "$@" 3<&{theirs} 4>&{answers}'
        self._process = subprocess.Popen(
            ["bash", "-c", command, program, *OPTIONS, f"--user-data-dir={folder}"],
            pass_fds=(theirs, answers), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        os.close(theirs)
        os.close(answers)
        self._numbers, self._rest, self._session = itertools.count(1), b"", {}
        self.requests, self.complaints = [], []
        try:
            self._begin()
        except BaseException:
            self.__exit__()
            raise

    def _begin(self):
        """Open an empty page, and listen to it."""
        try:
            self.ask("Browser.getVersion")
        except OSError:  # such as a program that only says how to install one
            pytest.skip("Chromium does not start here")
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = {
            "sessionId": self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        }
        for part in ("Page", "Network", "Runtime", "Log"):
            self.ask(f"{part}.enable")

    def __enter__(self):
        """Itself."""
        return self

    def __exit__(self, *_):
        """End the browser with all that it started, whatever it is doing."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)  # a session of its own
        self._process.wait(PATIENCE)
        os.close(self._to)
        os.close(self._from)

    def ask(self, method, **parameters):
        """Ask for something, and return the answer; note what is said meanwhile."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": parameters} | self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == number:
                assert "error" not in answer, answer
                return answer["result"]

    def _next(self):
        while b"\0" not in self._rest:
            if not select.select([self._from], [], [], PATIENCE)[0]:
                raise TimeoutError(f"the browser said nothing for {PATIENCE} s")
            part = os.read(self._from, 1 << 20)
            if not part:
                raise ConnectionError("the browser is gone")
            self._rest += part
        one, _, self._rest = self._rest.partition(b"\0")
        said = json.loads(one)
        about = said.get("params", {})
        if said.get("method") == "Network.requestWillBeSent":
            self.requests.append(about["request"]["url"])
        elif said.get("method") in COMPLAINTS and about.get("type", "error") in ("error", "assert"):
            self.complaints.append(str(about))
        return said

    def value(self, expression):
        """Value of a JavaScript expression."""
        found = self.ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def until(self, expression, seconds=60):
        """Wait until an expression is true, and return it."""
        end = time.monotonic() + seconds
        while not (found := self.value(expression)):
            assert time.monotonic() < end, expression
            time.sleep(0.05)
        return found

    def point_at(self, x, y):
        """Move the mouse."""
        self.ask("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def click(self, x, y):
        """Press and release the left button."""
        for kind in ("mousePressed", "mouseReleased"):
            self.ask("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)
