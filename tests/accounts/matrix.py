#!/usr/bin/env python3
"""The access matrix: who is let in where, compared with what was recorded.

Every row of the recorded matrix that concerns a built operation is sent by its user, reads first,
then what is refused, then what changes something; after a change the seed is laid anew.
"""

import sys

from client import Operations, Registry, Session, find_facts, make_repository
from differences import Differences

USERS = [
    "public", "reader", "creator", "freshuser", "randomuser", "globalreadonlysuperuser",
    "testuser",
]
ORGANIZATIONS = ["buynlarge", "sellnsmall", "library", "testfederatedorg", "proxyorg", "titi",
                 "testorgforautoprune"]
REPOSITORIES = [
    ("devtable", "simple", "private"), ("devtable", "shared", "private"),
    ("devtable", "someapp", "private"), ("public", "publicrepo", "public"),
    ("buynlarge", "orgrepo", "private"), ("testorgforautoprune", "autoprunerepo", "private"),
]


class Seed:
    """What must be there for the rows to mean something; laid through the public API."""

    def __init__(self, registry, operations):
        self.registry = registry
        self.built = operations.ids()
        self.sessions = {}
        self.client_id = "deadbeef"
        self.pushed = False

    def session(self, who):
        if who not in self.sessions:
            anonymous = who == "anonymous"
            self.sessions[who] = (
                Session(self.registry) if anonymous else Session.of(self.registry, who)
            )
        return self.sessions[who]

    def lay(self):
        for name in USERS:
            self.registry.add_user(name)
        for name in ORGANIZATIONS:
            self.change("createOrganization", "POST", "/organization/", {"name": name})
        self.lay_repositories()
        self.lay_teams()

    def lay_repositories(self):
        if "createRepo" not in self.built:
            self.push_repositories()
            return
        for namespace, name, visibility in REPOSITORIES:
            owner = namespace if namespace == "public" else "devtable"
            body = {"namespace": namespace, "repository": name, "visibility": visibility,
                    "description": ""}
            self.change("createRepo", "POST", "/repository", body, owner)

    def push_repositories(self):
        """Makes the repositories by first pushes, once, while the API cannot."""
        if self.pushed:
            return
        for private in ("false", "true"):
            self.registry.start(REGISTRY__CREATE_PRIVATE_ON_PUSH=private)
            for namespace, name, visibility in REPOSITORIES:
                if (visibility == "private") == (private == "true"):
                    owner = namespace if namespace == "public" else "devtable"
                    assert make_repository(self.registry, owner, f"{namespace}/{name}"), name
        self.pushed = True

    def lay_teams(self):
        for team, role, member in [("readers", "member", "reader"), ("creators", "creator", "creator")]:
            place = f"/organization/buynlarge/team/{team}"
            self.change("updateOrganizationTeam", "PUT", place, {"name": team, "role": role})
            member_place = f"{place}/members/{member}"
            self.change("updateOrganizationTeamMember", "PUT", member_place, {})
            grant = f"/repository/buynlarge/orgrepo/permissions/team/{team}"
            self.change("changeTeamPermissions", "PUT", grant, {"role": "read"})
        robot = "/organization/buynlarge/robots/coolrobot"
        self.change("createOrgRobot", "PUT", robot, {})
        reader = "/repository/devtable/shared/permissions/user/reader"
        self.change("changeUserPermissions", "PUT", reader, {"role": "read"})
        self.lay_application()

    def lay_application(self):
        """The application that rows name by a client id which no API gives to choose."""
        place = "/organization/buynlarge/applications"
        if "getOrganizationApplications" not in self.built:
            return
        if not self.list_applications(place):
            self.change("createOrganizationApplication", "POST", place, {"name": "testapp"})
        found = self.list_applications(place)
        self.client_id = found[0] if found else "deadbeef"

    def list_applications(self, place):
        listed = self.session("devtable").ask("GET", f"/api/v1{place}").json()
        return [app["client_id"] for app in listed["applications"] if app["name"] == "testapp"]

    def ours(self, target):
        """A row's path with our ids."""
        return target.replace("/applications/deadbeef", f"/applications/{self.client_id}")

    def change(self, operation, method, path, body, who="devtable"):
        if operation not in self.built:
            return
        answer = self.session(who).ask(method, f"/api/v1{path}", body)
        # A name that is taken is what a second laying meets.
        assert answer.status < 500, f"{method} {path}: {answer.status} {answer.text()}"

    def renew(self):
        """After a change that was let through: logins may be gone, and things as well."""
        self.sessions.clear()
        self.lay()


def read_rows(path):
    for line in path.read_text().splitlines():
        method, target, who, status, body = (line.split("\t") + [""])[:5]
        yield method, target, who, int(status), body


def weight(row):
    """Reads first, refusals next, changes last."""
    method, _, _, status, _ = row
    return (method != "GET", 200 <= status < 300, method == "DELETE")


def main():
    path = find_facts("security-matrix.tsv")
    if path is None:
        print("# skipped: the recorded matrix is not here (SLIPWAY_SHARED)")
        return 0
    registry = Registry(
        "devtable",
        AUTH__SUPERUSERS="devtable",
        AUTH__SUPERUSERS_FULL_ACCESS="true",
        AUTH__GLOBAL_READONLY_SUPERUSERS="globalreadonlysuperuser",
        # Rows that give a wrong password must not delay those after them.
        AUTH__LOCKOUT="false",
    )
    try:
        return compare(registry, path)
    finally:
        registry.stop()


def compare(registry, path):
    operations = Operations(registry)
    differences = Differences("matrix_differences.tsv")
    seed = Seed(registry, operations)
    seed.lay()
    checked, differing, known, missing = 0, [], 0, 0
    for method, target, who, expected, body in sorted(read_rows(path), key=weight):
        found = operations.find(method, seed.ours(target))
        if found is None:
            missing += 1
            continue
        _, place = found
        sent = body if body or method == "GET" else None
        headers = {"Content-Type": "application/json"} if sent is not None else {}
        answer = seed.session(who).ask(method, place, sent or None, headers)
        checked += 1
        key = f"{method} {target} {who} {expected}"
        if answer.status == expected:
            differences.agree(key)
        elif differences.explains(key, str(answer.status)):
            known += 1
        else:
            differing.append(f"{key}: {answer.status} {answer.text()[:160]}")
        if method != "GET" and answer.status < 400:
            seed.renew()
    counts = f"{checked} rows", "checked"
    return differences.report("access matrix", counts, differing, known, missing)


if __name__ == "__main__":
    sys.exit(main())
