//! One HTTP answer before it becomes bytes on the wire.

use std::io::Write;
use std::time::Duration;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use hyper::header::{HeaderName, HeaderValue};
use hyper::{Response, StatusCode};

use crate::body::{Piece, PieceBody, RowStream};
use crate::errors::ODataError;
use crate::options::Format;

pub(crate) const JSON: &str = "application/json;charset=utf-8";
pub(crate) const HTML: &str = "text/html; charset=utf-8";
pub(crate) const XML: &str = "application/xml";
pub(crate) const TEXT: &str = "text/plain";
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// How much of a long body is made before its headers are sent.
pub(crate) const HEAD_START: usize = 1 << 20;

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) headers: Vec<(HeaderName, String)>,
    pub(crate) start: Vec<u8>,
    /// The rows that follow the start, when they did not fit into it.
    pub(crate) rest: Option<Box<RowStream>>,
    /// Held back before the first byte.
    pub(crate) delay: Duration,
    pub(crate) ending: Ending,
}

/// How the body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Whole,
    /// Only half of it, and no sign of that.
    Half,
    /// Half of it, then the connection is cut.
    HalfThenCut,
    /// Half of it, a pause, the other half.
    PauseInTheMiddle(Duration),
    Endless,
}

/// What the client and the quirks ask of the transport.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Transport {
    pub(crate) byte_order_mark: bool,
    pub(crate) gzip: bool,
    pub(crate) chunked: bool,
}

impl Answer {
    pub(crate) fn new(status: u16, content_type: &'static str, start: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            content_type,
            headers: Vec::new(),
            start: start.into(),
            rest: None,
            delay: Duration::ZERO,
            ending: Ending::Whole,
        }
    }

    pub(crate) fn error(error: &ODataError, format: Option<Format>) -> Self {
        match format {
            None | Some(Format::Atom) => Self::new(error.status, XML, error.xml()),
            Some(_) => Self::new(error.status, JSON, error.json()),
        }
    }

    pub(crate) fn html(status: u16, title: &str) -> Self {
        let page = format!(
            "<!DOCTYPE html>\n<html><head><title>{title}</title></head>\
             <body><h1>{title}</h1></body></html>\n"
        );
        Self::new(status, HTML, page)
    }

    pub(crate) fn header(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn into_response(mut self, transport: Transport) -> Response<PieceBody> {
        if transport.byte_order_mark && !self.start.starts_with(BYTE_ORDER_MARK) {
            self.start.splice(0..0, BYTE_ORDER_MARK.iter().copied());
        }
        let mut compressed = false;
        if transport.gzip && self.ending != Ending::Endless {
            self.read_to_end();
            self.start = gzip(&self.start);
            compressed = true;
        }
        if !matches!(self.ending, Ending::Whole | Ending::Endless) {
            self.read_to_end();
        }
        let mut response = Response::new(PieceBody::new([], true));
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or_default();
        let headers = response.headers_mut();
        headers.insert("DataServiceVersion", HeaderValue::from_static("3.0"));
        headers.insert(
            hyper::header::CONTENT_TYPE,
            HeaderValue::from_static(self.content_type),
        );
        if compressed {
            headers.insert(
                hyper::header::CONTENT_ENCODING,
                HeaderValue::from_static("gzip"),
            );
        }
        for (name, value) in std::mem::take(&mut self.headers) {
            if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
                headers.insert(name, value);
            }
        }
        *response.body_mut() = PieceBody::new(self.pieces(), !transport.chunked);
        response
    }

    /// Makes the rest of the body now.
    fn read_to_end(&mut self) {
        if let Some(mut rest) = self.rest.take()
            && rest.fill(&mut self.start, usize::MAX).is_err()
        {
            self.ending = Ending::HalfThenCut;
        }
    }

    fn pieces(self) -> Vec<Piece> {
        let start = Bytes::from(self.start);
        let half = start.len() / 2;
        match self.ending {
            Ending::Whole => {
                let rest = self.rest.map(Piece::Rows);
                [Piece::Bytes(start)].into_iter().chain(rest).collect()
            }
            Ending::Half => vec![Piece::Bytes(start.slice(..half))],
            Ending::HalfThenCut => vec![
                Piece::Bytes(start.slice(..half)),
                Piece::Wait(TINY),
                Piece::Cut,
            ],
            Ending::PauseInTheMiddle(pause) => vec![
                Piece::Bytes(start.slice(..half)),
                Piece::Wait(pause),
                Piece::Bytes(start.slice(half..)),
            ],
            Ending::Endless => vec![Piece::Bytes(start.clone()), Piece::Endless(start)],
        }
    }
}

/// Long enough for the first half to leave before the connection is cut.
const TINY: Duration = Duration::from_millis(5);

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    // Writing into memory cannot fail.
    let written = encoder.write_all(bytes).and_then(|()| encoder.finish());
    written.unwrap_or_default()
}
