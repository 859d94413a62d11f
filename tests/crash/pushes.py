"""What the tests push, and the book of what was confirmed."""

import concurrent.futures
import json
import random
import threading
import time

from registry import Down, Unexpected, digest_of

KIB = 1024
MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
PIECE = 64 * KIB
# An upload with two chunks is saved at the next tick of its actor, which is a second.
SAVE_SECONDS = 1.4


def content(seed, size):
    return random.Random(seed).randbytes(size)


class Book:
    """What the server confirmed with 201: where it is read, and what must be read there."""

    def __init__(self):
        self.lock = threading.Lock()
        self.entries = {}

    def note(self, repository, path, digest):
        with self.lock:
            self.entries[(repository, path)] = digest

    def wrong(self, client, entries=None, threads=8):
        """Reads all of it back and answers what does not come as it was pushed."""
        entries = list((self.entries if entries is None else entries).items())

        def read(entry):
            (repository, path), digest = entry
            try:
                status, _, body = client.call("GET", path, headers={"Accept": MANIFEST_TYPE}, repository=repository)
            except Down as error:
                return str(error)
            if status != 200:
                return f"{path}: {status} {body[:200]!r}"
            return None if digest_of(body) == digest else f"{path}: other bytes with 200"

        with concurrent.futures.ThreadPoolExecutor(threads) as pool:
            return [fault for fault in pool.map(read, entries) if fault]


class Unfinished:
    """An upload that is under way; it can be gone on with after a crash, or is unknown."""

    def __init__(self, repository, location, data):
        self.repository, self.location, self.data = repository, location, data
        self.sent_bytes = 0
        self.may_be_over = False

    @property
    def id(self):
        return self.location.rsplit("/", 1)[1]

    def patch(self, client, size, wanted=(202,)):
        first, last = self.sent_bytes, self.sent_bytes + size
        headers = {"Content-Range": f"{first}-{last - 1}", "Content-Type": "application/octet-stream"}
        answer = client.call("PATCH", self.location, self.data[first:last], headers, self.repository, wanted)
        if answer[0] == 202:
            self.sent_bytes = last
        return answer

    def finish(self, client, wanted=(201,)):
        digest = digest_of(self.data)
        rest = self.data[self.sent_bytes:]
        self.may_be_over = True
        return client.call("PUT", f"{self.location}?digest={digest}", rest, {}, self.repository, wanted)

    def cancel(self, client):
        self.may_be_over = True
        client.call("DELETE", self.location, repository=self.repository, wanted=[204])


def start_upload(client, repository, data, wanted=(202,)):
    _, headers, _ = client.call("POST", f"/v2/{repository}/blobs/uploads/", repository=repository, wanted=wanted)
    return Unfinished(repository, headers["Location"], data)


def push_blob(client, book, repository, data, way="whole", wanted=(201,)):
    """Pushes a blob in one of four ways and books it."""
    digest = digest_of(data)
    if way == "single":
        path = f"/v2/{repository}/blobs/uploads/?digest={digest}"
        status = client.call("POST", path, data, {}, repository, wanted)[0]
    else:
        upload = start_upload(client, repository, data)
        if way == "stream":
            pieces = (data[at:at + PIECE] for at in range(0, len(data), PIECE))
            client.call("PATCH", upload.location, pieces, {}, repository, wanted=[202])
            upload.sent_bytes = len(data)
        elif way == "patch":
            for _ in range(2):
                upload.patch(client, len(data) // 2)
        status = upload.finish(client, wanted)[0]
    if status == 201:
        book.note(repository, f"/v2/{repository}/blobs/{digest}", digest)
    return digest


def render_manifest(config, layers, note=""):
    def describe(data, media_type):
        return {"mediaType": media_type, "digest": digest_of(data), "size": len(data)}

    return json.dumps({
        "schemaVersion": 2, "mediaType": MANIFEST_TYPE,
        "config": describe(config, "application/vnd.oci.image.config.v1+json"),
        "layers": [describe(layer, "application/vnd.oci.image.layer.v1.tar") for layer in layers],
        "annotations": {"note": note},
    }).encode()


def push_manifest(client, book, repository, body, tag=None, wanted=(201,)):
    digest = digest_of(body)
    path = f"/v2/{repository}/manifests/{tag or digest}"
    status = client.call("PUT", path, body, {"Content-Type": MANIFEST_TYPE}, repository, wanted)[0]
    if status == 201:
        book.note(repository, path, digest)
        book.note(repository, f"/v2/{repository}/manifests/{digest}", digest)


class Workload:
    """One push of everything, the same bytes each time it runs.

    `order` says which half comes first: the chunked uploads, or whole blobs and manifests.
    """

    def __init__(self, client, repository, seed, order):
        self.client, self.repository, self.order = client, repository, order
        self.book = Book()
        self.seed = seed
        self.unfinished = []
        self.layers = [content(f"{seed} a", 1024 * KIB), content(f"{seed} b", 5 * 1024 * KIB)]
        self.config = content(f"{seed} c", 2 * KIB)
        self.chunked = content(f"{seed} d", 500 * KIB)

    def run(self, pause=SAVE_SECONDS):
        halves = [lambda: self.push_in_chunks(pause), self.push_images]
        for half in halves if self.order == "chunks first" else reversed(halves):
            half()

    def push_in_chunks(self, pause):
        left = self.begin("left", 400 * KIB)
        left.patch(self.client, 200 * KIB)
        left.patch(self.client, 100 * KIB)
        small = self.begin("small", 40 * KIB)
        small.patch(self.client, 10 * KIB)
        small.patch(self.client, 10 * KIB)
        upload = start_upload(self.client, self.repository, self.chunked)
        self.unfinished.append(upload)
        upload.patch(self.client, 200 * KIB)
        upload.patch(self.client, 100 * KIB)
        time.sleep(pause)
        upload.patch(self.client, 150 * KIB)
        upload.finish(self.client)
        digest = digest_of(self.chunked)
        self.book.note(self.repository, f"/v2/{self.repository}/blobs/{digest}", digest)
        self.cancel_one()
        left.patch(self.client, 50 * KIB)

    def begin(self, name, size):
        upload = start_upload(self.client, self.repository, content(f"{self.seed} {name}", size))
        self.unfinished.append(upload)
        return upload

    def cancel_one(self):
        upload = self.begin("cancelled", 600 * KIB)
        upload.patch(self.client, 300 * KIB)
        upload.cancel(self.client)

    def push_images(self):
        client, book, repository = self.client, self.book, self.repository
        push_blob(client, book, repository, self.config, "single")
        push_blob(client, book, repository, self.layers[0], "whole")
        push_blob(client, book, repository, self.layers[1], "stream")
        push_manifest(client, book, repository, render_manifest(self.config, self.layers, self.seed), f"tag-{self.seed}")
        push_manifest(client, book, repository, render_manifest(self.config, self.layers[:1], self.seed))
        # The loser of a digest that is there already drops its bytes.
        push_blob(client, book, repository, self.layers[0], "patch")

    def settle(self, registry):
        """Ends every upload that was under way and answers what is wrong with it."""
        # Nobody has asked for an upload yet, so its row is as the crash left it.
        rows = registry.query("SELECT id, offset_bytes FROM upload")
        saved = {row[0]: int(row[1]) for row in rows}
        faults = []
        for upload in self.unfinished:
            fault = self.settle_one(upload, saved.get(upload.id))
            if fault:
                faults.append(f"{upload.location}: {fault}")
        return faults

    def settle_one(self, upload, saved_bytes):
        status, headers, body = self.client.call("GET", upload.location, repository=self.repository)
        if status == 404:
            return None if saved_bytes is None else f"404, but {saved_bytes} bytes were saved"
        if status != 204:
            return f"{status} {body[:200]!r}"
        upload.sent_bytes = int(headers["Range"].split("-")[1]) + 1
        if upload.sent_bytes == 1:
            upload.sent_bytes = 0
        if saved_bytes is not None and upload.sent_bytes != saved_bytes:
            return f"goes on at {upload.sent_bytes}, saved were {saved_bytes}"
        status, _, body = upload.finish(self.client, wanted=None)
        # An upload whose cancel or commit was under way may turn out to be over.
        if status == 404 and upload.may_be_over:
            return None
        if status != 201:
            return f"cannot be finished from {upload.sent_bytes}: {status} {body[:200]!r}"
        digest = digest_of(upload.data)
        self.book.note(self.repository, f"/v2/{self.repository}/blobs/{digest}", digest)
        return None
