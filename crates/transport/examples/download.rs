//! Measures what moving large bodies costs the server, in MB/s and CPU seconds per GiB.
//!
//! ```text
//! cargo run --release -p slipway-transport --example download [-- WORDS]
//! ```
//!
//! With words, such as `PUT plain`, only variants whose name begins with them are measured.
//!
//! The server runs in this process, so that its CPU time can be read off; the client is a child
//! process with blocking sockets that throws the bodies away. Every variant moves the same bytes:
//! one body of 1 GiB, then 64 bodies of 16 MiB over 8 connections. Files are in the page cache.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a measuring program: it stops at the first failure and prints a table"
)]

use std::fs::File;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use futures_util::StreamExt;
use rustix::time::{ClockId, clock_gettime};
use slipway_transport::{
    FileBody, FilePart, ServerHandle, TlsSettings, TlsVersion, TransportSettings, bind,
    respond_file, serve,
};

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const MIB: u64 = 1024 * 1024;
const ROUNDS: usize = 3;

#[derive(Clone, Copy, PartialEq)]
enum Way {
    Best,
    Stream,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments
        .first()
        .is_some_and(|argument| argument == "client")
    {
        return client(&arguments[1..]);
    }
    actix_rt::System::new().block_on(measure_all(&arguments.join(" ")));
}

async fn measure_all(beginning: &str) {
    let folder = tempfile::tempdir().unwrap();
    let file_path = folder.path().join("content");
    let mut file = File::create(&file_path).unwrap();
    let block: Vec<u8> = (0..MIB)
        .map(|index| (index % 251).to_le_bytes()[0])
        .collect();
    for _ in 0..1024 {
        file.write_all(&block).unwrap();
    }
    let file = Arc::new(File::open(&file_path).unwrap());
    let tls = write_certificate(folder.path());

    println!(
        "{:<34} {:>8} {:>12} {:>8}",
        "variant", "MB/s", "CPU s/GiB", "RSS MiB"
    );
    for (name, way, tls) in [
        ("GET plain, sendfile", Way::Best, None),
        ("GET plain, streaming", Way::Stream, None),
        ("GET TLS, past the dispatcher", Way::Best, Some(tls.clone())),
        ("GET TLS, streaming", Way::Stream, Some(tls.clone())),
    ] {
        if !name.starts_with(beginning) {
            continue;
        }
        let (address, handle) = start(way, tls.clone(), Arc::clone(&file));
        measure(name, "get", address, tls.as_ref()).await;
        handle.stop(false).await;
    }
    for (name, tls) in [("PUT plain", None), ("PUT TLS", Some(tls))] {
        if !name.starts_with(beginning) {
            continue;
        }
        let (address, handle) = start(Way::Best, tls.clone(), Arc::clone(&file));
        measure(name, "put", address, tls.as_ref()).await;
        handle.stop(false).await;
    }
    let name = "PUT plain, HttpServer";
    if name.starts_with(beginning) {
        let (address, handle) = start_plain_actix();
        measure(name, "put", address, None).await;
        handle.stop(false).await;
    }
}

async fn measure(name: &str, verb: &str, address: SocketAddr, tls: Option<&TlsSettings>) {
    for (body_mib, bodies, connections) in [(1024, 1, 1), (16, 64, 8)] {
        let mut rates = Vec::new();
        let mut costs = Vec::new();
        for _ in 0..ROUNDS {
            let mut command = Command::new(std::env::current_exe().unwrap());
            command.args(["client", verb, &address.to_string()]);
            command.args([body_mib, bodies, connections].map(|number: u64| number.to_string()));
            command.args(tls.map(|tls| tls.certificate.as_os_str()));
            let (cpu_before, started) = (cpu_s(), Instant::now());
            let status = web::block(move || command.status().unwrap()).await.unwrap();
            assert!(status.success(), "the client failed");
            rates.push(1073.74 / started.elapsed().as_secs_f64());
            costs.push(cpu_s() - cpu_before);
        }
        rates.sort_by(f64::total_cmp);
        costs.sort_by(f64::total_cmp);
        let label = format!("{name}, {bodies} x {body_mib} MiB");
        let (rate, cost) = (rates[ROUNDS / 2], costs[ROUNDS / 2]);
        println!(
            "{label:<34} {rate:>8.0} {cost:>12.3} {:>8.0}",
            resident_mib()
        );
    }
}

fn cpu_s() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

fn resident_mib() -> f64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: f64 = statm.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096.0 / MIB as f64
}

fn write_certificate(folder: &Path) -> TlsSettings {
    let pair = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let settings = TlsSettings {
        certificate: folder.join("cert.pem"),
        key: folder.join("key.pem"),
        min_version: TlsVersion::Tls13,
        reload_interval: Duration::ZERO,
    };
    std::fs::write(&settings.certificate, pair.cert.pem()).unwrap();
    std::fs::write(&settings.key, pair.signing_key.serialize_pem()).unwrap();
    settings
}

fn start(way: Way, tls: Option<TlsSettings>, file: Arc<File>) -> (SocketAddr, ServerHandle) {
    let listener = bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let address = listener.local_addr().unwrap();
    let settings = TransportSettings {
        workers: 2,
        max_connections: 1000,
        backlog: 1024,
        keep_alive: Duration::from_secs(30),
        header_timeout: Duration::from_secs(10),
        shutdown_timeout: Duration::from_secs(1),
        tls,
        http2: true,
    };
    let (server, handle) = serve(vec![listener], settings, move || {
        let file = Arc::clone(&file);
        let get = move |request: HttpRequest, mib: web::Path<u64>| {
            let parts = vec![FilePart {
                file: Arc::clone(&file),
                offset: 0,
                len: mib.into_inner() * MIB,
            }];
            let response = match way {
                Way::Best => respond_file(&request, HttpResponse::Ok(), parts),
                Way::Stream => HttpResponse::Ok().body(FileBody::new(parts)),
            };
            std::future::ready(response)
        };
        App::new()
            .route("/{mib}", web::get().to(get))
            .route("/{mib}", web::put().to(swallow))
    })
    .unwrap();
    actix_rt::spawn(server);
    (address, handle)
}

fn start_plain_actix() -> (SocketAddr, ServerHandle) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = HttpServer::new(|| App::new().route("/{mib}", web::put().to(swallow)))
        .workers(2)
        .disable_signals()
        .listen(listener)
        .unwrap()
        .run();
    let handle = server.handle();
    actix_rt::spawn(server);
    (address, handle)
}

async fn swallow(mut payload: web::Payload) -> HttpResponse {
    let mut bytes = 0;
    while let Some(chunk) = payload.next().await {
        bytes += chunk.unwrap().len();
    }
    HttpResponse::Ok().body(bytes.to_string())
}

trait Stream: Read + Write {}
impl<T: Read + Write> Stream for T {}

/// `client VERB ADDRESS BODY_MIB BODIES CONNECTIONS [CERTIFICATE]`
fn client(arguments: &[String]) {
    let [body_mib, bodies, connections] =
        [2, 3, 4].map(|index: usize| arguments[index].parse::<u64>().unwrap());
    let (verb, address) = (arguments[0].as_str(), arguments[1].as_str());
    let certificate = arguments.get(5).map(String::as_str);
    std::thread::scope(|scope| {
        for _ in 0..connections {
            scope.spawn(move || {
                let mut stream = connect(address, certificate);
                for _ in 0..bodies / connections {
                    exchange(&mut *stream, verb, body_mib);
                }
            });
        }
    });
}

fn connect(address: &str, certificate: Option<&str>) -> Box<dyn Stream> {
    let tcp = TcpStream::connect(address).unwrap();
    tcp.set_nodelay(true).unwrap();
    let Some(certificate) = certificate else {
        return Box::new(tcp);
    };
    use rustls_pki_types::{CertificateDer, pem::PemObject};
    let mut roots = rustls::RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_file(certificate).unwrap())
        .unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = "localhost".try_into().unwrap();
    let connection = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
    Box::new(rustls::StreamOwned::new(connection, tcp))
}

fn exchange(stream: &mut dyn Stream, verb: &str, body_mib: u64) {
    let mut buffer = vec![0; 256 * 1024];
    let body_len = body_mib * MIB;
    let mut left = body_len;
    if verb == "put" {
        write!(
            stream,
            "PUT /{body_mib} HTTP/1.1\r\nhost: x\r\ncontent-length: {body_len}\r\n\r\n"
        )
        .unwrap();
        while left > 0 {
            stream.write_all(&buffer).unwrap();
            left -= buffer.len() as u64;
        }
        stream.flush().unwrap();
        let read = stream.read(&mut buffer).unwrap();
        let answer = String::from_utf8_lossy(&buffer[..read]);
        assert!(
            answer.ends_with(&body_len.to_string()),
            "unexpected answer {answer}"
        );
        return;
    }
    write!(stream, "GET /{body_mib} HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    stream.flush().unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    assert!(head.starts_with(b"HTTP/1.1 200"), "unexpected answer");
    while left > 0 {
        let limit = left.min(buffer.len() as u64);
        let read = stream
            .read(&mut buffer[..usize::try_from(limit).unwrap()])
            .unwrap();
        assert!(read > 0, "the body is too short");
        left -= read as u64;
    }
}
