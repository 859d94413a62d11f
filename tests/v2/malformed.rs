//! Requests that are wrong in one way each, and the exact answer to each.
//!
//! A row is written as it travels: the request line, headers, an empty line, the body. In braces
//! stand what was pushed before (`{repo}`, `{blob}`, `{big}`, `{config}`, `{image}`) and what is
//! made for the row (`{upload}`, an open upload that holds 4 bytes). `Host`, `Content-Length`,
//! `Connection` and the token are added unless the row has them; `X-Nobody` leaves the token out.
//! An answer is the status, the code of the first error (`-` for none), then headers: `name: value`
//! exactly, `name: ~part` containing the part, `name: !` absent.

use crate::support::{Answer, Repo, Request, Server, noise, shared};

type Row = (&'static str, &'static str, &'static str);

const NAMES: &[Row] = &[
    (
        "upper case",
        "GET /v2/admin/Upper/tags/list",
        "400 NAME_INVALID\ncontent-type: application/json\ndocker-distribution-api-version: registry/2.0",
    ),
    (
        "upper case when pushing",
        "POST /v2/admin/Upper/blobs/uploads/",
        "400 NAME_INVALID",
    ),
    ("two dots", "GET /v2/admin/../tags/list", "400 NAME_INVALID"),
    (
        "two dots, escaped",
        "GET /v2/admin/%2e%2e/tags/list",
        "400 NAME_INVALID",
    ),
    (
        "empty segment",
        "GET /v2/admin//x/tags/list",
        "400 NAME_INVALID",
    ),
    (
        "trailing dash is a name to Quay",
        "GET /v2/admin/x-/tags/list",
        "401 UNAUTHORIZED",
    ),
    (
        "trailing dash of a namespace",
        "GET /v2/admin-/x/tags/list",
        "400 NAME_INVALID",
    ),
    (
        "leading dot",
        "GET /v2/admin/.x/tags/list",
        "400 NAME_INVALID",
    ),
    (
        "three underscores are a name to Quay",
        "GET /v2/admin/a___b/tags/list",
        "401 UNAUTHORIZED",
    ),
    ("space", "GET /v2/admin/a%20b/tags/list", "400 NAME_INVALID"),
    (
        "newline",
        "GET /v2/admin/a%0ab/tags/list",
        "400 NAME_INVALID",
    ),
    (
        "zero byte",
        "GET /v2/admin/a%00b/tags/list",
        "400 NAME_INVALID",
    ),
    (
        "no UTF-8",
        "GET /v2/admin/a%ffb/tags/list",
        "404 INVALID_REQUEST",
    ),
    (
        "300 characters",
        "GET /v2/admin/{long300}/tags/list",
        "400 NAME_INVALID",
    ),
    (
        "path of nothing",
        "GET /v2/admin/x/nothing",
        "404 INVALID_REQUEST",
    ),
    ("name alone", "GET /v2/admin", "404 INVALID_REQUEST"),
    (
        "unknown repository",
        "GET /v2/admin/nobody-pushed-this/tags/list",
        "401 UNAUTHORIZED\nwww-authenticate: ~repository:admin/nobody-pushed-this:pull",
    ),
];

const TAGS: &[Row] = &[
    (
        "tag of 129 characters",
        "GET /v2/{repo}/manifests/{long129}",
        "400 TAG_INVALID",
    ),
    (
        "tag of 128 characters",
        "GET /v2/{repo}/manifests/{long128}",
        "404 MANIFEST_UNKNOWN",
    ),
    (
        "leading dot",
        "GET /v2/{repo}/manifests/.a",
        "400 TAG_INVALID",
    ),
    (
        "leading dash",
        "PUT /v2/{repo}/manifests/-a\nContent-Type: {manifest type}\n\n{}",
        "400 TAG_INVALID",
    ),
    ("plus", "GET /v2/{repo}/manifests/a+b", "400 TAG_INVALID"),
    (
        "unknown tag",
        "GET /v2/{repo}/manifests/absent",
        "404 MANIFEST_UNKNOWN",
    ),
    (
        "unknown tag, head",
        "HEAD /v2/{repo}/manifests/absent",
        "404 -",
    ),
    (
        "deleting an unknown tag",
        "DELETE /v2/{repo}/manifests/absent",
        "404 MANIFEST_UNKNOWN",
    ),
    (
        "tag parameter",
        "PUT /v2/{repo}/manifests/{image}?tag=.a\nContent-Type: {manifest type}\n\n{image body}",
        "400 TAG_INVALID",
    ),
];

const DIGESTS: &[Row] = &[
    (
        "short",
        "GET /v2/{repo}/blobs/sha256:abcd",
        "400 DIGEST_INVALID",
    ),
    (
        "upper-case hex",
        "GET /v2/{repo}/blobs/sha256:ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789",
        "400 DIGEST_INVALID",
    ),
    (
        "unknown algorithm",
        "GET /v2/{repo}/blobs/md5:d41d8cd98f00b204e9800998ecf8427e",
        "400 DIGEST_INVALID",
    ),
    (
        "no algorithm",
        "GET /v2/{repo}/blobs/abcdef",
        "400 DIGEST_INVALID",
    ),
    (
        "sha512 of the length of sha256",
        "GET /v2/{repo}/blobs/sha512:{zeros}",
        "400 DIGEST_INVALID",
    ),
    (
        "manifest by a short digest",
        "GET /v2/{repo}/manifests/sha256:abcd",
        "400 DIGEST_INVALID",
    ),
    (
        "referrers of a tag",
        "GET /v2/{repo}/referrers/latest",
        "400 DIGEST_INVALID",
    ),
    (
        "escaped colon is fine",
        "HEAD /v2/{repo}/blobs/{blob escaped}",
        "200 -\ncontent-length: 10\ndocker-content-digest: {blob}",
    ),
    (
        "unknown blob",
        "GET /v2/{repo}/blobs/sha256:{zeros}",
        "404 BLOB_UNKNOWN",
    ),
    (
        "unknown blob, head",
        "HEAD /v2/{repo}/blobs/sha256:{zeros}",
        "404 -",
    ),
    (
        "unknown manifest",
        "GET /v2/{repo}/manifests/sha256:{zeros}",
        "404 MANIFEST_UNKNOWN",
    ),
    (
        "deleting an unknown blob",
        "DELETE /v2/{repo}/blobs/sha256:{zeros}",
        "404 BLOB_UNKNOWN",
    ),
    (
        "deleting an unknown manifest",
        "DELETE /v2/{repo}/manifests/sha256:{zeros}",
        "404 MANIFEST_UNKNOWN",
    ),
];

const RANGES: &[Row] = &[
    (
        "first bytes",
        "GET /v2/{repo}/blobs/{blob}\nRange: bytes=0-3",
        "206 -\ncontent-range: bytes 0-3/10\ncontent-length: 4",
    ),
    (
        "suffix",
        "GET /v2/{repo}/blobs/{blob}\nRange: bytes=-3",
        "206 -\ncontent-range: bytes 7-9/10\ncontent-length: 3",
    ),
    (
        "suffix longer than the blob",
        "GET /v2/{repo}/blobs/{blob}\nRange: bytes=-30",
        "206 -\ncontent-range: bytes 0-9/10",
    ),
    (
        "empty suffix",
        "GET /v2/{repo}/blobs/{blob}\nRange: bytes=-0",
        "416 SIZE_INVALID\ncontent-range: bytes */10",
    ),
    (
        "open end",
        "GET /v2/{repo}/blobs/{big}\nRange: bytes=99999-",
        "206 -\ncontent-range: bytes 99999-99999/100000\ncontent-length: 1",
    ),
    (
        "end beyond the blob",
        "GET /v2/{repo}/blobs/{blob}\nRange: bytes=5-99",
        "206 -\ncontent-range: bytes 5-9/10",
    ),
    (
        "start beyond the blob",
        "GET /v2/{repo}/blobs/{blob}\nRange: bytes=10-",
        "416 SIZE_INVALID\ncontent-range: bytes */10",
    ),
    (
        "start beyond a large blob",
        "GET /v2/{repo}/blobs/{big}\nRange: bytes=100000-100001",
        "416 SIZE_INVALID\ncontent-range: bytes */100000",
    ),
    (
        "backwards",
        "GET /v2/{repo}/blobs/{blob}\nRange: bytes=5-2",
        "416 SIZE_INVALID\ncontent-range: bytes */10",
    ),
    (
        "beyond all numbers",
        "GET /v2/{repo}/blobs/{blob}\nRange: bytes=99999999999999999999999-",
        "416 SIZE_INVALID",
    ),
    (
        "several ranges",
        "GET /v2/{repo}/blobs/{blob}\nRange: bytes=0-1,4-5",
        "200 -\ncontent-length: 10\ncontent-range: !",
    ),
    (
        "another unit",
        "GET /v2/{repo}/blobs/{blob}\nRange: lines=0-1",
        "200 -\ncontent-length: 10",
    ),
    (
        "no number",
        "GET /v2/{repo}/blobs/{blob}\nRange: bytes=a-b",
        "200 -\ncontent-length: 10",
    ),
    (
        "range of another version",
        "GET /v2/{repo}/blobs/{blob}\nRange: bytes=0-1\nIf-Range: \"other\"",
        "200 -\ncontent-length: 10",
    ),
    (
        "range of this version",
        "GET /v2/{repo}/blobs/{blob}\nRange: bytes=0-1\nIf-Range: \"{blob}\"",
        "206 -\ncontent-length: 2",
    ),
    (
        "unchanged",
        "GET /v2/{repo}/blobs/{blob}\nIf-None-Match: \"{blob}\"",
        "304 -\netag: \"{blob}\"",
    ),
    (
        "range of an unknown blob",
        "GET /v2/{repo}/blobs/sha256:{zeros}\nRange: bytes=0-1",
        "404 BLOB_UNKNOWN",
    ),
];

const UPLOADS: &[Row] = &[
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

const METHODS: &[Row] = &[
    ("base", "POST /v2/", "405 UNSUPPORTED"),
    ("catalog", "DELETE /v2/_catalog", "405 UNSUPPORTED"),
    ("tags", "PUT /v2/{repo}/tags/list", "405 UNSUPPORTED"),
    (
        "manifest by post",
        "POST /v2/{repo}/manifests/latest",
        "405 UNSUPPORTED",
    ),
    (
        "manifest by patch",
        "PATCH /v2/{repo}/manifests/latest",
        "405 UNSUPPORTED",
    ),
    (
        "blob by put",
        "PUT /v2/{repo}/blobs/{blob}",
        "405 UNSUPPORTED",
    ),
    (
        "blob by post",
        "POST /v2/{repo}/blobs/{blob}",
        "405 UNSUPPORTED",
    ),
    (
        "listing uploads",
        "GET /v2/{repo}/blobs/uploads/",
        "405 UNSUPPORTED",
    ),
    (
        "upload by post",
        "POST /v2/{repo}/{upload}",
        "405 UNSUPPORTED",
    ),
    (
        "referrers by delete",
        "DELETE /v2/{repo}/referrers/{image}",
        "405 UNSUPPORTED",
    ),
    ("token by delete", "DELETE /v2/auth", "405 UNSUPPORTED"),
    (
        "a method nobody knows",
        "BREW /v2/{repo}/manifests/latest",
        "405 UNSUPPORTED",
    ),
];

const PUT: &str = "PUT /v2/{repo}/manifests/t\nContent-Type: {manifest type}\n\n";

const MANIFESTS: &[Row] = &[
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

const PAGES: &[Row] = &[
    (
        "negative page",
        "GET /v2/{repo}/tags/list?n=-1",
        "400 INVALID_REQUEST",
    ),
    (
        "page of words",
        "GET /v2/{repo}/tags/list?n=x",
        "400 INVALID_REQUEST",
    ),
    (
        "catalog, page of words",
        "GET /v2/_catalog?n=x",
        "400 INVALID_REQUEST",
    ),
    (
        "page of nothing",
        "GET /v2/{repo}/tags/list?n=0",
        "200 -\nlink: !",
    ),
    (
        "after what no tag can be",
        "GET /v2/{repo}/tags/list?last=%7f%20zzz",
        "200 -\nlink: !",
    ),
    (
        "after a zero byte",
        "GET /v2/{repo}/tags/list?last=a%00b",
        "400 INVALID_REQUEST",
    ),
    (
        "catalog after a zero byte",
        "GET /v2/_catalog?last=a%00b",
        "400 INVALID_REQUEST",
    ),
    (
        "malformed page mark",
        "GET /v2/{repo}/referrers/{image}?after=x",
        "400 INVALID_REQUEST",
    ),
    (
        "referrers of a type with a zero byte",
        "GET /v2/{repo}/referrers/{image}?artifactType=a%00b",
        "400 INVALID_REQUEST",
    ),
];

const CHALLENGE: &str = "www-authenticate: ~Bearer realm=\"http://";

const TOKENS: &[Row] = &[
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
        "signature of another registry",
        "GET /v2/\nAuthorization: Bearer {foreign}",
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

/// What rows speak of.
struct Scene<'a> {
    repo: Repo<'a>,
    words: Vec<(&'static str, String)>,
}

impl<'a> Scene<'a> {
    fn set(server: &'a Server) -> Self {
        let repo = server.repo("malformed/main");
        let other = server.repo("malformed/other");
        let blob = repo.push_blob(b"0123456789");
        let big = repo.push_blob(&noise(1, 100_000));
        let body = repo.image_of(b"0123456789");
        let body_text = body.to_string();
        repo.put_manifest("latest", crate::support::OCI_MANIFEST, body_text.as_bytes())
            .expect(201);
        let (head, rest) = repo.token.split_once('.').unwrap();
        let (claims, signature) = rest.split_once('.').unwrap();
        let foreign = server.token("repository:admin/malformed/other:pull,push");
        let (_, foreign_signature) = foreign.rsplit_once('.').unwrap();
        let words = vec![
            ("{put}", PUT.to_owned()),
            ("{repo}", repo.name.clone()),
            ("{other}", other.name),
            ("{other token}", other.token.clone()),
            ("{token}", repo.token.clone()),
            ("{login}", server.login()),
            (
                "{unsigned}",
                format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{claims}."),
            ),
            ("{forged}", format!("{head}.{claims}.{foreign_signature}")),
            ("{foreign}", format!("{head}.{claims}x.{signature}")),
            ("{blob}", blob.clone()),
            ("{blob escaped}", blob.replace(':', "%3A")),
            ("{big}", big),
            ("{config}", body["config"].to_string()),
            ("{image}", crate::support::sha256(body_text.as_bytes())),
            ("{image body}", body_text),
            ("{manifest type}", crate::support::OCI_MANIFEST.to_owned()),
            ("{index type}", crate::support::OCI_INDEX.to_owned()),
            ("{zeros}", "0".repeat(64)),
            ("{long300}", "a".repeat(300)),
            ("{long129}", "a".repeat(129)),
            ("{long128}", "a".repeat(128)),
            ("{deep}", "[".repeat(200) + &"]".repeat(200)),
            (
                "{tags 101}",
                (0..101).map(|n| format!("tag=v{n}&")).collect(),
            ),
            ("{challenge}", CHALLENGE.to_owned()),
        ];
        Self { repo, words }
    }

    fn fill(&self, text: &str, upload: &str) -> String {
        let mut text = text.replace("{upload}", upload);
        for (word, value) in &self.words {
            text = text.replace(word, value);
        }
        text
    }

    fn ask(&self, request: &str, upload: &str) -> Answer {
        let request = self.fill(request, upload);
        let (head, body) = request.split_once("\n\n").unwrap_or((&request, ""));
        let mut lines = head.lines();
        let (method, target) = lines.next().unwrap().split_once(' ').unwrap();
        let mut built: Request = self.repo.server.request(method, target);
        let mut has_login = false;
        for line in lines {
            let (name, value) = line.split_once(':').unwrap();
            has_login |= matches!(name, "Authorization" | "X-Nobody");
            built = built.header(name, value.strip_prefix(' ').unwrap_or(value));
        }
        if !has_login {
            built = built.bearer(&self.repo.token);
        }
        built.body(body.as_bytes()).send()
    }

    /// What is wrong with an answer.
    fn judge(&self, answer: &Answer, wanted: &str, upload: &str) -> Result<(), String> {
        let wanted = self.fill(wanted, upload);
        let mut lines = wanted.lines();
        let first = format!("{} {}", answer.status, answer.code());
        let wanted_first = lines.next().unwrap();
        if first != wanted_first {
            return Err(format!(
                "wanted {wanted_first}, got {first}: {}",
                answer.text()
            ));
        }
        for line in lines {
            let (name, value) = line.split_once(": ").unwrap();
            let got = answer.header(name);
            let is_right = match (value, value.strip_prefix('~')) {
                ("!", _) => got.is_none(),
                (_, Some(part)) => got.is_some_and(|got| got.contains(part)),
                (value, None) => got == Some(value),
            };
            if !is_right {
                return Err(format!("wanted {line}, got {got:?}"));
            }
        }
        Ok(())
    }
}

#[test]
fn every_malformed_request_has_its_exact_answer() {
    let scene = Scene::set(shared());
    let tables = [
        ("names", NAMES),
        ("tags", TAGS),
        ("digests", DIGESTS),
        ("ranges", RANGES),
        ("uploads", UPLOADS),
        ("methods", METHODS),
        ("manifests", MANIFESTS),
        ("pages", PAGES),
        ("tokens", TOKENS),
    ];
    let mut wrong = Vec::new();
    let mut rows = 0;
    for (table, name, request, wanted) in tables
        .iter()
        .flat_map(|(table, rows)| rows.iter().map(move |row| (table, row.0, row.1, row.2)))
    {
        rows += 1;
        let upload = if request.contains("{upload}") {
            let upload = scene.repo.start_upload();
            scene.repo.patch(&upload, None, b"0123").expect(202);
            upload
        } else {
            String::new()
        };
        let answer = scene.ask(request, &upload);
        if let Err(reason) = scene.judge(&answer, wanted, &upload) {
            wrong.push(format!("{table}, {name}: {reason}"));
        }
    }
    assert!(rows >= 80, "{rows} rows");
    assert!(
        wrong.is_empty(),
        "{} of {rows} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// A refused request leaves nothing behind, and an upload survives what was refused.
#[test]
fn refused_chunks_leave_the_upload_where_it_was() {
    let repo = shared().repo("malformed/uploads");
    let upload = repo.start_upload();
    repo.patch(&upload, Some("0-3"), b"0123").expect(202);
    repo.patch(&upload, Some("0-3"), b"xxxx").expect(416);
    repo.patch(&upload, Some("all"), b"xxxx").expect(400);
    repo.patch(&upload, Some("4-9"), b"456789").expect(202);
    let digest = crate::support::sha256(b"0123456789");
    repo.close_upload(&upload, &digest).expect(201);
    assert_eq!(repo.get(&format!("blobs/{digest}")).body, b"0123456789");
    // Closed: neither a second close nor anything else finds it.
    repo.close_upload(&upload, &digest).expect(404);
    repo.patch(&upload, None, b"x").expect(404);
    repo.request("GET", &upload).send().expect(404);
}

#[test]
fn a_cancelled_upload_is_gone() {
    let repo = shared().repo("malformed/cancelled");
    let upload = repo.start_upload();
    repo.patch(&upload, None, b"0123").expect(202);
    repo.request("DELETE", &upload).send().expect(204);
    for method in ["GET", "PATCH", "PUT", "DELETE"] {
        let target = format!("{upload}?digest=sha256:{}", "0".repeat(64));
        let answer = repo.request(method, &target).send().expect(404);
        assert_eq!(answer.code(), "BLOB_UPLOAD_UNKNOWN", "{method}");
    }
}
