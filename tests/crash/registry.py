"""One server under test, and a client for it.

The server is our child, so that a death by SIGKILL can be told from any other end. Everything else
is like tools/serve_for_test.sh, which also stops what is left over: same folder, same files.
"""

import base64
import hashlib
import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import threading
import time

PASSWORD = "crash-test-password"


class Down(Exception):
    """The server went away before it answered."""


class Unexpected(Exception):
    """The server answered something else than it should."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Registry:
    """A server with a data folder and a blob volume of its own."""

    def __init__(self, root, folder, blobs, settings=None):
        self.root, self.folder, self.blobs = root, pathlib.Path(folder), pathlib.Path(blobs)
        self.journal = self.folder / "journal"
        self.settings = settings or {}
        (self.folder / "data").mkdir(parents=True)
        self.folder.chmod(0o755)
        self.port = free_port()
        (self.folder / "port").write_text(f"{self.port}\n")
        self.process = None

    def launch(self, point=None, **more):
        target = os.environ.get("CARGO_TARGET_DIR", f"{self.root}/target")
        program = os.environ.get("SLIPWAY_BIN", f"{target}/debug/slipway")
        settings = {
            "SLIPWAY__SERVER__LISTEN": f"127.0.0.1:{self.port}",
            "SLIPWAY__DATA__DIR": str(self.folder / "data"),
            "SLIPWAY__STORAGE__PATH": str(self.blobs),
            "SLIPWAY__DEBUG__SYNC_JOURNAL": str(self.journal),
            "SLIPWAY__STORAGE__RESERVE": "0",
            **self.settings,
            **more,
        }
        if point:
            settings["SLIPWAY__DEBUG__CRASH_POINT"] = point
        self.mend_journal()
        with open(self.folder / "server.log", "ab") as log:
            self.process = subprocess.Popen(
                [program, "serve"], env={**os.environ, **settings}, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, start_new_session=True)
        (self.folder / "pid").write_text(f"{self.process.pid}\n")

    def mend_journal(self):
        """Takes a line away that the kill cut off: a write that crosses a page may end half way."""
        if self.journal.exists():
            text = self.journal.read_bytes()
            os.truncate(self.journal, text.rfind(b"\n") + 1)

    def start(self, point=None, **more):
        """Launches and waits for health; False when the process ended before."""
        self.launch(point, **more)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                return False
            if self.is_healthy():
                return True
            time.sleep(0.05)
        raise Unexpected("the server does not become healthy")

    def must_start(self, **more):
        if not self.start(**more):
            raise Unexpected(f"the server ends at its start with {self.process.returncode}")

    def is_healthy(self):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
            connection.request("GET", "/health/instance")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False

    def wait_for_death(self, seconds):
        """Whether the process killed itself in time."""
        try:
            return self.process.wait(seconds) == -signal.SIGKILL
        except subprocess.TimeoutExpired:
            return False

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                raise Unexpected("the server does not end within 30 s of SIGTERM") from None
        subprocess.run([f"{self.root}/tools/serve_for_test.sh", "stop", str(self.folder)], check=False)

    def first_account(self):
        body = json.dumps({"username": "admin", "password": PASSWORD, "email": "admin@example.com"})
        client = Client(self)
        client.call("POST", "/api/v1/user/initialize", body.encode(), {"Content-Type": "application/json"}, wanted=[200])
        return client

    def cluster(self):
        return next(path.parent for path in (self.folder / "data/postgres").glob("*/postmaster.pid"))

    def postmaster(self):
        """The process id in the lock file of the database."""
        return int((self.cluster() / "postmaster.pid").read_text().split("\n")[0])

    def postmasters(self):
        """Every live postmaster that works in this database's folder."""
        found, cluster = [], os.path.realpath(self.cluster())
        for entry in pathlib.Path("/proc").iterdir():
            try:
                if not entry.name.isdigit() or os.path.realpath(entry / "cwd") != cluster:
                    continue
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            # Its children write "postgres: what they do" over their command line.
            if command and b"postgres" in command and not command.startswith(b"postgres: "):
                found.append(int(entry.name))
        return found

    def query(self, text):
        """Rows of a query, as lists of strings; the database outlives a killed server."""
        command = ["psql", "-XAtq", "-F", "|", "-h", str(self.folder / "data/postgres/run"), "-U", "slipway", "slipway", "-c", text]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Unexpected(f"psql: {done.stderr.strip()}")
        return [line.split("|") for line in done.stdout.splitlines()]

    def stored(self):
        """Sizes of the segment files by `batch/name`; below batch 0 is the marker of the database."""
        return {f"{path.parent.name}/{path.name}": path.stat().st_size for path in self.blobs.glob("seg/*/*") if path.parent.name != "0"}

    def named(self):
        """Sizes of the segments that the database names, by `batch/name`."""
        rows = self.query("SELECT batch_id, encode(name, 'hex'), size_bytes FROM segment")
        return {f"{batch}/{name}": int(size) for batch, name, size in rows}

    def open_batches(self):
        return {row[0] for row in self.query("SELECT id FROM segment_batch WHERE closed_at IS NULL")}

    def leftovers(self, seconds=45, lost_seconds=3, open_too=True):
        """What is stored but not named, or named but not stored, once that has had time to end.

        Without `open_too`, what lies in a batch that is still open may wait for its sweep.
        """
        began_at = time.monotonic()
        while True:
            # A commit between the two looks must not read as a lost file.
            named = self.named()
            stored = self.stored()
            named_after = self.named()
            orphans = sorted(key for key in stored if key not in named and key not in named_after)
            lost = sorted(key for key in named if key in named_after and stored.get(key, -1) < named[key])
            if not open_too:
                is_open = self.open_batches()
                orphans = [key for key in orphans if key.split("/")[0] not in is_open]
            if not orphans and not lost:
                return []
            if time.monotonic() > began_at + (lost_seconds if lost else seconds):
                return [f"not named: {key}" for key in orphans] + [f"lost: {key}" for key in lost]
            time.sleep(0.25)


class Client:
    """Requests with a token; one connection a thread, and a new one for each life of the server."""

    def __init__(self, registry):
        self.registry, self.port = registry, registry.port
        self.local = threading.local()
        self.tokens = {}

    def connection(self):
        life = self.registry.process.pid
        if getattr(self.local, "connection", None) is None or self.local.life != life:
            self.local.life = life
            self.local.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=40)
        return self.local.connection

    def forget(self):
        connection = getattr(self.local, "connection", None)
        if connection is not None:
            connection.close()
        self.local.connection = None

    def raw(self, method, path, body, headers):
        connection = self.connection()
        is_stream = body is not None and not isinstance(body, bytes)
        try:
            try:
                connection.request(method, path, body, headers, encode_chunked=is_stream)
            except (BrokenPipeError, ConnectionResetError):
                # A refusal may come before the body is through; it is still to be read.
                if connection.sock is None:
                    raise
                response = http.client.HTTPResponse(connection.sock, method=method)
                response.begin()
                answer = response.status, response.headers, response.read()
                self.forget()
                return answer
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        except (OSError, http.client.HTTPException) as error:
            self.forget()
            raise Down(f"{method} {path}: {error!r}") from None

    def call(self, method, path, body=None, headers=None, repository=None, wanted=None):
        headers = dict(headers or {})
        if body is not None and not isinstance(body, bytes):
            headers["Transfer-Encoding"] = "chunked"
        elif body is None and method in ("POST", "PUT", "PATCH"):
            headers["Content-Length"] = "0"
        if repository:
            headers["Authorization"] = f"Bearer {self.token(repository)}"
        status, answer_headers, answer = self.raw(method, path, body, headers)
        if wanted and status not in wanted:
            raise Unexpected(f"{method} {path}: {status} {answer[:300]!r}, wanted {wanted}")
        return status, answer_headers, answer

    def token(self, repository):
        if repository not in self.tokens:
            basic = base64.b64encode(f"admin:{PASSWORD}".encode()).decode()
            path = f"/v2/auth?service=127.0.0.1:{self.port}&scope=repository:{repository}:pull,push"
            status, _, body = self.raw("GET", path, None, {"Authorization": f"Basic {basic}"})
            if status != 200:
                raise Unexpected(f"GET {path}: {status} {body[:300]!r}")
            self.tokens[repository] = json.loads(body)["token"]
        return self.tokens[repository]


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()
