//! Rows about what a request brings: chunks, manifests, tokens and logins.

use super::Row;

/// The head of a push of a manifest.
pub(super) const PUT: &str = "PUT /v2/{repo}/manifests/t\nContent-Type: {manifest type}\n\n";

/// The beginning of every challenge.
pub(super) const CHALLENGE: &str = "www-authenticate: ~Bearer realm=\"http://";

pub(super) const UPLOADS: &[Row] = &[
    (
        "chunk too early",
        "PATCH /v2/{repo}/{upload}\nContent-Range: 0-3\n\nabcd",
        "416 BLOB_UPLOAD_INVALID\nrange: 0-3\nlocation: /v2/{repo}/{upload}",
    ),
    (
        "chunk too late",
        "PATCH /v2/{repo}/{upload}\nContent-Range: 9-12\n\nabcd",
        "416 BLOB_UPLOAD_INVALID\nrange: 0-3",
    ),
    (
        "chunk shorter than announced",
        "PATCH /v2/{repo}/{upload}\nContent-Range: 4-9\n\nabcd",
        "400 SIZE_INVALID",
    ),
    (
        "backwards chunk",
        "PATCH /v2/{repo}/{upload}\nContent-Range: 7-4\n\nabcd",
        "400 BLOB_UPLOAD_INVALID",
    ),
    (
        "chunk range of words",
        "PATCH /v2/{repo}/{upload}\nContent-Range: all\n\nabcd",
        "400 BLOB_UPLOAD_INVALID",
    ),
    (
        "chunk range beyond its total",
        "PATCH /v2/{repo}/{upload}\nContent-Range: bytes 4-7/6\n\nabcd",
        "400 BLOB_UPLOAD_INVALID",
    ),
    (
        "chunk in bytes is fine",
        "PATCH /v2/{repo}/{upload}\nContent-Range: bytes 4-7/8\n\nabcd",
        "202 -\nrange: 0-7\nlocation: /v2/{repo}/{upload}",
    ),
    (
        "empty chunk is fine",
        "PATCH /v2/{repo}/{upload}",
        "202 -\nrange: 0-3",
    ),
    (
        "last chunk out of order",
        "PUT /v2/{repo}/{upload}?digest={blob}\nContent-Range: 0-3\n\nabcd",
        "416 BLOB_UPLOAD_INVALID\nrange: 0-3",
    ),
    (
        "no digest",
        "PUT /v2/{repo}/{upload}",
        "400 BLOB_UPLOAD_INVALID",
    ),
    (
        "malformed digest",
        "PUT /v2/{repo}/{upload}?digest=sha256:abcd",
        "400 DIGEST_INVALID",
    ),
    (
        "another digest",
        "PUT /v2/{repo}/{upload}?digest=sha256:{zeros}",
        "400 DIGEST_INVALID",
    ),
    (
        "another digest, all at once",
        "POST /v2/{repo}/blobs/uploads/?digest=sha256:{zeros}\n\nabcd",
        "400 DIGEST_INVALID",
    ),
    (
        "malformed digest, all at once",
        "POST /v2/{repo}/blobs/uploads/?digest=nonsense\n\nabcd",
        "400 DIGEST_INVALID",
    ),
    (
        "unknown digest algorithm",
        "POST /v2/{repo}/blobs/uploads/?digest-algorithm=md5",
        "400 DIGEST_INVALID",
    ),
    (
        "malformed mount",
        "POST /v2/{repo}/blobs/uploads/?mount=nonsense&from=admin/x",
        "400 DIGEST_INVALID",
    ),
    (
        "mount from a malformed name",
        "POST /v2/{repo}/blobs/uploads/?mount={blob}&from=UPPER",
        "400 NAME_INVALID",
    ),
    (
        "mount of an unknown blob",
        "POST /v2/{repo}/blobs/uploads/?mount=sha256:{zeros}&from=admin/x",
        "202 -\nlocation: ~/v2/{repo}/blobs/uploads/",
    ),
    (
        "unknown upload",
        "PATCH /v2/{repo}/blobs/uploads/00000000-0000-4000-8000-000000000000\n\nabcd",
        "404 BLOB_UPLOAD_UNKNOWN",
    ),
    (
        "upload that is no id",
        "GET /v2/{repo}/blobs/uploads/nonsense",
        "404 BLOB_UPLOAD_UNKNOWN",
    ),
    (
        "upload of another repository",
        "PUT /v2/{other}/{upload}?digest={blob}\nAuthorization: Bearer {other token}",
        "404 BLOB_UPLOAD_UNKNOWN",
    ),
    (
        "cancelling an unknown upload",
        "DELETE /v2/{repo}/blobs/uploads/00000000-0000-4000-8000-000000000000",
        "404 BLOB_UPLOAD_UNKNOWN",
    ),
    (
        "status",
        "GET /v2/{repo}/{upload}",
        "204 -\nrange: 0-3\nlocation: /v2/{repo}/{upload}",
    ),
    (
        "20 GiB and one byte",
        "PATCH /v2/{repo}/{upload}\nContent-Length: 21474836481\nExpect: 100-continue",
        "413 SIZE_INVALID",
    ),
];

pub(super) const MANIFESTS: &[Row] = &[
    ("no JSON", "{put}not json", "400 MANIFEST_INVALID"),
    ("no object", "{put}[]", "400 MANIFEST_INVALID"),
    ("nothing", "{put}", "400 MANIFEST_INVALID"),
    (
        "cut off",
        "{put}{\"schemaVersion\":2,",
        "400 MANIFEST_INVALID",
    ),
    (
        "something after the end",
        "{put}{image body}x",
        "400 MANIFEST_INVALID",
    ),
    (
        "no UTF-8 escape",
        "{put}{\"schemaVersion\":2,\"x\":\"\\ud800\"}",
        "400 MANIFEST_INVALID",
    ),
    (
        "duplicate key",
        "{put}{\"schemaVersion\":2,\"schemaVersion\":2,\"config\":{config},\"layers\":[]}",
        "400 MANIFEST_INVALID",
    ),
    (
        "too deep",
        "{put}{\"schemaVersion\":2,\"x\":{deep},\"config\":{config},\"layers\":[]}",
        "400 MANIFEST_INVALID",
    ),
    (
        "schema version 1",
        "{put}{\"schemaVersion\":1,\"config\":{config},\"layers\":[]}",
        "400 MANIFEST_INVALID",
    ),
    (
        "schema version as text",
        "{put}{\"schemaVersion\":\"2\",\"config\":{config},\"layers\":[]}",
        "400 MANIFEST_INVALID",
    ),
    (
        "no config",
        "{put}{\"schemaVersion\":2,\"layers\":[]}",
        "400 MANIFEST_INVALID",
    ),
    (
        "layers that are no list",
        "{put}{\"schemaVersion\":2,\"config\":{config},\"layers\":{}}",
        "400 MANIFEST_INVALID",
    ),
    (
        "another media type inside",
        "{put}{\"schemaVersion\":2,\"mediaType\":\"{index type}\",\"config\":{config},\"layers\":[]}",
        "400 MANIFEST_INVALID",
    ),
    (
        "image and index at once",
        "{put}{\"schemaVersion\":2,\"config\":{config},\"layers\":[],\"manifests\":[]}",
        "400 MANIFEST_INVALID",
    ),
    (
        "negative size",
        "{put}{\"schemaVersion\":2,\"config\":{\"mediaType\":\"a/b\",\"digest\":\"{blob}\",\"size\":-1},\"layers\":[]}",
        "400 MANIFEST_INVALID",
    ),
    (
        "wrong size",
        "{put}{\"schemaVersion\":2,\"config\":{\"mediaType\":\"a/b\",\"digest\":\"{blob}\",\"size\":11},\"layers\":[]}",
        "400 MANIFEST_INVALID",
    ),
    (
        "size beyond all numbers",
        "{put}{\"schemaVersion\":2,\"config\":{\"mediaType\":\"a/b\",\"digest\":\"{blob}\",\"size\":99999999999999999999},\"layers\":[]}",
        "400 MANIFEST_INVALID",
    ),
    (
        "malformed digest inside",
        "{put}{\"schemaVersion\":2,\"config\":{\"mediaType\":\"a/b\",\"digest\":\"sha256:ab\",\"size\":1},\"layers\":[]}",
        "400 MANIFEST_INVALID",
    ),
    (
        "missing config blob",
        "{put}{\"schemaVersion\":2,\"config\":{\"mediaType\":\"a/b\",\"digest\":\"sha256:{zeros}\",\"size\":1},\"layers\":[]}",
        "400 MANIFEST_BLOB_UNKNOWN",
    ),
    (
        "missing layer",
        "{put}{\"schemaVersion\":2,\"config\":{config},\"layers\":[{\"mediaType\":\"a/b\",\"digest\":\"sha256:{zeros}\",\"size\":1}]}",
        "400 MANIFEST_BLOB_UNKNOWN",
    ),
    (
        "missing child",
        "PUT /v2/{repo}/manifests/t\nContent-Type: {index type}\n\n{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"{manifest type}\",\"digest\":\"sha256:{zeros}\",\"size\":1}]}",
        "400 MANIFEST_BLOB_UNKNOWN",
    ),
    (
        "zero byte in the artifact type",
        "{put}{\"schemaVersion\":2,\"artifactType\":\"a/\\u0000\",\"config\":{config},\"layers\":[]}",
        "400 MANIFEST_INVALID",
    ),
    (
        "zero byte in an annotation is kept as it is",
        "{put}{\"schemaVersion\":2,\"config\":{config},\"layers\":[],\"annotations\":{\"a\":\"b\\u0000c\"},\"subject\":{config}}",
        "201 -",
    ),
    (
        "malformed subject",
        "{put}{\"schemaVersion\":2,\"config\":{config},\"layers\":[],\"subject\":{\"mediaType\":\"a/b\",\"digest\":\"x\",\"size\":1}}",
        "400 MANIFEST_INVALID",
    ),
    (
        "docker schema 1",
        "PUT /v2/{repo}/manifests/t\nContent-Type: application/vnd.docker.distribution.manifest.v1+prettyjws\n\n{\"schemaVersion\":1}",
        "415 MANIFEST_INVALID",
    ),
    (
        "unknown content type",
        "PUT /v2/{repo}/manifests/t\nContent-Type: text/plain\n\n{image body}",
        "415 MANIFEST_INVALID",
    ),
    (
        "another digest",
        "PUT /v2/{repo}/manifests/sha256:{zeros}\nContent-Type: {manifest type}\n\n{image body}",
        "400 DIGEST_INVALID",
    ),
    (
        "more tags than one push sets",
        "PUT /v2/{repo}/manifests/{image}?{tags 101}\nContent-Type: {manifest type}\n\n{image body}",
        "414 INVALID_REQUEST",
    ),
    (
        "over 4 MiB, announced",
        "PUT /v2/{repo}/manifests/t\nContent-Type: {manifest type}\nContent-Length: 4194305\nExpect: 100-continue",
        "413 SIZE_INVALID",
    ),
    (
        "deleting a blob in use",
        "DELETE /v2/{repo}/blobs/{blob}",
        "405 UNSUPPORTED",
    ),
];

pub(super) const TOKENS: &[Row] = &[
    (
        "nobody at the base",
        "GET /v2/\nX-Nobody: 1",
        "401 UNAUTHORIZED\n{challenge}\ndocker-distribution-api-version: registry/2.0",
    ),
    (
        "nobody pushing",
        "POST /v2/{repo}/blobs/uploads/\nX-Nobody: 1",
        "401 UNAUTHORIZED\nwww-authenticate: ~scope=\"repository:{repo}:pull,push\"",
    ),
    (
        "nobody pulling a private blob",
        "GET /v2/{repo}/blobs/{blob}\nX-Nobody: 1",
        "401 UNAUTHORIZED\nwww-authenticate: ~scope=\"repository:{repo}:pull\"",
    ),
    (
        "basic outside the token service",
        "GET /v2/\nAuthorization: {login}",
        "401 UNAUTHORIZED\n{challenge}",
    ),
    (
        "two spaces are fine (RFC 9110, 11.4)",
        "GET /v2/\nAuthorization: Bearer  {token}",
        "200 -",
    ),
    (
        "no token after the word",
        "GET /v2/\nAuthorization: Bearer",
        "401 UNAUTHORIZED\n{challenge}",
    ),
    (
        "another scheme",
        "GET /v2/\nAuthorization: Digest a=b",
        "401 UNAUTHORIZED\n{challenge}",
    ),
    (
        "no token at all",
        "GET /v2/\nAuthorization: Bearer nonsense",
        "401 UNAUTHORIZED\nwww-authenticate: ~error=\"invalid_token\"",
    ),
    (
        "algorithm none",
        "GET /v2/\nAuthorization: Bearer {unsigned}",
        "401 UNAUTHORIZED\nwww-authenticate: ~error=\"invalid_token\"",
    ),
    (
        "signature of another content",
        "GET /v2/\nAuthorization: Bearer {forged}",
        "401 UNAUTHORIZED\nwww-authenticate: ~error=\"invalid_token\"",
    ),
    (
        "claims changed after signing",
        "GET /v2/\nAuthorization: Bearer {changed}",
        "401 UNAUTHORIZED\nwww-authenticate: ~error=\"invalid_token\"",
    ),
    (
        "token of another repository",
        "GET /v2/{repo}/tags/list\nAuthorization: Bearer {other token}",
        "401 UNAUTHORIZED\nwww-authenticate: ~error=\"insufficient_scope\"",
    ),
    (
        "neither login nor scope",
        "GET /v2/auth\nX-Nobody: 1",
        "401 UNAUTHORIZED\n{challenge}",
    ),
    (
        "unreadable scope",
        "GET /v2/auth?scope=nonsense\nX-Nobody: 1",
        "400 INVALID_REQUEST",
    ),
    (
        "upper-case name in a scope",
        "GET /v2/auth?scope=repository:admin/Upper:pull\nX-Nobody: 1",
        "400 NAME_INVALID",
    ),
    (
        "bearer at the token service",
        "GET /v2/auth?scope=repository:{repo}:pull",
        "401 UNAUTHORIZED",
    ),
    (
        "basic that is no base64",
        "GET /v2/auth\nAuthorization: Basic ???",
        "401 UNAUTHORIZED",
    ),
    (
        "basic without a colon",
        "GET /v2/auth\nAuthorization: Basic bm9jb2xvbg==",
        "401 UNAUTHORIZED",
    ),
    (
        "unknown user",
        "GET /v2/auth\nAuthorization: Basic bm9ib2R5Ondyb25n",
        "401 UNAUTHORIZED",
    ),
    (
        "user with a zero byte",
        "GET /v2/auth\nAuthorization: Basic YQBiOnB3",
        "401 UNAUTHORIZED",
    ),
    (
        "form with a zero byte",
        "POST /v2/auth\nX-Nobody: 1\n\nusername=a%00b&password=c%00d",
        "400 INVALID_REQUEST",
    ),
    (
        "form with another grant",
        "POST /v2/auth\nX-Nobody: 1\n\ngrant_type=client_credentials",
        "400 INVALID_REQUEST",
    ),
    (
        "form that is no UTF-8",
        "POST /v2/auth\nX-Nobody: 1\n\nscope=%ff",
        "400 INVALID_REQUEST",
    ),
];
