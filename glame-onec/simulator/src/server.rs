//! The listening side: two sockets, one thread.

use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::{Arc, Mutex, PoisonError};

use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::header::AUTHORIZATION;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use crate::answer::{Answer, Transport};
use crate::body::{Piece, PieceBody};
use crate::handler::{Asked, Handler};

/// A request that reached the other origin, where no credentials belong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignRequest {
    /// The path that was asked for.
    pub path: String,
    /// The `Authorization` header, if one was sent.
    pub authorization: Option<String>,
}

pub(crate) type ForeignRequests = Arc<Mutex<Vec<ForeignRequest>>>;

/// The largest request body that is read.
const LARGEST_BODY: usize = 8 << 20;

pub(crate) fn bind(address: SocketAddr) -> io::Result<StdListener> {
    let listener = StdListener::bind(address)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Serves both origins until told to stop.
pub(crate) async fn serve(
    base: StdListener,
    other: StdListener,
    handler: Arc<Handler>,
    foreign: ForeignRequests,
    stop: oneshot::Receiver<()>,
) -> io::Result<()> {
    let (base, other) = (TcpListener::from_std(base)?, TcpListener::from_std(other)?);
    tokio::select! {
        _ = stop => {}
        () = accept(base, move |stream| base_connection(stream, Arc::clone(&handler))) => {}
        () = accept(other, move |stream| other_connection(stream, Arc::clone(&foreign))) => {}
    }
    Ok(())
}

async fn accept<Connection>(listener: TcpListener, connect: impl Fn(TcpStream) -> Connection)
where
    Connection: Future<Output = ()> + Send + 'static,
{
    loop {
        // A connection that is gone before it is accepted concerns nobody.
        if let Ok((stream, _)) = listener.accept().await {
            let _latency_only = stream.set_nodelay(true);
            tokio::spawn(connect(stream));
        }
    }
}

async fn base_connection(stream: TcpStream, handler: Arc<Handler>) {
    let service = service_fn(move |request| {
        let handler = Arc::clone(&handler);
        async move { Ok::<_, Infallible>(answer(&handler, request).await) }
    });
    // The client may leave, or be cut off, at any moment; that is its business.
    let _ended = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn answer(handler: &Handler, request: Request<Incoming>) -> Response<PieceBody> {
    let (head, body) = request.into_parts();
    let body = match Limited::new(body, LARGEST_BODY).collect().await {
        Ok(body) => body.to_bytes().to_vec(),
        Err(_) => return Answer::html(413, "413 Content Too Large").into_response(PLAIN),
    };
    let asked = Asked {
        method: head.method,
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or("").to_owned(),
        headers: head.headers,
        body,
    };
    let answer = handler.answer(&asked);
    let delay = answer.delay + handler.latency;
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    answer.into_response(handler.transport(&asked))
}

const PLAIN: Transport = Transport {
    byte_order_mark: false,
    gzip: false,
    chunked: false,
};

/// The login page of somebody else's server; it only remembers who came.
async fn other_connection(stream: TcpStream, foreign: ForeignRequests) {
    let service = service_fn(move |request: Request<Incoming>| {
        let authorization = request.headers().get(AUTHORIZATION);
        let seen = ForeignRequest {
            path: request.uri().path().to_owned(),
            authorization: authorization
                .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()),
        };
        foreign
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(seen);
        async {
            let page = Piece::Bytes("<html><body>login</body></html>".into());
            Ok::<_, Infallible>(Response::new(PieceBody::new([page], true)))
        }
    });
    let _ended = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}
