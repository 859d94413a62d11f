//! Pushing as clients do: blobs, then the manifest that names them.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::http::{Answer, Request};
use super::server::Server;

pub(crate) const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(crate) const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
const OCI_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const OCI_LAYER: &str = "application/vnd.oci.image.layer.v1.tar";

/// The digest of bytes, with its algorithm.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    let hex: String = Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("sha256:{hex}")
}

/// A repository, with a token that may push there.
#[derive(Clone)]
pub(crate) struct Repo<'a> {
    pub(crate) server: &'a Server,
    pub(crate) name: String,
    pub(crate) token: String,
}

impl Repo<'_> {
    /// A request below the repository, with the token.
    pub(crate) fn request(&self, method: &str, below: &str) -> Request {
        let target = format!("/v2/{}/{below}", self.name);
        self.server.request(method, &target).bearer(&self.token)
    }

    pub(crate) fn get(&self, below: &str) -> Answer {
        self.request("GET", below).send()
    }

    pub(crate) fn head(&self, below: &str) -> Answer {
        self.request("HEAD", below).send()
    }

    /// Starts an upload; answers its path below the repository.
    pub(crate) fn start_upload(&self) -> String {
        let answer = self.request("POST", "blobs/uploads/").send().expect(202);
        let location = answer.header("location").unwrap();
        let below = location.strip_prefix(&format!("/v2/{}/", self.name));
        below.expect("a relative Location").to_owned()
    }

    pub(crate) fn patch(&self, upload: &str, range: Option<&str>, body: &[u8]) -> Answer {
        let request = self.request("PATCH", upload).body(body);
        match range {
            Some(range) => request.header("Content-Range", range).send(),
            None => request.send(),
        }
    }

    pub(crate) fn close_upload(&self, upload: &str, digest: &str) -> Answer {
        let target = format!("{upload}?digest={digest}");
        self.request("PUT", &target).send()
    }

    /// Pushes a blob with one request; answers its digest.
    pub(crate) fn push_blob(&self, bytes: &[u8]) -> String {
        let digest = sha256(bytes);
        let target = format!("blobs/uploads/?digest={digest}");
        self.request("POST", &target).body(bytes).send().expect(201);
        digest
    }

    pub(crate) fn put_manifest(&self, reference: &str, media_type: &str, bytes: &[u8]) -> Answer {
        self.request("PUT", &format!("manifests/{reference}"))
            .header("Content-Type", media_type)
            .body(bytes)
            .send()
    }

    /// Pushes an image of one layer; answers the digest of its manifest.
    pub(crate) fn push_image(&self, tag: &str, layer: &[u8]) -> String {
        let bytes = self.image_of(layer).to_string();
        let answer = self.put_manifest(tag, OCI_MANIFEST, bytes.as_bytes());
        answer.expect(201);
        sha256(bytes.as_bytes())
    }

    /// Pushes the blobs of an image of one layer; answers its manifest.
    pub(crate) fn image_of(&self, layer: &[u8]) -> Value {
        let config = b"{}";
        let layers = json!([self.describe(OCI_LAYER, layer)]);
        json!({
            "schemaVersion": 2, "mediaType": OCI_MANIFEST,
            "config": self.describe(OCI_CONFIG, config), "layers": layers,
        })
    }

    /// Pushes an image with a config and layers of its own; answers the digest of its manifest.
    pub(crate) fn push_image_with(&self, tag: &str, config: &Value, layers: &[&[u8]]) -> String {
        let config = self.describe(OCI_CONFIG, config.to_string().as_bytes());
        let layers: Vec<Value> = layers
            .iter()
            .map(|layer| self.describe(OCI_LAYER, layer))
            .collect();
        let manifest = json!({
            "schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": config, "layers": layers,
        });
        let bytes = manifest.to_string();
        let answer = self.put_manifest(tag, OCI_MANIFEST, bytes.as_bytes());
        answer.expect(201);
        sha256(bytes.as_bytes())
    }

    fn describe(&self, media_type: &str, bytes: &[u8]) -> Value {
        json!({ "mediaType": media_type, "digest": self.push_blob(bytes), "size": bytes.len() })
    }
}
