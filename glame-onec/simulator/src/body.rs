//! Response bodies: whole, made row by row, interrupted, or endless.

use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

use crate::read::{RowWriter, Rows};

/// One step of a body.
pub(crate) enum Piece {
    Bytes(Bytes),
    /// Rows that are read only as fast as the client takes them.
    Rows(Box<RowStream>),
    Wait(Duration),
    Sleeping(Pin<Box<tokio::time::Sleep>>),
    /// The connection is cut here.
    Cut,
    /// The same bytes again and again.
    Endless(Bytes),
}

/// A body as a list of pieces.
pub(crate) struct PieceBody {
    pieces: VecDeque<Piece>,
    sized: bool,
}

impl PieceBody {
    pub(crate) fn new(pieces: impl IntoIterator<Item = Piece>, sized: bool) -> Self {
        Self {
            pieces: pieces.into_iter().collect(),
            sized,
        }
    }
}

impl Body for PieceBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        loop {
            let Some(piece) = self.pieces.pop_front() else {
                return Poll::Ready(None);
            };
            match piece {
                Piece::Bytes(bytes) if bytes.is_empty() => {}
                Piece::Bytes(bytes) => return Poll::Ready(Some(Ok(Frame::data(bytes)))),
                Piece::Rows(mut rows) => {
                    let (bytes, more) = rows.chunk();
                    if more {
                        self.pieces.push_front(Piece::Rows(rows));
                    }
                    return Poll::Ready(Some(bytes.map(Frame::data)));
                }
                Piece::Wait(time) => {
                    let sleep = Box::pin(tokio::time::sleep(time));
                    self.pieces.push_front(Piece::Sleeping(sleep));
                }
                Piece::Sleeping(mut sleep) => {
                    if sleep.as_mut().poll(context).is_pending() {
                        self.pieces.push_front(Piece::Sleeping(sleep));
                        return Poll::Pending;
                    }
                }
                Piece::Cut => {
                    let cut = io::Error::new(io::ErrorKind::ConnectionReset, "cut on purpose");
                    return Poll::Ready(Some(Err(cut)));
                }
                Piece::Endless(bytes) => {
                    self.pieces.push_front(Piece::Endless(bytes.clone()));
                    return Poll::Ready(Some(Ok(Frame::data(bytes))));
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.pieces.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        let mut total = 0;
        for piece in &self.pieces {
            let Piece::Bytes(bytes) = piece else {
                return SizeHint::default();
            };
            total += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        }
        if self.sized {
            SizeHint::with_exact(total)
        } else {
            SizeHint::default()
        }
    }
}

/// The rows of an answer on their way into bytes.
pub(crate) struct RowStream {
    rows: Rows,
    writer: RowWriter,
    first: bool,
    pretty: bool,
    repeat_last: bool,
}

/// Bodies are handed over in pieces of about this size.
pub(crate) const CHUNK: usize = 256 * 1_024;

impl RowStream {
    pub(crate) const fn new(
        rows: Rows,
        writer: RowWriter,
        pretty: bool,
        repeat_last: bool,
    ) -> Self {
        Self {
            rows,
            writer,
            first: true,
            pretty,
            repeat_last,
        }
    }

    /// Writes rows until the buffer holds `limit` bytes; says whether there are more.
    pub(crate) fn fill(
        &mut self,
        out: &mut Vec<u8>,
        limit: usize,
    ) -> Result<bool, crate::errors::ODataError> {
        while out.len() < limit {
            let Some(row) = self.rows.next()? else {
                out.extend_from_slice(if self.pretty { b"]\n}" } else { b"]}" });
                return Ok(false);
            };
            if !self.first {
                out.push(b',');
            }
            self.first = false;
            self.writer.write(&row, out);
            if std::mem::take(&mut self.repeat_last) {
                out.push(b',');
                self.writer.write(&row, out);
            }
        }
        Ok(true)
    }

    fn chunk(&mut self) -> (Result<Bytes, io::Error>, bool) {
        let mut out = Vec::with_capacity(CHUNK + CHUNK / 8);
        match self.fill(&mut out, CHUNK) {
            Ok(more) => (Ok(Bytes::from(out)), more),
            Err(error) => (Err(io::Error::other(error.message)), false),
        }
    }
}
