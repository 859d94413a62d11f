"""A client of the API for the account suites: cookie jars, CSRF tokens, and where operations lead.

A `Registry` starts a server by tools/serve_for_test.sh on a folder of its own; a `Session` is one
browser. Answers are (status, headers, body) and never raise for a status.
"""

import base64
import http.client
import json
import os
import re
import shutil
import subprocess
import tempfile
import urllib.parse
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# What recorded requests give.
PASSWORD = "password"


def find_facts(name):
    """A file of recorded facts beside the project, or None: it is no part of it."""
    places = [os.environ.get("SLIPWAY_SHARED"), ROOT.parent / "shared"]
    for place in filter(None, places):
        path = Path(place) / "quay" / name
        if path.is_file():
            return path
    return None


class Answer:
    """What a request was answered."""

    def __init__(self, status, headers, content):
        self.status = status
        self.headers = headers
        self.content = content

    def json(self):
        """The body, or None when it is no JSON."""
        try:
            return json.loads(self.content)
        except ValueError:
            return None

    def text(self):
        return self.content.decode("utf-8", "replace")


class Registry:
    """A running server, with a first user unless that is None."""

    def __init__(self, first, **settings):
        self.folder = Path(tempfile.mkdtemp(prefix="slipway-accounts."))
        self.folder.chmod(0o755)
        self.settings = settings
        self.server = self.folder / "server"
        self.address = ""
        self.by_command = set()
        self.start()
        if first is None:
            return
        body = {"username": first, "password": PASSWORD, "email": f"{first}@example.com"}
        made = self.ask("POST", "/api/v1/user/initialize", body)
        assert made.status == 200, made.text()

    def start(self, **changed):
        """Starts the server, or starts it anew with other settings."""
        tool = ROOT / "tools" / "serve_for_test.sh"
        if self.address:
            subprocess.run([tool, "stop", self.server], check=True)
        self.settings.update(changed)
        words = [f"SLIPWAY__{key}={value}" for key, value in self.settings.items()]
        started = subprocess.run([tool, "start", self.server, *words], capture_output=True, text=True)
        assert started.returncode == 0, started.stderr
        values = dict(word.split("=", 1) for word in started.stdout.split())
        self.address = values["HOST"]

    def stop(self):
        subprocess.run([ROOT / "tools" / "serve_for_test.sh", "stop", self.server], check=False)
        if not os.environ.get("KEEP"):
            shutil.rmtree(self.folder, ignore_errors=True)

    def log(self):
        return (self.server / "server.log").read_text(errors="replace")

    def ask(self, method, target, body=None, headers=None):
        """One request on a connection of its own; a dict or list as body is sent as JSON."""
        headers = dict(headers or {})
        if isinstance(body, (dict, list, bool, int, float)) or (
            body is not None and not isinstance(body, (bytes, str))
        ):
            body = json.dumps(body)
            headers.setdefault("Content-Type", "application/json")
        if isinstance(body, str):
            body = body.encode()
        host, port = self.address.rsplit(":", 1)
        connection = http.client.HTTPConnection(host, int(port), timeout=60)
        try:
            connection.request(method, target, body=body, headers=headers)
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, found, response.read())
        finally:
            connection.close()

    def add_user(self, name, email=None):
        """Makes a user over the API, or by the command line while the API cannot."""
        browser = Session(self)
        body = {"username": name, "password": PASSWORD, "email": email or f"{name}@example.com"}
        made = browser.ask("POST", "/api/v1/user/", body)
        if made.status in (404, 405):
            if name not in self.by_command:
                self.add_by_command(name, body["email"])
                self.by_command.add(name)
        elif made.status != 200:
            taken = "already" in made.text()
            assert taken, made.text()

    def add_by_command(self, name, email):
        target = os.environ.get("CARGO_TARGET_DIR", str(ROOT / "target"))
        program = os.environ.get("SLIPWAY_BIN", f"{target}/debug/slipway")
        words = ["admin", "create-user", "--username", name, "--email", email, "--password-stdin"]
        environment = {**os.environ, "SLIPWAY__DATA__DIR": str(self.server / "data")}
        made = subprocess.run([program, *words], input=PASSWORD, text=True, capture_output=True,
                              env=environment, check=False)
        assert made.returncode == 0 or "already" in made.stderr, made.stderr


def make_repository(registry, owner, name):
    """Makes a repository as a first push does, where the API cannot yet; false when that is refused."""
    scope = f"repository:{name}:pull,push"
    target = f"/v2/auth?service={registry.address}&scope={scope}"
    answer = registry.ask("GET", target, headers={"Authorization": basic(owner)})
    headers = {"Authorization": f"Bearer {answer.json()['token']}"}
    begun = registry.ask("POST", f"/v2/{name}/blobs/uploads/", b"", headers)
    return begun.status == 202


class Session:
    """One browser: its cookie and its CSRF token."""

    def __init__(self, registry):
        self.registry = registry
        self.cookie = None
        self.csrf = None
        answer = self.ask("GET", "/csrf_token")
        self.csrf = answer.json()["csrf_token"]

    @classmethod
    def of(cls, registry, name, password=PASSWORD):
        session = cls(registry)
        answer = session.ask("POST", "/api/v1/signin", {"username": name, "password": password})
        assert answer.status == 200, f"{name}: {answer.status} {answer.text()}"
        return session

    def ask(self, method, target, body=None, headers=None):
        headers = dict(headers or {})
        if self.cookie:
            headers["Cookie"] = f"_csrf_token={self.cookie}"
        if method not in ("GET", "HEAD") and self.csrf:
            headers.setdefault("X-CSRF-Token", self.csrf)
        answer = self.registry.ask(method, target, body, headers)
        cookie = answer.headers.get("set-cookie")
        if cookie:
            self.cookie = cookie.split(";", 1)[0].split("=", 1)[1]
        self.csrf = answer.headers.get("x-next-csrf-token", self.csrf)
        return answer


def basic(name, password=PASSWORD):
    text = base64.b64encode(f"{name}:{password}".encode()).decode()
    return f"Basic {text}"


# Operations that no description lists.
HIDDEN = [
    ("POST", "/api/v1/user/initialize", "initializeUser"),
    ("GET", "/api/v1/superuser/config", "superuserConfig"),
]


class Operations:
    """What is built, as the server itself describes it."""

    def __init__(self, registry):
        document = registry.ask("GET", "/api/v1/discovery?internal=true").json()
        methods = ("get", "post", "put", "delete")
        self.known = [
            (method.upper(), path, entry[method]["operationId"])
            for path, entry in document["paths"].items()
            for method in methods
            if method in entry
        ] + HIDDEN
        self.templates = self.known + list_recorded({name for _, _, name in self.known})

    def ids(self):
        return {name for _, _, name in self.known}

    def find(self, method, target):
        """The operation of a request and its path, with or without the last slash.

        None also where the request belongs to an operation of Quay's that is not built, though the
        path fits another one.
        """
        path = urllib.parse.urlsplit(target).path
        best = None
        for known_method, template, name in self.templates:
            if known_method != method:
                continue
            literals = fit(template.rstrip("/").split("/"), path.rstrip("/").split("/"))
            if literals is not None and (best is None or literals > best[0]):
                slash = template.endswith("/")
                best = (literals, name, path.rstrip("/") + ("/" if slash else ""))
        if best is None or best[1] not in self.ids():
            return None
        query = urllib.parse.urlsplit(target).query
        return best[1], best[2] + (f"?{query}" if query else "")


def list_recorded(built):
    """Recorded operations that are not built, where the list of all is at hand."""
    path = find_facts("ops.txt")
    if path is None:
        return []
    lines = re.findall(r"^(GET|POST|PUT|DELETE) (\S+) `(\w+)`", path.read_text(), re.MULTILINE)
    return [(method, f"/api/v1{path}", name) for method, path, name in lines if name not in built]


def fit(template, path):
    """How many segments are literal when the template fits the path; None when it does not."""
    if not template:
        return 0 if not path else None
    first, later = template[0], template[1:]
    if first == "{repository}":
        for length in range(2, len(path) + 1):
            rest = fit(later, path[length:])
            if rest is not None:
                return rest
        return None
    if not path:
        return None
    if first.startswith("{"):
        return fit(later, path[1:]) if path[0] else None
    if first != path[0]:
        return None
    rest = fit(later, path[1:])
    return None if rest is None else rest + 1
