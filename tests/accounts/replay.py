#!/usr/bin/env python3
"""Recorded requests, sent again in their order; answers are compared by status and shape.

The shape of a body is its members and their types; of an error also its kind and the first line of
its text. Ids and tokens that a recorded answer gave are replaced by those that ours gives. A request
that no built operation answers is neither sent nor counted.
"""

import json
import re
import sys
import urllib.parse

from client import (
    Operations, PASSWORD, Registry, Session, basic, find_facts, make_repository,
)
from differences import Differences

# Whose browser a recorded CSRF token belongs to, by its first letters; others are nobody's.
BROWSERS = {
    "5CCPvs9h": "admin", "Q9-788py": "admin", "F_qiMx4E": "admin", "yWobZUje": "admin",
    "BtmocVd2": "admin", "7r_XBPNC": "admin", "5BJkg7AF": "admin", "shGQP1l8": "admin",
    "nSH-5HnA": "alice", "dzh4X8_V": "alice", "hdenmrg6": "alice", "dRls-p60": "alice",
    "-pqEr7Ak": "alice", "yXWV_U22": "alice", "2lhGGWVm": "alice",
    "g4NbgY1-": "bob", "Oc8FCP0o": "bob", "h0-hFiCt": "bob", "3pJ-RFer": "bob",
    "yasil9lm": "bob", "cYaZwSjN": "bob", "uuIYGQ3y": "bob", "6LOKNuKa": "bob",
    "KdgXyOae": "readonly", "PDSqYG3Y": "readonly", "YrhCNJSH": "readonly", "ME9DyahO": "user1",
}
# Users that were there before the recording began; others are made by recorded requests.
USERS = ["bob", "user1", "quayadmin"]
MADE = ["alice", "readonly"]
# Organizations of `admin` that were there as well.
ORGANIZATIONS = ["todel", "proxyorg", "mirrororg"]
SCOPES = {
    "user_get_scope_user_read": "user:read", "repo_private_scope_user_read": "user:read",
    "repo_put_scope_repo_read": "repo:read", "repo_get_scope_repo_read": "repo:read",
    "create_repo_scope_repo_read": "repo:read",
    "su_users_lowscope": "repo:read repo:write", "org_lowscope": "repo:read repo:write",
    "repo_lowscope": "repo:read repo:write", "user_lowscope": "repo:read repo:write",
}
LOGINS = {
    "basic_auth_on_api_v1": ("admin", PASSWORD), "v2_root_basic": ("admin", PASSWORD),
    "v2auth_login": ("admin", PASSWORD), "v2auth_push": ("admin", PASSWORD),
    "v2auth_badscope": ("admin", PASSWORD), "v2auth_badname": ("admin", PASSWORD),
    "v2auth_catalog_scope": ("admin", PASSWORD), "v2auth_bad": ("admin", "wrong"),
    "v2auth_downscoped": ("bob", PASSWORD), "v2auth_token_bad": ("$token", "nonsense"),
    "v2auth_app_bad": ("$app", "nonsense"), "v2auth_robot_bad": ("acme+nosuch", "nonsense"),
    "v2auth_robot_badpw": ("acme+ci", "nonsense"),
}
# What else must be built for an example to mean something: what it needs is made by that.
NEEDS = {
    "signin_disabled": "changeInstallUser", "proto_create_user": "createOrgRobot",
    "perm_robot_put": "createOrgRobot", "perm_users": "createOrgRobot",
    "v2perm_alice": "createOrgRobot", "get_repo_anon_public": "createRepo",
    "anon_tags_public": "createRepo", "delete_robot_in_mirror": "createRepoMirrorConfig",
    "repo_aggregatelogs": "createRepo", "repo_logs": "createRepo",
}
# Places beside the API that the accounts' areas have.
PLACES = re.compile(
    r"^/(csrf_token|config|v2/auth|keys/services/.*|\.well-known/.*|oauth/.*)(\?.*)?$"
)
PLACES_WITHOUT_OAUTH = re.compile(
    r"^/(csrf_token|config|v2/auth|keys/services/.*|\.well-known/.*)(\?.*)?$"
)
# How the recorded server was configured, by the words of its notes.
PHASES = [
    ("FEATURE_RESTRICTED_USERS=true", "restricted"),
    ("read-only registry", "readonly"),
    ("FEATURE_MAILING=true", "mailing"),
]
USUAL = {
    "AUTH__SUPERUSERS": "admin,user1,quayadmin",
    "AUTH__GLOBAL_READONLY_SUPERUSERS": "readonly",
    "AUTH__SUPERUSERS_FULL_ACCESS": "true",
    "AUTH__LOCKOUT": "false",
    "ACCOUNTS__RESTRICTED_USERS": "false",
    "REGISTRY__ANONYMOUS_ACCESS": "true",
    "REGISTRY__STATE": "normal",
}
CHANGED = {
    "usual": {},
    "restricted": {
        "ACCOUNTS__RESTRICTED_USERS": "true", "ACCOUNTS__RESTRICTED_USERS_WHITELIST": "admin",
        "REGISTRY__ANONYMOUS_ACCESS": "false", "AUTH__SUPERUSERS_FULL_ACCESS": "false",
    },
    "readonly": {"REGISTRY__STATE": "readonly"},
}
# Members whose names are data, or whose members depend on what happened before.
OPEN = {"metadata", "aggregated", "logs", "jwk", "securityDefinitions", "paths", "definitions"}

# Members that are there or not by what happened before.
SOMETIMES = {"next_page"}


class Replay:
    """One run against one server."""

    def __init__(self, registry):
        self.registry = registry
        self.operations = Operations(registry)
        has_oauth = registry.ask("GET", "/oauth/authorize").status != 404
        self.places = PLACES if has_oauth else PLACES_WITHOUT_OAUTH
        self.browsers = {}
        self.values = {}
        self.token = None
        self.phase = "usual"

    def enter(self, phase):
        if phase != self.phase:
            self.registry.start(**{**USUAL, **CHANGED[phase]})
            self.browsers.clear()
            self.phase = phase

    def browser(self, who, recorded=""):
        """A browser of this user; one for each that was recorded."""
        key = (who, recorded)
        if key not in self.browsers:
            self.browsers[key] = Session.of(self.registry, who)
        return self.browsers[key]

    def ours(self, text):
        """A recorded text with our ids in place of the recorded ones."""
        text = text.replace("localhost%3A8080", urllib.parse.quote(self.registry.address, safe=""))
        for recorded, value in self.values.items():
            text = text.replace(recorded, value)
            text = text.replace(urllib.parse.quote(recorded, safe=""), urllib.parse.quote(value, safe=""))
        return text

    def send(self, example):
        """Sends one request; None when nothing that is built answers it."""
        request = example["request"]
        target = self.ours(request["path"])
        method = request["method"]
        if not self.places.match(target):
            found = self.operations.find(method, target)
            if found is None:
                self.stand_in(example)
                return None
            if NEEDS.get(example["name"], found[0]) not in self.operations.ids():
                return None
        body = request.get("body")
        if body is not None and not isinstance(body, str):
            body = json.loads(self.ours(json.dumps(body)))
        headers = {
            name: value for name, value in request.get("headers", {}).items()
            if name not in ("X-CSRF-Token", "Authorization", "Cookie")
        }
        return self.send_as(example, method, target, body, headers)

    def send_as(self, example, method, target, body, headers):
        given = example["request"].get("headers", {})
        name, authorization = example["name"], given.get("Authorization", "")
        if authorization.startswith("Basic"):
            login = LOGINS.get(name)
            if login is None:
                return None
            headers["Authorization"] = basic(*login)
            return self.registry.ask(method, target, body, headers)
        if authorization == "Bearer TOKEN-REDACTED":
            scope = SCOPES.get(name)
            token = self.scoped_token(scope) if scope else self.token
            if scope and not token:
                return None
            if token:
                headers["Authorization"] = f"Bearer {token}"
                return self.registry.ask(method, target, body, headers)
            return self.browser("admin").ask(method, target, body, headers)
        if authorization == "Bearer JWT-REDACTED":
            return None
        if authorization:
            headers["Authorization"] = authorization
            return self.registry.ask(method, target, body, headers)
        csrf = given.get("X-CSRF-Token")
        if csrf is None:
            return self.registry.ask(method, target, body, headers)
        who = BROWSERS.get(csrf[:8])
        session = self.browser(who, csrf) if who else Session(self.registry)
        return session.ask(method, target, body, headers)

    def stand_in(self, example):
        """Makes by a first push what a recorded request made that no built operation answers."""
        request, made = example["request"], example["response"]["status"] == 201
        if (request["method"], request["path"]) == ("POST", "/api/v1/repository") and made:
            body = request["body"]
            owner = BROWSERS.get(request["headers"].get("X-CSRF-Token", "")[:8], "admin")
            namespace = body.get("namespace", owner)
            name = f"{namespace}/{body['repository']}"
            # Who made it may have been let in by what is not built either.
            if not make_repository(self.registry, owner, name):
                assert make_repository(self.registry, "admin", name), name

    def scoped_token(self, scope):
        """A token of `admin` with this scope; None while none can be made."""
        if "createOrganizationApplicationToken" not in self.operations.ids():
            return None
        admin = self.browser("admin")
        place = "/api/v1/organization/todel/applications"
        made = admin.ask("POST", place, {"name": f"for {scope}"})
        if made.status != 200:
            # The organization has gone by now; another one of the same owner does as well.
            place = "/api/v1/organization/acme/applications"
            made = admin.ask("POST", place, {"name": f"for {scope}"})
        body = {"name": "token", "scope": scope, "expiration": 3600}
        token = admin.ask("POST", f"{place}/{made.json()['client_id']}/tokens", body)
        assert token.status == 200, token.text()
        return token.json()["token"]

    def prepare(self):
        """Makes what was there before the recording began; the first user is there."""
        is_recorded = "createNewUser" in self.operations.ids()
        for user in USERS + ([] if is_recorded else MADE):
            self.registry.add_user(user)
        for organization in ORGANIZATIONS:
            body = {"name": organization, "email": f"{organization}@example.com"}
            self.browser("admin").ask("POST", "/api/v1/organization/", body)

    def learn(self, recorded, ours):
        """Remembers which of our ids stands for a recorded one."""
        if isinstance(recorded, dict) and isinstance(ours, dict):
            for name, value in recorded.items():
                if name in ours:
                    self.learn(value, ours[name])
        elif isinstance(recorded, list) and isinstance(ours, list):
            for one, other in zip(recorded, ours):
                self.learn(one, other)
        elif isinstance(recorded, str) and isinstance(ours, str) and is_id(recorded):
            self.values[recorded] = ours


def is_id(text):
    patterns = [
        r"(urn:\w+:)?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
        r"[A-Z0-9]{20,}", r"[A-Za-z0-9_-]{43}", r"gAAAA[\w=-]+",
    ]
    return any(re.fullmatch(pattern, text) for pattern in patterns)


def shape_faults(recorded, ours, place=""):
    """Where two bodies differ in members or types; null fits anything."""
    if recorded is None or ours is None:
        return []
    if isinstance(recorded, dict) and isinstance(ours, dict):
        lost = [name for name in recorded if name not in ours and name not in SOMETIMES]
        gained = [name for name in ours if name not in recorded and name not in SOMETIMES]
        faults = [f"{place}.{name} is missing" for name in lost]
        faults += [f"{place}.{name} is not recorded" for name in gained]
        for name in recorded:
            if name in ours and name not in OPEN:
                faults += shape_faults(recorded[name], ours[name], f"{place}.{name}")
        return faults
    if isinstance(recorded, list) and isinstance(ours, list):
        if recorded and ours:
            return shape_faults(recorded[0], ours[0], f"{place}[]")
        return []
    number = (int, float)
    if isinstance(recorded, bool) or isinstance(ours, bool):
        same = isinstance(recorded, bool) and isinstance(ours, bool)
    elif isinstance(recorded, number):
        same = isinstance(ours, number)
    else:
        same = type(recorded) is type(ours)
    return [] if same else [f"{place} is {type(ours).__name__}, not {type(recorded).__name__}"]


def text_faults(recorded, ours):
    """Where two error bodies say something else in their first line."""
    if not isinstance(recorded, dict) or not isinstance(ours, dict):
        return []
    faults = []
    for name in ("error_type", "detail", "message", "error"):
        one, other = recorded.get(name), ours.get(name)
        if isinstance(one, str) and isinstance(other, str):
            first, second = (one.splitlines() or [""])[0], (other.splitlines() or [""])[0]
            if first != second:
                faults.append(f".{name} is `{second}`, not `{first}`")
    return faults


def body_of(example):
    body = example["response"].get("body")
    if isinstance(body, str):
        try:
            return json.loads(body)
        except ValueError:
            return body
    return body


def compare(example, answer):
    """What differs, as texts; the status first."""
    expected = example["response"]["status"]
    if answer.status != expected:
        return [f"{answer.status}, not {expected}"]
    recorded, ours = body_of(example), answer.json()
    if not isinstance(recorded, (dict, list)):
        return []
    if ours is None:
        return ["the body is no JSON"]
    faults = shape_faults(recorded, ours)
    if expected >= 400:
        faults += text_faults(recorded, ours)
    return faults


def verdict(faults):
    """How the table of differences names them: a status or text as it is, else only `members`."""
    return faults[0] if re.match(r"\d{3}, not|\.\w+ is `", faults[0]) else "members"


def phase_of(example):
    note = example.get("note", "")
    if example["name"].startswith("mail_"):
        return "mailing"
    return next((phase for words, phase in PHASES if words in note), "usual")


def main():
    path = find_facts("examples.json")
    if path is None:
        print("# skipped: the recorded examples are not here (SLIPWAY_SHARED)")
        return 0
    examples = json.loads(path.read_text())["examples"]
    registry = Registry(None, **USUAL)
    try:
        return run(Replay(registry), examples)
    finally:
        registry.stop()


def run(replay, examples):
    differences = Differences("replay_differences.tsv")
    sent, known, missing, differing = 0, 0, 0, []
    for example in examples:
        if "request" not in example:
            continue
        phase = phase_of(example)
        if phase not in CHANGED:
            missing += 1
            continue
        replay.enter(phase)
        answer = replay.send(example)
        if answer is None:
            missing += 1
            continue
        sent += 1
        name = example["name"]
        faults = compare(example, answer)
        if 200 <= answer.status < 300:
            replay.learn(body_of(example), answer.json())
        if name == "initialize_first_user":
            replay.token = (answer.json() or {}).get("access_token")
            replay.prepare()
        if not faults:
            differences.agree(name)
        elif differences.explains(name, verdict(faults)):
            known += 1
        else:
            differing.append(f"{name}\t{'; '.join(faults)}")
    counts = f"{sent} examples", "sent"
    return differences.report("replay", counts, differing, known, missing)


if __name__ == "__main__":
    sys.exit(main())
