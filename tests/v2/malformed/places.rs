//! Rows about what a request line and its range name: repositories, tags, digests, pages, methods.

use super::Row;

pub(super) const NAMES: &[Row] = &[
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

pub(super) const TAGS: &[Row] = &[
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

pub(super) const DIGESTS: &[Row] = &[
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

pub(super) const RANGES: &[Row] = &[
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

pub(super) const METHODS: &[Row] = &[
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

pub(super) const PAGES: &[Row] = &[
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
