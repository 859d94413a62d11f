//! The application under the server: files in parts, uploads, and facts about connection and
//! worker.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::{App, Error, HttpRequest, HttpResponse, web};
use bytes::Bytes;
use futures_util::StreamExt;
use rustix::time::{ClockId, clock_gettime};
use slipway_transport::{FilePart, PeerInfo, respond_file};

struct ContentPath(PathBuf);

/// `/parts/0-10,5-20` answers bytes 0 to 9, then 20 bytes from the fifth.
pub(crate) fn build(
    path: PathBuf,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<BoxBody>,
        Error = Error,
        InitError = (),
    >,
> {
    App::new()
        .app_data(web::Data::new(ContentPath(path)))
        .route("/parts/{spans}", web::get().to(parts))
        .route("/parts/{spans}", web::head().to(parts))
        .route("/abandon/{spans}", web::get().to(abandon))
        .route("/upload", web::put().to(upload))
        .route("/refuse", web::put().to(refuse))
        .route("/peer", web::get().to(peer))
        .route("/cpu", web::get().to(cpu))
}

async fn parts(
    request: HttpRequest,
    content: web::Data<ContentPath>,
    spans: web::Path<String>,
) -> HttpResponse {
    let file = Arc::new(File::open(&content.0).unwrap());
    let parts = spans
        .split(',')
        .map(|span| {
            let (offset, len) = span.split_once('-').unwrap();
            FilePart {
                file: Arc::clone(&file),
                offset: offset.parse().unwrap(),
                len: len.parse().unwrap(),
            }
        })
        .collect();
    let mut builder = HttpResponse::Ok();
    builder.insert_header(("x-marker", "file"));
    respond_file(&request, builder, parts)
}

/// A body that ends before the one it carries.
struct Impatient(Option<BoxBody>);

impl MessageBody for Impatient {
    type Error = io::Error;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, io::Error>>> {
        if let Some(body) = &mut self.0 {
            assert!(
                Pin::new(body).poll_next(cx).is_pending(),
                "the body was handed over"
            );
        }
        self.0 = None;
        Poll::Ready(None)
    }
}

async fn abandon(
    request: HttpRequest,
    content: web::Data<ContentPath>,
    spans: web::Path<String>,
) -> HttpResponse {
    parts(request, content, spans)
        .await
        .map_body(|_, body| BoxBody::new(Impatient(Some(body))))
}

/// Answers length and checksum of what arrived.
async fn upload(mut payload: web::Payload) -> Result<HttpResponse, Error> {
    let mut len = 0;
    let mut sum = 0;
    while let Some(chunk) = payload.next().await {
        let chunk = chunk?;
        sum = checksum(sum, &chunk);
        len += chunk.len();
    }
    Ok(HttpResponse::Ok().body(format!("{len} {sum}")))
}

/// A checksum that depends on the order of the bytes, not on how they are cut.
pub(crate) fn checksum(start: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(start, |sum, byte| {
        sum.wrapping_mul(31).wrapping_add(u64::from(*byte))
    })
}

async fn refuse() -> HttpResponse {
    HttpResponse::Forbidden().body("no")
}

async fn peer(request: HttpRequest) -> String {
    let peer = PeerInfo::find_in(&request).unwrap();
    assert_eq!(Some(peer.address), request.peer_addr());
    format!(
        "{} {} {:?}",
        request.connection_info().scheme(),
        peer.tls,
        peer.version
    )
}

/// Answers the CPU time of the worker's thread, in microseconds.
async fn cpu() -> String {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    (time.tv_sec * 1_000_000 + time.tv_nsec / 1000).to_string()
}
