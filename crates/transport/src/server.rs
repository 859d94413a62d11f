//! Putting the server together: listeners, acceptor, HTTP dispatcher, application.
//!
//! This is what `actix_web::HttpServer` does, with a connection type of our own between the socket
//! and the dispatcher. Per worker and listener:
//!
//! ```text
//! socket → Acceptor → Connection → HttpService (h1 | h2) → the application
//!                        │ └ Outbox: files, past the dispatcher
//!                        └ Watch: requests running, deadlines
//! ```
//!
//! Signals are left to the program.

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix_http::{Extensions, HttpService, KeepAlive, Request, Response};
use actix_server::{GracefulShutdownSignal, Server, ServerBuilder, ServerHandle};
use actix_service::{
    IntoServiceFactory, Service, ServiceFactory, ServiceFactoryExt, apply_fn_factory, fn_service,
    map_config,
};
use actix_web::body::MessageBody;
use actix_web::dev::AppConfig;
use tokio::net::TcpStream;

use crate::accept::{Accepted, Acceptor};
use crate::connection::Connection;
use crate::error::TransportError;
use crate::settings::TransportSettings;
use crate::tls;
use crate::watch::{Running, RunningBody, Watch, Watched};

/// The server library's own limit.
const MAX_WORKERS: usize = 512;

/// After an answer to an unread upload, how long the connection stays open for the client to read
/// it; also how long a closing connection may take.
const DISCONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Binds a listening socket.
///
/// # Errors
/// [`TransportError::AddressInUse`] or [`TransportError::Bind`], naming the address.
pub fn bind(address: SocketAddr) -> Result<TcpListener, TransportError> {
    TcpListener::bind(address).map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => TransportError::AddressInUse { address },
        _ => TransportError::Bind { address, source },
    })
}

/// Serves an application on `listeners` until the handle is stopped.
///
/// `factory` builds the application once for each worker and listener, as for
/// `actix_web::HttpServer::new`. The server does nothing until the returned future is polled.
/// `ServerHandle::stop(true)` stops accepting, ends idle connections, and waits
/// `shutdown_timeout` for the running requests.
///
/// Must be called within an actix or tokio runtime.
///
/// # Errors
/// No listener, workers out of range, a socket that cannot be set up, or certificate files that
/// cannot be used.
pub fn serve<F, I, S, B>(
    listeners: Vec<TcpListener>,
    settings: TransportSettings,
    factory: F,
) -> Result<(Server, ServerHandle), TransportError>
where
    F: Fn() -> I + Send + Clone + 'static,
    I: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig> + 'static,
    S::Error: Into<actix_web::Error> + 'static,
    S::InitError: fmt::Debug,
    S::Response: Into<Response<B>> + 'static,
    <S::Service as Service<Request>>::Future: 'static,
    B: MessageBody + 'static,
{
    if listeners.is_empty() {
        return Err(TransportError::NoListener);
    }
    if !(1..=MAX_WORKERS).contains(&settings.workers) {
        return Err(TransportError::Workers {
            workers: settings.workers,
        });
    }
    let settings = Arc::new(settings);
    let tls_config = load_tls(&settings)?;
    let is_secure = tls_config.is_some();
    let acceptor = Acceptor::new(Arc::clone(&settings), tls_config);
    let mut builder = start_builder(&settings);
    for listener in listeners {
        let address = listener.local_addr().map_err(TransportError::Listener)?;
        let backlog = i32::try_from(settings.backlog).unwrap_or(i32::MAX);
        rustix::net::listen(&listener, backlog)
            .map_err(|error| TransportError::Listener(error.into()))?;
        let site = Site {
            settings: Arc::clone(&settings),
            acceptor: acceptor.clone(),
            drain: builder.graceful_shutdown_signal(),
            address,
            is_secure,
        };
        let factory = factory.clone();
        builder = builder
            .listen(format!("http-{address}"), listener, move || {
                site.build(factory())
            })
            .map_err(TransportError::Listener)?;
    }
    let server = builder.run();
    let handle = server.handle();
    Ok((server, handle))
}

fn load_tls(
    settings: &TransportSettings,
) -> Result<Option<Arc<rustls::ServerConfig>>, TransportError> {
    let Some(tls_settings) = &settings.tls else {
        return Ok(None);
    };
    let (config, store) = tls::load(tls_settings, settings.http2)?;
    if !tls_settings.reload_interval.is_zero() {
        let watching = tls::keep_fresh(Arc::downgrade(&store), tls_settings.reload_interval);
        drop(tokio::spawn(watching));
    }
    Ok(Some(config))
}

fn start_builder(settings: &TransportSettings) -> ServerBuilder {
    let grace_s = settings.shutdown_timeout.as_millis().div_ceil(1000);
    Server::build()
        .workers(settings.workers)
        .max_concurrent_connections(settings.max_connections.div_ceil(settings.workers).max(1))
        .shutdown_timeout(u64::try_from(grace_s).unwrap_or(u64::MAX))
        .disable_signals()
}

/// One listener, as each worker needs it to build its services.
#[derive(Clone)]
struct Site {
    settings: Arc<TransportSettings>,
    acceptor: Acceptor,
    drain: GracefulShutdownSignal,
    address: SocketAddr,
    is_secure: bool,
}

impl Site {
    fn build<I, S, B>(&self, app: I) -> impl ServiceFactory<TcpStream, Config = ()> + use<I, S, B>
    where
        I: IntoServiceFactory<S, Request>,
        S: ServiceFactory<Request, Config = AppConfig> + 'static,
        S::Error: Into<actix_web::Error> + 'static,
        S::InitError: fmt::Debug,
        S::Response: Into<Response<B>> + 'static,
        <S::Service as Service<Request>>::Future: 'static,
        B: MessageBody + 'static,
    {
        let (host, address, is_secure) = (self.address.to_string(), self.address, self.is_secure);
        let app = app
            .into_factory()
            .map_err(|error: S::Error| error.into().error_response());
        // The only public constructor; `Default` would call every connection insecure, and links
        // made from requests would begin with `http`. The lock file pins what it does.
        let app = map_config(app, move |()| {
            AppConfig::__priv_test_new(is_secure, host.clone(), address)
        });
        let app = apply_fn_factory(app, |request: Request, app: &_| {
            let running = request.conn_data::<Rc<Watch>>().map(Running::begin);
            let answering = Service::call(app, request);
            async move {
                let response: Response<B> = answering.await?.into();
                Ok::<_, actix_web::HttpResponse>(
                    response.map_body(|_, body| RunningBody::new(body, running)),
                )
            }
        });
        let drain = self.drain.clone();
        let mut http = HttpService::build()
            .keep_alive(match self.settings.keep_alive {
                Duration::ZERO => KeepAlive::Disabled,
                timeout => KeepAlive::Timeout(timeout),
            })
            .client_request_timeout(self.settings.header_timeout)
            .client_disconnect_timeout(DISCONNECT_TIMEOUT)
            .local_addr(address)
            .graceful_shutdown_signal(move || {
                let signal = drain.clone();
                async move { signal.notified().await }
            })
            .on_connect_ext(introduce);
        if is_secure {
            http = http.secure();
        }
        let acceptor = self.acceptor.clone();
        let drain = self.drain.clone();
        fn_service(move |tcp: TcpStream| acceptor.clone().accept(tcp)).and_then(apply_fn_factory(
            http.finish(app),
            move |(connection, protocol, peer): Accepted, http: &_| {
                let watch = Rc::clone(connection.watch());
                let serving = Service::call(http, (connection, protocol, peer));
                Watched::new(serving, watch, &drain)
            },
        ))
    }
}

/// Makes the facts of a connection known to each of its requests.
fn introduce(connection: &Connection, data: &mut Extensions) {
    data.insert(connection.peer().clone());
    data.insert(Rc::clone(connection.watch()));
    if let Some(outbox) = connection.outbox() {
        data.insert(outbox.clone());
    }
}
